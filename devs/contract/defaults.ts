import type { AlarmDescription, ChainDescription, ReportDescription } from "./chain";

/** An hour, the mean over which most limits of gases and of the alert thresholds are set. */
const HOUR_S = 3600;
/**
 * Longest time between two reports. A swinging door says nothing while its line holds, so
 * what changes steadily is known this late at the latest.
 */
const DOOR_HEARTBEAT_S = 300;
/** The same for a deadband, which tells each change at once: this only says "still so". */
const BAND_HEARTBEAT_S = 900;

/**
 * The sampling period and the filter chain that a metric has without a configuration.
 * `undefined` for a name that is no metric.
 *
 * How they were chosen:
 * - The range is what the sensor's data sheet specifies: a value beyond it is none.
 * - The bound of the report is about half the sensor's accuracy or less: added to it in
 *   quadrature, it makes the city's curve 12 % worse than the sensor at most. Where it is
 *   more, the case says why.
 * - Swinging door where it sends at most 0.75 of a deadband's reports at the same error
 *   (particles, NO2, the sound level); deadband where there is little between them
 *   (temperature, humidity, O3) or the signal is steps (lamp), since it tells a change at
 *   once. `npm run bench` has the figures.
 * - No smoothing and no spike filter: the SEN55 gives means of a second that its makers
 *   filtered, the noise meter weights in time by standard (F), and a plume of exhaust is
 *   no wrong sample. A chip that gives single wrong values needs `spike` in its
 *   configuration.
 * - Alarms only where there is a threshold of law or health. Those are means of an hour or
 *   a day, and the node has single values: it raises when the value has been above for an
 *   hour on end, which no mean of that hour can miss, and clears as slowly. A daily mean is
 *   the city's to reckon from the reports.
 */
export function defaultChannel(metric: string): ChannelDefault | undefined {
  switch (metric) {
    // SEN55: 0 to 1,000 ug/m3; 5 ug/m3 and 5 % for the fine ones, 25 ug/m3 for the coarse.
    // Beyond 1,000 the chip gives numbers, to no stated accuracy: here they are refused and
    // counted. For its driver they are no fault up to 5,000, for a fault would start it
    // anew, and lose its other values, in each dust storm.
    // Nobody limits PM1 and PM4, and they follow the other two: a wide band.
    case "pm1":
      return channel(10, 0, 1000, band(5));
    case "pm4":
      return channel(10, 0, 1000, band(10));
    case "pm25":
      return channel(10, 0, 1000, door(2), [
        // Daily limit 25 (EU 2024/2881, annex I), cleared at the guideline 15 (WHO 2021).
        hourly(25, 15, "warning"),
        // Daily mean from which the public is alerted (EU 2024/2881, annex IV).
        hourly(50, 40, "critical"),
      ]);
    case "pm10":
      return channel(10, 0, 1000, door(5), [
        // Daily limit and guideline 45 (EU 2024/2881, WHO 2021); Morocco's is 50 (decree
        // 2-09-286), so this warns before.
        hourly(45, 35, "warning"),
        // As for PM2.5. A dust storm raises it within its first hour.
        hourly(90, 70, "critical"),
      ]);
    // SEN55: 0.45 Cel, 4.5 %; -10 to 50 Cel specified, -40 to 70 for the board to say that
    // it is beyond.
    case "temperature":
      return channel(10, -40, 70, band(0.2));
    case "humidity":
      return channel(10, 0, 100, band(2));
    // 15 points from one device to the next; an index is no quantity to rebuild as a line.
    case "vocIndex":
    case "noxIndex":
      return channel(10, 1, 500, band(10));
    // DFRobot SEN0232: 30 to 130 dB, 1.5 dB. A vehicle lifts it by 20 dB in seconds: 3 dB
    // draw its curve. It raises no alarm: limits are for levels over hours. Off, since the
    // figures of a window tell more and cost less.
    case "LAF":
      return { periodS: 1, chain: channel(1, 30, 130, door(3)).chain, off: true };
    // The figures of a window, one each; 1 dB is what one just hears. 65, 60 and 55 dB by
    // day, in the evening and at night (parts of the day: 2002/49/EC, annex I); Morocco has
    // set none. No part may pass the day's, so that one holds without a clock.
    case "LAeq":
      return channel(60, 20, 140, band(1), [
        hourly(65, 62, "warning"),
        hourly(60, 57, "warning", ["evening"]),
        hourly(55, 52, "warning", ["night"]),
      ]);
    // Single sounds make these two: they differ from minute to minute.
    case "LAFmax":
    case "LAFmin":
      return channel(60, 20, 140, band(3));
    case "L10":
    case "L50":
    case "L90":
      return channel(60, 20, 140, band(2));
    case "noiseCoverage":
      return channel(60, 0, 100, band(5));
    // VEML7700: 10 %, so the band is a share, down to 2 lx: dusk, when lamps are switched
    // at 15 to 70 lx, is as well resolved as noon. A bound in lx that does the same costs
    // three times the reports.
    case "illuminance":
      return channel(10, 0, 140000, {
        deadband: 2,
        deadbandPct: 10,
        heartbeatS: BAND_HEARTBEAT_S,
      });
    // INA226, 0.1 %: far better than needed. These stand still for hours, and step when the
    // lamp is switched or fails: 2 % of a lamp of 60 W.
    case "lampVoltage":
      return channel(10, 0, 40, band(0.5));
    case "lampCurrent":
      return channel(10, -10000, 10000, band(50));
    case "lampPower":
      return channel(10, 0, 400, band(2));
    case "lampOn":
      return channel(60, 0, 1, band(0.5));
    case "lampEnergy":
      return channel(60, 0, 1e9, band(20));
    // SCD41: 50 ppm and 2.5 %.
    case "co2":
      return channel(10, 0, 40000, band(20));
    // Alphasense B43F: noise of 15 ppb, 28 ug/m3.
    case "no2":
      return channel(10, 0, 2000, door(10), [
        // Hourly: limit and alert 200 (EU 2024/2881, WHO, Morocco), information 150.
        hourly(150, 120, "warning"),
        hourly(200, 150, "critical"),
      ]);
    case "o3":
      return channel(10, 0, 2000, band(10), [
        // Hourly: information 180, alert 240 (EU 2024/2881, annex IV).
        hourly(180, 150, "warning"),
        hourly(240, 200, "critical"),
      ]);
    // BME280: 1 hPa.
    case "pressure":
      return channel(10, 300, 1250, band(0.4));
    // Made of running means, so its alarm needs no delay: poor (4) or worse, until fair (2).
    case "eaqi":
      return channel(HOUR_S, 1, 6, band(0.5), [{ above: 3, clear: 2.5 }]);
    case "aqi":
      return channel(HOUR_S, 0, 500, band(0.5));
  }
  return undefined;
}

/** What a channel is without a configuration. */
export interface ChannelDefault {
  periodS: number;
  chain: ChainDescription;
  /** Whether the metric is not sampled unless a configuration wants it. */
  off?: boolean;
}

function channel(
  periodS: number,
  min: number,
  max: number,
  report: ReportDescription,
  alarms?: AlarmDescription[],
): ChannelDefault {
  const chain: ChainDescription = { range: { min: min, max: max }, report: report };
  if (alarms) chain.alarms = alarms;
  return { periodS: periodS, chain: chain };
}

function band(deadband: number): ReportDescription {
  return { deadband: deadband, heartbeatS: BAND_HEARTBEAT_S };
}

function door(bound: number): ReportDescription {
  return { swingingDoor: bound, heartbeatS: DOOR_HEARTBEAT_S };
}

/** An alarm on a limit that is a mean of an hour or a day. */
function hourly(
  above: number,
  clear: number,
  severity: string,
  during?: string[],
): AlarmDescription {
  const alarm: AlarmDescription = {
    above: above,
    clear: clear,
    raiseDelayS: HOUR_S,
    clearDelayS: HOUR_S,
    severity: severity,
  };
  if (during) alarm.during = during;
  return alarm;
}
