import type { EventMessage, StateMessage } from "../../../devs/contract/messages";
import type { Cue } from "../scenario/cues";

/** A fault of the script, and when the city learned of it. */
export interface FaultReport {
  readonly node: string;
  readonly fault: string;
  readonly atS: number;
  /** Until the city knew; undefined when it never did. */
  readonly noticedAfterS?: number;
  /** From its end until the city knew that it was over. */
  readonly clearedAfterS?: number;
}

/** The longest time in which a fault must be noticed to be set against the script. */
const NOTICE_MS = 3_600_000;
/** A fault so shortly before the end of a run need not be noticed. */
const GRACE_MS = 300_000;
/** A will goes out after one and a half keep-alives of 60 s (MQTT 3.1.1 clause 3.1.2.10). */
const SHORTEST_OUTAGE_MS = 95_000;

interface Expected {
  readonly fault: string;
  readonly atMs: number;
  readonly untilMs: number;
  readonly raises: (event: EventMessage) => boolean;
  readonly clears: (event: EventMessage) => boolean;
  noticedMs?: number;
  clearedMs?: number;
}

/** Sets the faults of a script against what the city heard of one node. */
export class FaultWatch {
  /** Faults that the node told of and that the script does not know. */
  falseFaults = 0;
  readonly #node: string;
  readonly #expected: Expected[];

  constructor(cues: readonly Cue[], node: string, endMs: number) {
    this.#node = node;
    this.#expected = cues
      .filter((cue) => cue.node === node && cue.atMs < endMs)
      .flatMap((cue) => expectedOf(cue, endMs));
  }

  /** The city learned of an event. */
  event(event: EventMessage, nowMs: number): void {
    const raised = this.#expected.find(
      (fault) => fault.raises(event) && nowMs >= fault.atMs && nowMs <= fault.untilMs + NOTICE_MS,
    );
    if (raised) raised.noticedMs ??= nowMs;
    else if (event.event === "sensor-fault") this.falseFaults++;
    for (const fault of this.#expected)
      if (fault.clears(event) && nowMs >= fault.untilMs) fault.clearedMs ??= nowMs;
  }

  /** The city learned that the node is there or gone. */
  state({ state }: StateMessage, nowMs: number): void {
    this.event({ event: `state-${state}`, boot: 0, seq: 0 }, nowMs);
  }

  /** The faults that the city ought to have noticed in a run that ended then. */
  reports(endedMs: number): FaultReport[] {
    const due = this.#expected.filter(
      ({ atMs, noticedMs }) => noticedMs !== undefined || atMs + GRACE_MS < endedMs,
    );
    return due.map(({ fault, atMs, untilMs, noticedMs, clearedMs }) => ({
      node: this.#node,
      fault,
      atS: seconds(atMs),
      ...(noticedMs === undefined ? {} : { noticedAfterS: seconds(noticedMs - atMs) }),
      ...(clearedMs === undefined ? {} : { clearedAfterS: seconds(clearedMs - untilMs) }),
    }));
  }
}

function expectedOf({ action, atMs, untilMs }: Cue, endMs: number): Expected[] {
  const span = { atMs, untilMs: Math.min(untilMs, endMs) };
  const is = (name: string) => (event: EventMessage) => event.event === name;
  switch (action.do) {
    case "chip-fault": {
      const { noAnswer, badCrc, frozen } = action.fault;
      const what = noAnswer ? "no answer" : badCrc ? "bad check sums" : frozen ? "frozen" : "";
      const ofChip = (name: string) => (event: EventMessage) =>
        event.event === name && event.chip === action.chip;
      // A sensor that drifts or is noisy looks well to its node.
      if (what === "") return [];
      return [
        {
          ...span,
          fault: `${action.chip}: ${what}`,
          raises: ofChip("sensor-fault"),
          clears: ofChip("sensor-ok"),
        },
      ];
    }
    case "power-cut":
      if (untilMs - atMs < SHORTEST_OUTAGE_MS) return [];
      return [
        { ...span, fault: "no power", raises: is("state-offline"), clears: is("state-online") },
      ];
    case "lamp-out":
      return [
        {
          ...span,
          fault: "lamp out",
          raises: (event) => event.event.startsWith("lamp") && !event.event.endsWith("ok"),
          clears: (event) => event.event === "lamp-ok",
        },
      ];
    default:
      return [];
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
