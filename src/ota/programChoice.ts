import { BACKOFF_LONGEST_MS } from "../../devs/mqtt/backoff";
import type { BrokerPresence } from "./brokerPresence";
import type { OtaClock } from "./clock";
import type { Contact } from "./gateway";
import type { KnownImages } from "./knownImages";
import type { NodePrograms } from "./nodePrograms";
import type { NodeProgram } from "./otaStore";
import type { SeenNodes } from "./seenNodes";
import { NO_PROGRAM, type Program } from "./transfer";
import type { Troubles } from "./troubles";
import type { UnsavedChanges } from "./unsavedChanges";

/** What the choice of a program hangs on, and where it is written down. */
export interface ProgramChoiceOptions {
  readonly clock: OtaClock;
  readonly broker: BrokerPresence;
  readonly nodes: SeenNodes;
  readonly images: KnownImages;
  readonly programs: NodePrograms;
  readonly changes: UnsavedChanges;
  readonly troubles: Troubles;
}

/** Starts of a program under the gateway's eyes, without ever taking the socket, that make a crash loop. */
const CRASH_STARTS = 3;

/**
 * Which program a node gets that is at the gateway: the meant one when that costs no readings, and
 * a good one when its own crashes at every start.
 */
export class ProgramChoice {
  readonly #options: ProgramChoiceOptions;
  /** Nodes that were at the gateway, and got nothing for the sake of their readings. */
  readonly #withheld = new Set<string>();

  constructor(options: ProgramChoiceOptions) {
    this.#options = options;
  }

  /** The program that a node shall get now; nothing when it is to be left alone. */
  programFor(contact: Contact): Program | undefined {
    const { nodes, images, programs } = this.#options;
    const { node, hash, starts } = contact;
    const program = programs.of(node);
    const { good, forced } = program;
    const meant = meantOf(program);
    const crashing = starts >= CRASH_STARTS;
    if (crashing && good === undefined) this.#cannotBeRescued(contact);
    if (meant === undefined) return undefined;
    if (hash === meant) return crashing && good !== hash ? images.get(good ?? "") : undefined;
    let free = hash === NO_PROGRAM || crashing;
    if (!free && (forced || nodes.isUpdating(node))) {
      free = !this.#mayHoldReadings(contact);
      if (!free) this.#withheld.add(node);
    }
    return free ? images.get(crashing && hash !== good ? (good ?? meant) : meant) : undefined;
  }

  /** Whether a node was here and got nothing for the sake of its readings, since this was last asked. */
  takeWithheld(node: string): boolean {
    return this.#withheld.delete(node);
  }

  /**
   * A transfer has begun; tells whether it rescues the node: a program other than the meant one
   * goes out only for that.
   */
  transferStarted(node: string, hash: string): boolean {
    const { programs, changes } = this.#options;
    const program = programs.of(node);
    const meant = meantOf(program);
    if (meant === hash) return false;
    programs.set(node, { ...program, wanted: hash, forced: false });
    changes.note("node-rescued", node, `its program ${meant} crashes at every start: gets ${hash}`);
    return true;
  }

  #cannotBeRescued({ node, panic }: Contact): void {
    this.#options.troubles.write(
      "node-crashes",
      node,
      `${panic || "restarts again and again"}: it was well with no known program, and must be flashed`,
    );
  }

  /**
   * Whether a node may be here only because it has no broker: what it measured last is in its
   * RAM then, and a new program would be the end of that. Between two attempts to connect it
   * stays for two minutes at most.
   */
  #mayHoldReadings({ sinceMs }: Contact): boolean {
    const { clock, broker } = this.#options;
    if (clock.nowMs() - sinceMs > BACKOFF_LONGEST_MS) return false;
    return broker.thereForMs(sinceMs) < BACKOFF_LONGEST_MS;
  }
}

/** The program that a node is meant to run, as far as anything is decided. */
function meantOf({ wanted, good }: NodeProgram): string | undefined {
  return wanted ?? good;
}
