import type { AnalogSensor } from "./virtualAds1115";

// Alphasense AAN 803-05, table 3, algorithm 1: factors at -30 to 50 Cel in steps of 10.
const NO2_FACTORS = [1.3, 1.3, 1.3, 1.3, 1, 0.6, 0.4, 0.2, -1.5];
const OX_FACTORS = [0.9, 0.9, 1, 1.3, 1.5, 1.7, 2, 2.5, 3.7];

const NO2_UGM3_PER_PPB = 46.006 / 24.055;
const O3_UGM3_PER_PPB = 47.998 / 24.055;

/** The numbers on the labels of the simulated cells, in mV and mV/ppb. */
export const SIMULATED_CELLS = {
  no2: { workingZeroMv: 225, auxiliaryZeroMv: 238, mvPerPpb: 0.27 },
  ox: { workingZeroMv: 231, auxiliaryZeroMv: 229, mvPerPpb: 0.34, no2MvPerPpb: 0.3 },
} as const;

function factorAt(factors: readonly number[], cel: number): number {
  const position = Math.max(0, Math.min(8, (cel + 30) / 10));
  const index = Math.min(7, Math.floor(position));
  const from = factors[index] ?? 0;
  return from + (position - index) * ((factors[index + 1] ?? 0) - from);
}

/** What an auxiliary electrode gives above its electronic zero: more when it is warm. */
function auxiliaryMv(cel: number): number {
  return 4 + 6 * Math.exp((cel - 20) / 15);
}

/**
 * An NO2-B43F and an OX-B431 on their boards, as they are wired to AIN0 to AIN3: working
 * and auxiliary electrode of each. They behave as the application note assumes, so its
 * correction finds the gas again.
 */
export const ALPHASENSE_CELLS: readonly AnalogSensor[] = [
  {
    metrics: ["no2", "temperature"],
    volts: (sense) => {
      const cell = SIMULATED_CELLS.no2;
      const cel = sense("temperature");
      const gasMv = (sense("no2") / NO2_UGM3_PER_PPB) * cell.mvPerPpb;
      return (cell.workingZeroMv + factorAt(NO2_FACTORS, cel) * auxiliaryMv(cel) + gasMv) / 1000;
    },
  },
  {
    metrics: ["temperature"],
    volts: (sense) =>
      (SIMULATED_CELLS.no2.auxiliaryZeroMv + auxiliaryMv(sense("temperature"))) / 1000,
  },
  {
    metrics: ["o3", "no2", "temperature"],
    volts: (sense) => {
      const cell = SIMULATED_CELLS.ox;
      const cel = sense("temperature");
      const gasMv =
        (sense("o3") / O3_UGM3_PER_PPB) * cell.mvPerPpb +
        (sense("no2") / NO2_UGM3_PER_PPB) * cell.no2MvPerPpb;
      return (cell.workingZeroMv + factorAt(OX_FACTORS, cel) * auxiliaryMv(cel) + gasMv) / 1000;
    },
  },
  {
    metrics: ["temperature"],
    volts: (sense) =>
      (SIMULATED_CELLS.ox.auxiliaryZeroMv + auxiliaryMv(sense("temperature"))) / 1000,
  },
];
