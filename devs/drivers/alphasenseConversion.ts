/**
 * Electrode voltages of Alphasense four-electrode cells on their Individual Sensor
 * Boards to gas concentrations: Alphasense application note AAN 803-05, algorithm 1.
 */

import type { AlphasenseCell } from "../contract/config";

/**
 * Temperature factors at -30 to 50 Cel in steps of 10 (AAN 803-05, table 3, algorithm 1), in
 * tenths and two more, so that each fits into a byte.
 */
export const NO2_B43F_FACTORS = Buffer.from([33, 33, 33, 33, 30, 26, 24, 22, 5]);
export const OX_B431_FACTORS = Buffer.from([29, 29, 30, 33, 35, 37, 40, 45, 57]);

const FIRST_CEL = -30;
const STEP_CEL = 10;

/** The factor at a temperature, on a straight line between the table's; its ends hold beyond. */
export function temperatureFactor(factors: Buffer, cel: number): number {
  const position = (cel - FIRST_CEL) / STEP_CEL;
  const last = factors.length - 1;
  if (position <= 0) return factorAt(factors, 0);
  if (position >= last) return factorAt(factors, last);
  const index = Math.floor(position);
  const factor = factorAt(factors, index);
  return factor + (position - index) * (factorAt(factors, index + 1) - factor);
}

function factorAt(factors: Buffer, index: number): number {
  return ((factors[index] as number) - 20) / 10;
}

/**
 * What the gas adds to the working electrode's voltage, in mV: both electrodes without
 * their electronic zeros, and the auxiliary one, which no gas reaches, taken off with
 * the temperature's factor (algorithm 1).
 */
export function correctedMv(
  cell: AlphasenseCell,
  workingMv: number,
  auxiliaryMv: number,
  factor: number,
): number {
  return workingMv - cell.workingZeroMv - factor * (auxiliaryMv - cell.auxiliaryZeroMv);
}

/** NO2 in ppb from the corrected voltage of an NO2 cell. */
export function no2Ppb(cell: AlphasenseCell, mv: number): number {
  return mv / cell.mvPerPpb;
}

/** O3 in ppb from the corrected voltage of an OX cell, which senses NO2 as well. */
export function o3Ppb(cell: AlphasenseCell, mv: number, no2: number): number {
  return (mv - no2 * (cell.no2MvPerPpb ?? 0)) / cell.mvPerPpb;
}

/**
 * Litres of a mole at 293 K and 101.3 kPa, to which the concentrations of gases are to
 * be converted (Directive 2008/50/EC, annex VI, C).
 */
const LITRES_PER_MOLE = 24.055;
const NO2_GRAMS_PER_MOLE = 46.006;
const O3_GRAMS_PER_MOLE = 47.998;

/** Mass concentration of NO2: 1 ppb is 1.913 ug/m3. */
export function no2Ugm3(ppb: number): number {
  return (ppb * NO2_GRAMS_PER_MOLE) / LITRES_PER_MOLE;
}

/** Mass concentration of O3: 1 ppb is 1.995 ug/m3. */
export function o3Ugm3(ppb: number): number {
  return (ppb * O3_GRAMS_PER_MOLE) / LITRES_PER_MOLE;
}
