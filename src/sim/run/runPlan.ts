import type { RecordedRow } from "../../recording";
import type { SocketAddress } from "../network/network";
import type { Cue } from "../scenario/cues";

/**
 * All that a run of simulated nodes depends on, as plain data: it is handed to worker
 * threads as it is. Two runs of one plan are the same in virtual time.
 */
export interface RunPlan {
  readonly city: string;
  readonly nodes: readonly string[];
  readonly seed: number;
  /** UTC at the start of the run, in milliseconds since 1970. */
  readonly startUtcMs: number;
  /** Virtual milliseconds to run; Infinity until it is stopped. */
  readonly durationMs: number;
  /** Virtual seconds per real second, or Infinity for as fast as it goes. */
  readonly speed: number;
  /** A real broker, over TCP and in real time; without it each shard has one in virtual time. */
  readonly broker?: SocketAddress;
  /** Certificates in PEM of the authority that vouches for a real broker with TLS. */
  readonly ca?: string;
  /** The nodes' password at a real broker; with the one inside the run nobody asks for it. */
  readonly password?: string;
  /** A part of the configuration document, in the flash of every node. */
  readonly configuration: object;
  readonly bytecode: Uint8Array;
  /** Metrics that were recorded, in place of the calculated ones. */
  readonly replays: readonly { readonly metric: string; readonly rows: readonly RecordedRow[] }[];
  /** The scenario by its name, and what it says of itself. */
  readonly scenario?: { readonly name: string; readonly description: string };
  /** What happens, in the order of time. */
  readonly cues: readonly Cue[];
  /** So much warmer than usual. */
  readonly warmerCel: number;
  /** Whether a verdict is wanted: the nodes then print every reading that they report. */
  readonly judged: boolean;
  /** A reading that arrives later than this after it was taken is late, in milliseconds. */
  readonly lateAfterMs: number;
  /** Whether the lines of the nodes' logs are wanted. */
  readonly log: boolean;
}
