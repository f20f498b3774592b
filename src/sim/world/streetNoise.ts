import { hashed, wander } from "./smoothNoise";

/** At most one vehicle passes in a slot. */
const SLOT_MS = 3000;
/** Slots to either side whose vehicles are still heard. */
const HEARD_SLOTS = 4;
/** Share of slots with a vehicle in rush-hour traffic. */
const FULLEST_STREET = 0.75;
/** Level of the town without the street: at night, and what a busy day adds. */
const QUIET_DB = 43;
const BUSY_DB = 9;
/** Distance from the lane to the microphone on the pole. */
const LANE_M = 7;

/** A kind of vehicle: its share of all, level at its nearest point, and speed. */
const VEHICLES = [
  { upTo: 0.72, peakDb: 64, spreadDb: 3, speedMs: 12 },
  { upTo: 0.92, peakDb: 67, spreadDb: 4, speedMs: 11 },
  { upTo: 1, peakDb: 71, spreadDb: 3, speedMs: 9 },
] as const;

function energy(levelDb: number): number {
  return 10 ** (levelDb / 10);
}

/** Sound energy of the vehicle of that slot, if there is one; a point source that drives past. */
function vehicleEnergy(key: number, slot: number, traffic: number, timeMs: number): number {
  if (hashed(key, 5 * slot) >= traffic * FULLEST_STREET) return 0;
  const passMs = (slot + hashed(key, 5 * slot + 1)) * SLOT_MS;
  const kind = hashed(key, 5 * slot + 2);
  const vehicle = VEHICLES.find((v) => kind < v.upTo) ?? VEHICLES[0];
  const peakDb = vehicle.peakDb + vehicle.spreadDb * (2 * hashed(key, 5 * slot + 3) - 1);
  const distances = ((timeMs - passMs) / 1000) * (vehicle.speedMs / LANE_M);
  return energy(peakDb) / (1 + distances * distances);
}

/**
 * A-weighted level in dB, time weighting F, of a street with that traffic (0..1): the
 * town's murmur, and vehicles that pass, each heard for some seconds; on top of it the
 * flutter of a level taken over 125 ms. `otherEnergy`: what is heard beside traffic.
 */
export function streetLevelDb(
  key: number,
  timeMs: number,
  traffic: number,
  otherEnergy: number,
): number {
  const slot = Math.floor(timeMs / SLOT_MS);
  let sum =
    otherEnergy +
    energy(QUIET_DB + BUSY_DB * Math.min(1, traffic) + 1.5 * wander(key, timeMs, 20_000));
  for (let i = slot - HEARD_SLOTS; i <= slot + HEARD_SLOTS; i++)
    sum += vehicleEnergy(key, i, traffic, timeMs);
  const flutterDb = wander(key + 1, timeMs, 160) + 0.8 * wander(key + 2, timeMs, 700);
  return 10 * Math.log10(sum) + flutterDb;
}
