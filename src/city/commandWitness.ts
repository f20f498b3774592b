import { DOWN_COMMAND, TOPIC_ROOT } from "../../devs/contract/topics";
import { visibleText } from "../visibleText";
import type { AuditLine } from "../web/api";
import { parseJson } from "./fields";

/** Longest command that is looked at, in bytes; nodes take no longer ones. */
const COMMAND_MAX_BYTES = 1024;
/** Characters of a command's name that are written down; those of the contract are shorter. */
const COMMAND_SHOWN_MAX = 40;

export interface CommandWitnessOptions {
  readonly city: string;
  /** Whether somebody of that name may sign in at the broker. */
  readonly isPerson: (name: string) => boolean;
  /** UTC in milliseconds. */
  readonly now: () => number;
}

/**
 * Sees the commands that people send over the broker and not over the pages: they belong into
 * the audit log, too. MQTT does not tell who published something. `streetnode command` begins
 * its id with the sender's name; what is written down is what the sender says of itself.
 */
export class CommandWitness {
  readonly #options: CommandWitnessOptions;
  readonly #own = new Set<string>();

  constructor(options: CommandWitnessOptions) {
    this.#options = options;
  }

  /** Whether a topic is that of a command. */
  isCommand(topic: string): boolean {
    return topic.startsWith(`${TOPIC_ROOT}/${this.#options.city}/`) && topic.endsWith(DOWN_COMMAND);
  }

  /** A command of the server's own, which has a line already. @returns call it when it is over */
  expect(id: string): () => void {
    this.#own.add(id);
    return () => this.#own.delete(id);
  }

  /** The line for a command that came; undefined for one of the server's own. */
  line(topic: string, payload: Uint8Array): AuditLine | undefined {
    const { id, command } = partsOf(payload);
    if (this.#own.has(id)) return undefined;
    const [sender = "", rest] = id.split(":", 2);
    const known = rest !== undefined && this.#options.isPerson(sender);
    return {
      atMs: this.#options.now(),
      who: known ? sender : "-",
      what: "command",
      name: topic.split("/")[3] ?? null,
      detail: `${command}, over the broker${known ? "" : ", nobody says who"}`,
    };
  }
}

function partsOf(payload: Uint8Array): { id: string; command: string } {
  let message: unknown;
  try {
    message = parseJson(payload, COMMAND_MAX_BYTES);
  } catch {
    // A node refuses it as well; that somebody tried is worth a line.
  }
  const { id, command } = (message ?? {}) as { id?: unknown; command?: unknown };
  return {
    id: typeof id === "string" ? id : "",
    command:
      typeof command === "string"
        ? visibleText(command.slice(0, COMMAND_SHOWN_MAX))
        : "not readable",
  };
}
