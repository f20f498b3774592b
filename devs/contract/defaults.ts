import type { ChainDescription } from "./chain";

/**
 * The sampling period and the filter chain that a metric has without a configuration.
 * `undefined` for a name that is no metric.
 */
export function defaultChannel(metric: string): ChannelDefault | undefined {
  switch (metric) {
    // Sensirion SEN5x, SPS30: range 0 to 1,000 ug/m3.
    case "pm1":
    case "pm25":
    case "pm4":
    case "pm10":
      return channel(10, 0, 1000, 2, 900);
    case "temperature":
      return channel(10, -40, 70, 0.3, 900);
    case "humidity":
      return channel(10, 0, 100, 2, 900);
    case "vocIndex":
    case "noxIndex":
      return channel(10, 1, 500, 10, 900);
    case "LAF":
      return channel(1, 30, 130, 3, 300);
    case "illuminance":
      return channel(10, 0, 140000, 50, 900);
    case "lampVoltage":
      return channel(10, 0, 40, 0.5, 900);
    case "lampCurrent":
      return channel(10, -10000, 10000, 50, 900);
    case "lampPower":
      return channel(10, 0, 400, 2, 900);
    case "co2":
      return channel(10, 0, 40000, 50, 900);
    case "no2":
    case "o3":
      return channel(10, 0, 2000, 10, 900);
    case "pressure":
      return channel(10, 300, 1250, 0.5, 900);
  }
  return undefined;
}

/** What a channel is without a configuration. */
export interface ChannelDefault {
  periodS: number;
  chain: ChainDescription;
}

function channel(
  periodS: number,
  min: number,
  max: number,
  deadband: number,
  heartbeatS: number,
): ChannelDefault {
  return {
    periodS: periodS,
    chain: {
      range: { min: min, max: max },
      report: { deadband: deadband, heartbeatS: heartbeatS },
    },
  };
}
