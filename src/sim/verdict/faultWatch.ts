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
/** A fault so shortly before the end of a run, or of an outage, need not be noticed. */
const GRACE_MS = 300_000;
/** A node knows the time of an event to the second. */
const TIME_STEP_MS = 2000;
/** Backing off from a dead chip takes up to five minutes after it is well. */
const RECOVERY_MS = 360_000;
/** With so many segments lost a connection hardly comes about. */
const LOSSY_PCT = 30;
/** The chips by which a node judges its lamp. */
const LAMP_CHIPS = ["ina226", "veml7700"];
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

interface Span {
  readonly atMs: number;
  readonly untilMs: number;
}

interface Expected extends Span {
  /** Undefined: it may be told, and need not be. */
  readonly fault?: string;
  /** When the city must know of it. */
  readonly dueMs?: number;
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
  /** What the city was told of sensors, lamp and node, in the order in which it came. */
  readonly #heard: {
    readonly event: EventMessage;
    readonly nowMs: number;
    readonly happenedMs: number;
  }[] = [];

  constructor(cues: readonly Cue[], node: string, surroundings: FaultSurroundings) {
    this.#node = node;
    const own = cues.filter((cue) => cue.node === undefined || cue.node === node);
    this.#expected = own
      .filter((cue) => cue.node === node && cue.atMs < surroundings.endMs)
      .flatMap((cue) => expectedOf(cue, own, surroundings));
  }

  /** The city learned of an event, which happened at that time as far as the node knew it. */
  event(event: EventMessage, nowMs: number, happenedMs = nowMs): void {
    this.#heard.push({ event, nowMs, happenedMs });
    const about = this.#expected.filter((fault) => fault.raises(event));
    // What was told late is news of what was then. Under a wrong beacon nothing was then.
    const raised = [happenedMs, nowMs]
      .map((ms) =>
        about.filter(({ atMs, untilMs }) => ms >= atMs - TIME_STEP_MS && ms <= untilMs + NOTICE_MS),
      )
      .find((some) => some.length > 0);
    if (!raised && (event.event === "sensor-fault" || event.event === "lamp-fault"))
      this.falseFaults++;
    const going = raised?.filter(({ untilMs }) => happenedMs <= untilMs) ?? [];
    // Where all are over, and one followed the other, it is news of the later one.
    for (const fault of going.length > 0 ? going : (raised?.slice(-1) ?? []))
      fault.noticedMs ??= nowMs;
    for (const fault of this.#expected)
      if (fault.clears(event) && happenedMs >= fault.untilMs) fault.clearedMs ??= nowMs;
  }

  /** The city learned that the node is there or gone. */
  state({ state }: StateMessage, nowMs: number): void {
    this.event({ event: `state-${state}`, boot: 0, seq: 0 }, nowMs);
  }

  /** The faults that the city ought to have noticed in a run that ended then. */
  reports(endedMs: number): FaultReport[] {
    return this.#expected.flatMap((expected) => {
      const { fault, atMs, untilMs, dueMs = Infinity, clearedMs } = expected;
      const noticedMs = expected.noticedMs ?? this.#knownBefore(expected);
      if (fault === undefined || (noticedMs === undefined && dueMs >= endedMs)) return [];
      return [
        {
          node: this.#node,
          fault,
          atS: seconds(atMs),
          ...(noticedMs === undefined ? {} : { noticedAfterS: seconds(noticedMs - atMs) }),
          ...(clearedMs === undefined ? {} : { clearedAfterS: seconds(clearedMs - untilMs) }),
        },
      ];
    });
  }

  /**
   * When the city knew of a fault that began while its chip was not well from an earlier one:
   * the node has nothing new to tell then.
   */
  #knownBefore({ raises, clears, atMs }: Expected): number | undefined {
    const last = this.#heard
      .filter(({ event, happenedMs }) => happenedMs <= atMs && (raises(event) || clears(event)))
      .at(-1);
    return last && raises(last.event) ? Math.max(last.nowMs, atMs) : undefined;
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
      const ofChip = (name: string, who: string) => (event: EventMessage) =>
        event.event === name && event.chip === who;
      // What is too short, or looks well to its node, may be told: that is no false fault.
      const may = {
        ...span,
        raises: ofChip("sensor-fault", chip),
        clears: ofChip("sensor-ok", chip),
      };
      const expected = (what: string, who: string, gaps: readonly Span[], lookMs: number) => {
        const seen = outside(span, gaps).find(
          (stretch) => stretch.untilMs - stretch.atMs >= lookMs + SHORTEST_FAULT_MS,
        );
        if (!seen) return [];
        return [
          {
            ...span,
            fault: `${who}: ${what}`,
            dueMs: knownBy(seen.atMs + lookMs, all),
            raises: ofChip("sensor-fault", who),
            clears: ofChip("sensor-ok", who),
          },
        ];
      };
      const off = all.flatMap(powerless);
      // The bus is told of instead of its chips, which may fail for it before and after.
      if (busStuck) return [{ ...may, raises: isSensorFault }, ...expected("stuck", "i2c", off, 0)];
      const what = noAnswer ? "no answer" : badCrc ? "bad check sums" : frozen ? "frozen" : "";
      if (what === "") return [may];
      const frozenMs = what === "frozen" ? (FROZEN_MS[chip] ?? Infinity) : 0;
      const must = expected(what, chip, [...off, ...all.flatMap(stuck)], frozenMs);
      return must.length > 0 ? must : [may];
    }
    case "power-cut": {
      const shadowed = all.some((cue) => silences(cue, atMs));
      if (lastsMs < SHORTEST_OUTAGE_MS || shadowed) return [];
      const is = (name: string) => (event: EventMessage) => event.event === name;
      const dueMs = atMs + GRACE_MS;
      return [
        {
          ...span,
          fault: "no power",
          dueMs,
          raises: is("state-offline"),
          clears: is("state-online"),
        },
      ];
    }
    case "lamp-out": {
      const ofLamp = (name: string) => (event: EventMessage) =>
        event.event === name && event.reason === "lamp-out";
      const raises = ofLamp("lamp-fault");
      const clears = ofLamp("lamp-ok");
      const gaps = all.flatMap((cue) => [...powerless(cue), ...stuck(cue), ...unlit(cue)]);
      const [fromMs] = lamp.on
        ? outside(span, gaps).flatMap((part) => firstDark(world, lamp.darkLx, part) ?? [])
        : [];
      if (fromMs === undefined) return [{ ...span, raises, clears }];
      const dueMs = knownBy(fromMs, all);
      return [{ ...span, atMs: fromMs, fault: "lamp out", dueMs, raises, clears }];
    }
    default:
      return [];
  }
}

/** The parts of a span that lie outside of all gaps, in order. */
function outside(span: Span, gaps: readonly Span[]): Span[] {
  let parts = [span];
  for (const gap of gaps)
    parts = parts.flatMap((part) =>
      [
        { atMs: part.atMs, untilMs: Math.min(part.untilMs, gap.atMs) },
        { atMs: Math.max(part.atMs, gap.untilMs), untilMs: part.untilMs },
      ].filter(({ atMs, untilMs }) => atMs < untilMs),
    );
  return parts;
}

/** When a node has no power. */
function powerless({ action, atMs, untilMs }: Cue): Span[] {
  return action.do === "power-cut" || action.do === "brown-out" ? [{ atMs, untilMs }] : [];
}

/** When no chip can be read for the bus. */
function stuck({ action, atMs, untilMs }: Cue): Span[] {
  const is = action.do === "chip-fault" && action.fault.busStuck;
  return is ? [{ atMs, untilMs: untilMs + RECOVERY_MS }] : [];
}

/** When a node cannot tell how its lamp is. */
function unlit({ action, atMs, untilMs }: Cue): Span[] {
  const is = action.do === "chip-fault" && LAMP_CHIPS.includes(action.chip);
  return is ? [{ atMs, untilMs: untilMs + RECOVERY_MS }] : [];
}

/** When the city must know of what a node sees at that time: later, where it cannot hear of it. */
function knownBy(seenMs: number, all: readonly Cue[]): number {
  let dueMs = seenMs + GRACE_MS;
  // In the order of time.
  for (const { action, atMs, untilMs } of all) {
    const isDeaf =
      action.do === "broker-down" ||
      action.do === "wifi-gone" ||
      (action.do === "network" && (action.lossPct ?? 0) >= LOSSY_PCT);
    if (isDeaf && atMs <= dueMs && untilMs > seenMs) dueMs = Math.max(dueMs, untilMs + GRACE_MS);
  }
  return dueMs;
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

/** From when on it is dark for a while in a span; undefined where it never is. */
function firstDark(
  world: Surroundings,
  darkLx: number,
  { atMs, untilMs }: Span,
): number | undefined {
  let sinceMs: number | undefined;
  for (let timeMs = atMs; timeMs <= untilMs; timeMs += LOOK_MS) {
    if ((world.value("illuminance", timeMs) ?? Infinity) >= darkLx) sinceMs = undefined;
    else if (timeMs - (sinceMs ??= timeMs) >= DARK_MS) return sinceMs;
  }
  return undefined;
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
