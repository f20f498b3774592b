/**
 * Random numbers of a node's own. A board seeds `Math.random` from its hardware, but not
 * every runtime does (DeviceScript's VM for computers gives each node the same numbers),
 * and nodes that draw the same would come back to their broker together, attempt by
 * attempt. A linear congruential generator, 75 x + 74 modulo 65537, begun from the node's
 * name, keeps them apart.
 */

const MODULUS = 65537;

/** Where the numbers of that node begin. */
export function jitterSeed(name: string): number {
  let seed = 1;
  for (let i = 0; i < name.length; i++) seed = (seed * 257 + name.charCodeAt(i)) % MODULUS;
  return nextJitter(nextJitter(seed));
}

/** The number after `state`, 0 to 65536. */
export function nextJitter(state: number): number {
  return (state * 75 + 74) % MODULUS;
}

/** A number of the node's own and one of the runtime's as one, uniform from 0 to below 1. */
export function mixJitter(state: number, random: number): number {
  const sum = state / MODULUS + random;
  return sum - Math.floor(sum);
}
