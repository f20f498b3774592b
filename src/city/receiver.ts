import type {
  ConfigReportMessage,
  EventMessage,
  HealthMessage,
  StateMessage,
} from "../../devs/contract/messages";
import {
  TOPIC_ROOT,
  UP_CONFIG,
  UP_DATA,
  UP_EVENT,
  UP_HEALTH,
  UP_STATE,
  nameProblem,
} from "../../devs/contract/topics";
import { FieldProblem, parseJson } from "./fields";
import { checkConfigReport, checkEvent, checkHealth, checkState } from "./messages";
import { ABSOLUTE_TIME_FROM_S, resolvePack, resolveTime } from "./senmlPack";
import { SequenceTracker, type Arrival, type Range, type SequenceState } from "./sequence";

/** Which node a message came from. */
export interface Origin {
  readonly city: string;
  readonly node: string;
}

/** One reading, standing alone. */
export interface Reading extends Origin {
  readonly metric: string;
  /** SenML unit; empty for an index without one. */
  readonly unit: string;
  readonly value: number;
  /** When it was measured, UTC in milliseconds since 1970. */
  readonly timeMs: number;
  /** True where nobody knows when it was measured: then `timeMs` is the latest that it can be. */
  readonly untimed?: true;
  /** The boot in which it was measured; absent where nobody knows it any more. */
  readonly boot?: number;
}

/** A birth message or last will, and when it arrived. */
export interface StateArrival extends Origin {
  readonly state: StateMessage;
  readonly arrivedMs: number;
}

/** Whether a node knew the time when it sent a pack of readings. */
export interface ClockArrival extends Origin {
  readonly timed: boolean;
}

/** An event, and when it happened, UTC in milliseconds since 1970. */
export interface EventArrival extends Origin {
  readonly event: EventMessage;
  readonly timeMs: number;
  /** True where nobody knows when it happened: then `timeMs` is the latest that it can be. */
  readonly untimed?: true;
}

/** A health message, and when it arrived. */
export interface HealthArrival extends Origin {
  readonly health: HealthMessage;
  readonly arrivedMs: number;
}

/** A report of the configuration in force, and when it arrived. */
export interface ConfigArrival extends Origin {
  readonly report: ConfigReportMessage;
  readonly arrivedMs: number;
}

/** What is known of a node's sequence numbers, to be kept on disk. */
export interface NodeSequenceState {
  readonly joinsMidway: boolean;
  readonly bornBoot: number;
  readonly forgottenTo: number;
  readonly uncountedTo: number;
  readonly boots: readonly (readonly [boot: number, numbers: SequenceState])[];
}

/** Messages that were skipped: sequence numbers of one boot. They may still arrive late. */
export interface Gap extends Origin, Range {
  readonly boot: number;
}

/** How a message came from the broker. */
export interface Way {
  /** It may have been there for long: then nobody knows what its relative times count from. */
  readonly waited?: boolean;
  /** The broker sent it before, and does not know whether it arrived (DUP of MQTT). */
  readonly again?: boolean;
}

/** A message that could not be used; `reason` names the field. */
export interface BadMessage {
  readonly topic: string;
  readonly reason: string;
}

/** Called for what arrives, in the order of arrival; what throws here is thrown by `receive`. */
export interface CityListener {
  reading?(reading: Reading): void;
  state?(arrival: StateArrival): void;
  event?(arrival: EventArrival): void;
  health?(arrival: HealthArrival): void;
  config?(arrival: ConfigArrival): void;
  clock?(arrival: ClockArrival): void;
  duplicate?(origin: Origin): void;
  gap?(gap: Gap): void;
  bad?(message: BadMessage): void;
}

/** What a receiver has counted since it was made. */
export interface ReceiverCounters {
  /** Messages of nodes, duplicates and bad ones included. */
  messages: number;
  /** Packs and events that had arrived before; nothing was passed on. */
  duplicates: number;
  /** Packs and events that were skipped and have not arrived since. */
  gaps: number;
  /** Messages that could not be used; nothing of them was passed on. */
  bad: number;
}

export interface ReceiverOptions {
  /**
   * True when nodes may have published before the receiver listened: then what lies before
   * the first message of a node is no gap. Default false.
   */
  readonly joinsMidway?: boolean;
}

/** A node's packets hold at most 4 KB; a program that publishes for it may be more generous. */
const PAYLOAD_MAX_BYTES = 64 * 1024;
/** Boots of one node whose numbers are remembered; packs of an older one count as duplicates. */
export const BOOTS_CAPACITY = 16;
/** Nodes that one receiver serves. */
const NODES_MAX = 20_000;

/**
 * The city's end of `up/`: checks what nodes publish, drops duplicates by boot and sequence
 * number, sees gaps, and yields readings with absolute time. A message is taken whole or
 * not at all; a bad one leaves its number missing.
 */
export class Receiver {
  readonly #listener: CityListener;
  readonly #joinsMidway: boolean;
  readonly #nodes = new Map<string, NodeSequences>();
  readonly #counters: ReceiverCounters = { messages: 0, duplicates: 0, gaps: 0, bad: 0 };

  constructor(listener: CityListener = {}, options: ReceiverOptions = {}) {
    this.#listener = listener;
    this.#joinsMidway = options.joinsMidway ?? false;
  }

  get counters(): Readonly<ReceiverCounters> {
    return this.#counters;
  }

  /**
   * Takes one message from the broker. Topics that are no node's `up/` are passed over.
   *
   * @param arrivedMs UTC in milliseconds since 1970; relative times count from it.
   */
  receive(topic: string, payload: Uint8Array, arrivedMs: number, way: Way = {}): void {
    const address = parseUpTopic(topic);
    if (!address) return;
    this.#counters.messages++;
    try {
      const origin = checkOrigin(address);
      this.#dispatch(origin, address.leaf, payload, arrivedMs, way);
    } catch (error) {
      if (!(error instanceof FieldProblem)) throw error;
      this.#counters.bad++;
      this.#listener.bad?.({ topic, reason: error.message });
    }
  }

  /** What is known of a node's sequence numbers, for `restore`. */
  sequenceState(origin: Origin): NodeSequenceState | undefined {
    return this.#nodes.get(keyOf(origin))?.state();
  }

  /** Goes on where another receiver, of an earlier run say, was with a node. */
  restore(origin: Origin, state: NodeSequenceState): void {
    this.#nodes.set(keyOf(origin), NodeSequences.restore(state));
  }

  #dispatch(
    origin: Origin,
    leaf: string,
    payload: Uint8Array,
    arrivedMs: number,
    { waited = false, again = false }: Way,
  ): void {
    // An empty retained message is how MQTT 3.1.1 (clause 3.3.1.3) deletes one.
    if (payload.length === 0 && (leaf === UP_STATE || leaf === UP_CONFIG)) return;
    switch (leaf) {
      case UP_DATA:
        return this.#data(origin, parseJson(payload, PAYLOAD_MAX_BYTES), arrivedMs, waited);
      case UP_EVENT:
        return this.#event(origin, parseJson(payload, PAYLOAD_MAX_BYTES), arrivedMs, waited);
      case UP_STATE:
        return this.#state(origin, parseJson(payload, PAYLOAD_MAX_BYTES), arrivedMs, again);
      case UP_CONFIG: {
        const report = checkConfigReport(parseJson(payload, PAYLOAD_MAX_BYTES));
        return this.#listener.config?.({ ...origin, report, arrivedMs });
      }
      case UP_HEALTH: {
        const health = checkHealth(parseJson(payload, PAYLOAD_MAX_BYTES));
        return this.#listener.health?.({ ...origin, health, arrivedMs });
      }
    }
  }

  #data(origin: Origin, json: unknown, arrivedMs: number, waited: boolean): void {
    const { city, node } = origin;
    const pack = resolvePack(json, `${city}/${node}/`, arrivedMs);
    if (!this.#isNew(origin, pack.boot, pack.seq)) return;
    this.#listener.clock?.({ ...origin, timed: pack.timed });
    const untimed = waited && !pack.timed ? ({ untimed: true } as const) : {};
    const { boot } = pack;
    for (const record of pack.records)
      this.#listener.reading?.({ ...origin, ...record, boot, ...untimed });
  }

  #event(origin: Origin, json: unknown, arrivedMs: number, waited: boolean): void {
    const event = checkEvent(json);
    const timeMs = resolveTime(event.t ?? 0, arrivedMs, "t");
    if (!this.#isNew(origin, event.boot, event.seq)) return;
    const known = event.t !== undefined && (!waited || event.t >= ABSOLUTE_TIME_FROM_S);
    const untimed = known ? {} : ({ untimed: true } as const);
    this.#listener.event?.({ ...origin, event, timeMs, ...untimed });
  }

  #state(origin: Origin, json: unknown, arrivedMs: number, again: boolean): void {
    const state = checkState(json);
    if (state.state === "online") this.#sequences(origin).born(state.boot, again);
    this.#listener.state?.({ ...origin, state, arrivedMs });
  }

  #isNew(origin: Origin, boot: number, seq: number): boolean {
    const sequences = this.#sequences(origin);
    const before = sequences.gaps;
    const arrival = sequences.accept(boot, seq);
    this.#counters.gaps += sequences.gaps - before;
    if (arrival.kind === "duplicate") {
      this.#counters.duplicates++;
      this.#listener.duplicate?.(origin);
      return false;
    }
    if (arrival.kind === "new" && arrival.missing)
      this.#listener.gap?.({ ...origin, boot, ...arrival.missing });
    return true;
  }

  #sequences(origin: Origin): NodeSequences {
    const key = keyOf(origin);
    const known = this.#nodes.get(key);
    if (known) return known;
    if (this.#nodes.size >= NODES_MAX)
      throw new FieldProblem("topic", `at most ${NODES_MAX} nodes`);
    const sequences = new NodeSequences(this.#joinsMidway);
    this.#nodes.set(key, sequences);
    return sequences;
  }
}

/** The sequence numbers of one node, boot by boot. */
class NodeSequences {
  /** Missing numbers of every boot, those of forgotten boots included. */
  gaps = 0;
  readonly #boots = new Map<number, SequenceTracker>();
  /** Boots up to this one are forgotten. */
  #forgottenTo = -1;
  #bornBoot = -1;
  /** True until the first message, when the node may have sent others before. */
  #joinsMidway: boolean;
  /** In boots up to this one, what lies before the first message is no gap. */
  #uncountedTo = -1;

  constructor(joinsMidway: boolean) {
    this.#joinsMidway = joinsMidway;
  }

  static restore(state: NodeSequenceState): NodeSequences {
    const sequences = new NodeSequences(state.joinsMidway);
    sequences.#bornBoot = state.bornBoot;
    sequences.#forgottenTo = state.forgottenTo;
    sequences.#uncountedTo = state.uncountedTo;
    for (const [boot, numbers] of state.boots)
      sequences.#boots.set(boot, SequenceTracker.restore(numbers));
    return sequences;
  }

  state(): NodeSequenceState {
    return {
      joinsMidway: this.#joinsMidway,
      bornBoot: this.#bornBoot,
      forgottenTo: this.#forgottenTo,
      uncountedTo: this.#uncountedTo,
      boots: [...this.#boots].map(([boot, tracker]) => [boot, tracker.state()] as const),
    };
  }

  /**
   * Takes note of a birth. A boot count that went back means that the node's flash was
   * erased: its numbers start again, so what is known of them no longer holds. One that the
   * broker sends `again` may be an older one, of a boot whose numbers are known.
   */
  born(boot: number, again: boolean): void {
    if (boot < this.#bornBoot) {
      if (again && this.#boots.has(boot)) return;
      this.#boots.clear();
      this.#forgottenTo = -1;
      this.#uncountedTo = -1;
      this.#joinsMidway = true;
    }
    this.#bornBoot = boot;
  }

  accept(boot: number, seq: number): Arrival {
    const tracker = this.#tracker(boot);
    if (!tracker) return { kind: "duplicate" };
    const before = tracker.gaps;
    const arrival = tracker.accept(seq);
    this.gaps += tracker.gaps - before;
    return arrival;
  }

  #tracker(boot: number): SequenceTracker | undefined {
    const known = this.#boots.get(boot);
    if (known) return known;
    if (boot <= this.#forgottenTo) return undefined;
    if (this.#joinsMidway) this.#uncountedTo = boot;
    this.#joinsMidway = false;
    const tracker = new SequenceTracker(boot > this.#uncountedTo);
    this.#boots.set(boot, tracker);
    if (this.#boots.size > BOOTS_CAPACITY) {
      this.#forgottenTo = Math.min(...this.#boots.keys());
      this.#boots.delete(this.#forgottenTo);
    }
    // A boot far below all the others may have been forgotten at once.
    return this.#boots.get(boot);
  }
}

function keyOf({ city, node }: Origin): string {
  return `${city}/${node}`;
}

interface UpTopic {
  readonly city: string;
  readonly node: string;
  readonly leaf: string;
}

function parseUpTopic(topic: string): UpTopic | undefined {
  if (!topic.startsWith(`${TOPIC_ROOT}/`)) return undefined;
  const [city, node, up, last, ...rest] = topic.slice(TOPIC_ROOT.length + 1).split("/");
  if (city === undefined || node === undefined || up !== "up" || last === undefined)
    return undefined;
  return rest.length > 0 ? undefined : { city, node, leaf: `up/${last}` };
}

function checkOrigin({ city, node }: UpTopic): Origin {
  const cityProblem = nameProblem(city);
  if (cityProblem) throw new FieldProblem("topic", `a city's name that ${cityProblem}`);
  const nodeNameProblem = nameProblem(node);
  if (nodeNameProblem) throw new FieldProblem("topic", `a node's name that ${nodeNameProblem}`);
  return { city, node };
}
