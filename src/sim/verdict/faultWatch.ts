import type { EventMessage, StateMessage } from "../../../devs/contract/messages";
import type { Cue } from "../scenario/cues";
import type { Surroundings } from "../world/surroundings";

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

/** A chip is read every ten seconds or so and must fail three times. */
const SHORTEST_FAULT_MS = 120_000;
/** When values that stand still are a fault, by chip; the others may rightly stand still. */
const FROZEN_MS: Readonly<Record<string, number>> = { sen0232: 120_000, sen55: 600_000 };
/** Dark for so long, and a lamp that does not burn is at fault. */
const DARK_MS = 360_000;
const LOOK_MS = 30_000;

/** What a watch knows beside the script. */
export interface FaultSurroundings {
  /** When the run ends. */
  readonly endMs: number;
  readonly world: Surroundings;
  /** The configuration's section: when the node takes it to be dark, and whether it looks. */
  readonly lamp: { readonly on: boolean; readonly darkLx: number };
}

interface Expected {
  /** Undefined: it may be told, and need not be. */
  readonly fault?: string;
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

  constructor(cues: readonly Cue[], node: string, surroundings: FaultSurroundings) {
    this.#node = node;
    const own = cues.filter((cue) => cue.node === undefined || cue.node === node);
    this.#expected = own
      .filter((cue) => cue.node === node && cue.atMs < surroundings.endMs)
      .flatMap((cue) => expectedOf(cue, own, surroundings));
  }

  /** The city learned of an event. */
  event(event: EventMessage, nowMs: number): void {
    const raised = this.#expected.filter(
      (fault) => fault.raises(event) && nowMs >= fault.atMs && nowMs <= fault.untilMs + NOTICE_MS,
    );
    // Where one fault follows the other, the event is news of the later one.
    const newest = raised.at(-1);
    if (newest) newest.noticedMs ??= nowMs;
    else if (event.event === "sensor-fault" || event.event === "lamp-fault") this.falseFaults++;
    for (const fault of this.#expected)
      if (fault.clears(event) && nowMs >= fault.untilMs) fault.clearedMs ??= nowMs;
  }

  /** The city learned that the node is there or gone. */
  state({ state }: StateMessage, nowMs: number): void {
    this.event({ event: `state-${state}`, boot: 0, seq: 0 }, nowMs);
  }

  /** The faults that the city ought to have noticed in a run that ended then. */
  reports(endedMs: number): FaultReport[] {
    const due = this.#expected.flatMap((expected) => {
      const { fault, atMs, noticedMs } = expected;
      if (fault === undefined) return [];
      return noticedMs !== undefined || atMs + GRACE_MS < endedMs ? [{ ...expected, fault }] : [];
    });
    return due.map(({ fault, atMs, untilMs, noticedMs, clearedMs }) => ({
      node: this.#node,
      fault,
      atS: seconds(atMs),
      ...(noticedMs === undefined ? {} : { noticedAfterS: seconds(noticedMs - atMs) }),
      ...(clearedMs === undefined ? {} : { clearedAfterS: seconds(clearedMs - untilMs) }),
    }));
  }
}

function expectedOf(
  { action, atMs, untilMs }: Cue,
  all: readonly Cue[],
  { endMs, world, lamp }: FaultSurroundings,
): Expected[] {
  const span = { atMs, untilMs: Math.min(untilMs, endMs) };
  const lastsMs = span.untilMs - atMs;
  switch (action.do) {
    case "chip-fault": {
      const { noAnswer, badCrc, frozen, busStuck } = action.fault;
      const { chip } = action;
      const frozenMs = frozen ? (FROZEN_MS[chip] ?? Infinity) : Infinity;
      const ofChip = (name: string, who: string) => (event: EventMessage) =>
        event.event === name && event.chip === who;
      const expected = (what: string, who = chip) => ({
        ...span,
        fault: `${who}: ${what}`,
        raises: ofChip("sensor-fault", who),
        clears: ofChip("sensor-ok", who),
      });
      // What is too short, or looks well to its node, may be told: that is no false fault.
      const { raises, clears } = expected("");
      const may = { ...span, raises, clears };
      if (lastsMs < SHORTEST_FAULT_MS) return [may];
      // The bus is told of instead of its chips, which may fail for it before and after.
      if (busStuck) return [{ ...may, raises: isSensorFault }, expected("stuck", "i2c")];
      if (noAnswer) return [expected("no answer")];
      if (badCrc) return [expected("bad check sums")];
      return lastsMs > frozenMs + SHORTEST_FAULT_MS ? [expected("frozen")] : [may];
    }
    case "power-cut": {
      const shadowed = all.some((cue) => silences(cue, atMs));
      if (lastsMs < SHORTEST_OUTAGE_MS || shadowed) return [];
      const is = (name: string) => (event: EventMessage) => event.event === name;
      return [
        { ...span, fault: "no power", raises: is("state-offline"), clears: is("state-online") },
      ];
    }
    case "lamp-out": {
      const ofLamp = (name: string) => (event: EventMessage) =>
        event.event === name && event.reason === "lamp-out";
      const raises = ofLamp("lamp-fault");
      const clears = ofLamp("lamp-ok");
      const fromMs = lamp.on ? firstDark(world, lamp.darkLx, atMs, span.untilMs) : undefined;
      if (fromMs === undefined) return [{ ...span, raises, clears }];
      return [{ ...span, atMs: fromMs, fault: "lamp out", raises, clears }];
    }
    default:
      return [];
  }
}

function isSensorFault({ event }: EventMessage): boolean {
  return event === "sensor-fault";
}

/** Whether the city cannot tell at that time that a node's power goes: it hears nothing of it anyway. */
function silences({ action, atMs, untilMs }: Cue, cutMs: number): boolean {
  switch (action.do) {
    case "broker-down":
    case "wifi-gone":
      return atMs <= cutMs + SHORTEST_OUTAGE_MS && untilMs + SHORTEST_FAULT_MS > cutMs;
    case "half-open":
    case "power-cut":
    case "brown-out":
      return atMs < cutMs && untilMs + SHORTEST_FAULT_MS > cutMs;
    default:
      return false;
  }
}

/** From when on it is dark for a while between two times; undefined where it never is. */
function firstDark(
  world: Surroundings,
  darkLx: number,
  fromMs: number,
  untilMs: number,
): number | undefined {
  let sinceMs: number | undefined;
  for (let timeMs = fromMs; timeMs <= untilMs; timeMs += LOOK_MS) {
    if ((world.value("illuminance", timeMs) ?? Infinity) >= darkLx) sinceMs = undefined;
    else if (timeMs - (sinceMs ??= timeMs) >= DARK_MS) return sinceMs;
  }
  return undefined;
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
