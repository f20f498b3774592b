/**
 * Random and mutated input for the packet decoder, for Node and for the VM: inside the
 * DeviceScript subset.
 */

import { PacketDecoder } from "../../devs/mqtt/decoder";

/** Streams that a server may send; inputs are mutations of these. */
const SEEDS: number[][] = [
  [0x20, 2, 0, 0],
  [0x20, 2, 1, 0, 0xd0, 0],
  [0x40, 2, 0x12, 0x34, 0x40, 2, 0, 9],
  [0x90, 3, 0, 1, 1],
  [0x90, 4, 0, 2, 0x80, 1, 0xd0, 0],
  [0xb0, 2, 0, 7, 0xd0, 0],
  [0x30, 9, 0, 3, 0x61, 0x2f, 0x62, 0x7b, 0x31, 0x32, 0x7d],
  [0x32, 0x89, 0, 0, 3, 0x61, 0x2f, 0x62, 0, 5, 0x31, 0x32],
  [0x3b, 8, 0, 2, 0xc3, 0xa9, 0xff, 0xff, 0x31, 0x32, 0xd0, 0],
];

/** What a run of the fuzzer saw. */
export interface FuzzResult {
  inputs: number;
  /** Packets that the decoder gave. */
  packets: number;
  /** Inputs that it refused. */
  problems: number;
}

/**
 * Feeds `count` inputs to one decoder, in pieces; an error that escapes is the
 * caller's to see. `pause` is awaited every few inputs. The same seed gives the same inputs.
 */
export async function decoderFuzz(
  count: number,
  seed: number,
  pause: () => Promise<void>,
): Promise<FuzzResult> {
  const result: FuzzResult = { inputs: 0, packets: 0, problems: 0 };
  const decoder = new PacketDecoder(64);
  let state = seed;
  // Marsaglia's xorshift: 32-bit integers only, so that both worlds count alike.
  const below = (limit: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state & 0x7fffffff) % limit;
  };
  while (result.inputs < count) {
    let input: Buffer;
    if (below(8) === 0) {
      input = Buffer.alloc(1 + below(12));
      for (let i = 0; i < input.length; i++) input[i] = below(256);
    } else {
      const base = SEEDS[below(SEEDS.length)];
      input = Buffer.alloc(below(6) === 0 ? 1 + below(base.length) : base.length);
      for (let i = 0; i < input.length; i++) input[i] = base[i];
      for (let i = below(3); i > 0; i--) input[below(input.length)] = below(256);
    }
    decoder.reset();
    const split = below(input.length + 1);
    decoder.feed(input.slice(0, split));
    while (decoder.next()) result.packets++;
    decoder.feed(input.slice(split, input.length));
    while (decoder.next()) result.packets++;
    if (decoder.problem !== "") result.problems++;
    result.inputs++;
    if (result.inputs % 32 === 0) await pause();
  }
  return result;
}
