import type { ConfigReportMessage, ReplyMessage } from "../../../devs/contract/messages";
import type { Cue } from "../scenario/cues";

/** A configuration that the city pushed or a command that it sent, and what came of it. */
export interface OrderReport {
  readonly node: string;
  /** `configuration` and its version, or the name of the command. */
  readonly order: string;
  readonly atS: number;
  /**
   * What the node said: `in-force`, `refused` or `rolled-back` of a configuration, `accepted`,
   * `done` or `refused` of a command; undefined when it said nothing.
   */
  readonly result?: string;
  /** Until the city knew. */
  readonly answeredAfterS?: number;
}

/** An order so shortly before the end of a run need not be answered. */
const GRACE_MS = 600_000;

interface Sent {
  readonly order: string;
  readonly atMs: number;
  readonly id?: string;
  readonly version?: number;
  result?: string;
  answeredMs?: number;
}

/** Follows what the script has the city tell one node. */
export class OrderWatch {
  readonly #node: string;
  readonly #sent: Sent[];
  /** When a broker forgot its sessions, and with them the commands that waited there. */
  readonly #forgotMs: number[];

  constructor(cues: readonly Cue[], node: string) {
    this.#node = node;
    this.#sent = cues.filter((cue) => cue.node === node).flatMap(sentBy);
    this.#forgotMs = cues.flatMap(({ action, untilMs }) =>
      action.do === "broker-down" && action.sessions === "lost" ? untilMs : [],
    );
  }

  /** The node reported its configuration. */
  configured({ version, wanted, status }: ConfigReportMessage, nowMs: number): void {
    const told = status === "in-force" ? version : wanted;
    for (const sent of this.#sent)
      if (sent.version !== undefined && sent.version === told) answer(sent, status, nowMs);
  }

  /** The node answered a command; it may do so twice, first that it has begun. */
  replied({ id, result }: Partial<ReplyMessage>, nowMs: number): void {
    for (const sent of this.#sent)
      if (sent.id !== undefined && sent.id === id) answer(sent, result ?? "", nowMs);
  }

  /** What became of the orders in a run that ended then. */
  reports(endedMs: number): OrderReport[] {
    const due = this.#sent.filter(
      ({ atMs, id, answeredMs }) =>
        answeredMs !== undefined ||
        (atMs + GRACE_MS < endedMs &&
          !(id !== undefined && this.#forgotMs.some((forgotMs) => forgotMs >= atMs))),
    );
    return due.map(({ order, atMs, result, answeredMs }) => ({
      node: this.#node,
      order,
      atS: atMs / 1000,
      ...(result === undefined ? {} : { result }),
      ...(answeredMs === undefined ? {} : { answeredAfterS: (answeredMs - atMs) / 1000 }),
    }));
  }
}

function sentBy({ action, atMs }: Cue): Sent[] {
  switch (action.do) {
    case "configure": {
      const { version } = action.document as { version: number };
      return [{ order: `configuration ${version}`, atMs, version }];
    }
    case "command": {
      const { id, command } = action.command as { id: string; command: string };
      return [{ order: command, atMs, id }];
    }
    default:
      return [];
  }
}

/** The last word counts, and the time of the first. */
function answer(sent: Sent, result: string, nowMs: number): void {
  sent.result = result;
  sent.answeredMs ??= nowMs;
}
