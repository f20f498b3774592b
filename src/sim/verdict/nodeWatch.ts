import { sectionConfig } from "../../../devs/contract/config";
import type { EventMessage, ReplyMessage } from "../../../devs/contract/messages";
import type { ConfigArrival, EventArrival, Reading, StateArrival } from "../../city/receiver";
import type { Cue } from "../scenario/cues";
import type { NodeSummary } from "../runSummary";
import type { Report, VirtualNode } from "../virtualNode";
import type { Surroundings } from "../world/surroundings";
import { AlarmTruth } from "./alarmTruth";
import { CounterCheck } from "./counterCheck";
import { FaultWatch } from "./faultWatch";
import { HeapDays } from "./heapDays";
import { Ledger } from "./ledger";
import { OrderWatch } from "./orderWatch";
import { TruthCheck, excusesOf } from "./truth";
import type { NodeVerdict } from "./verdict";

/** Lines of a panic that are kept, and panics that are described. */
const STACK_LINES = 12;
const PANICS_KEPT = 5;

export interface NodeWatchOptions {
  readonly cues: readonly Cue[];
  readonly world: Surroundings;
  readonly configuration: object;
  readonly startUtcMs: number;
  readonly durationMs: number;
  readonly lateAfterMs: number;
}

/** Watches one node and what the city learns of it, from outside both. */
export class NodeWatch {
  readonly #node: VirtualNode;
  readonly #options: NodeWatchOptions;
  readonly #ledger: Ledger;
  readonly #truth: TruthCheck;
  readonly #alarms: AlarmTruth;
  readonly #faults: FaultWatch;
  readonly #orders: OrderWatch;
  readonly #counters: CounterCheck;
  readonly #panics: string[] = [];
  /** The last lines of the log: a panic comes after its stack. */
  readonly #lastLines: string[] = [];
  #boots = 0;
  readonly #heap: HeapDays;

  constructor(node: VirtualNode, options: NodeWatchOptions) {
    this.#node = node;
    this.#options = options;
    this.#ledger = new Ledger(
      options.lateAfterMs,
      options.cues.flatMap(({ action, atMs, untilMs }) =>
        action.do === "beacon-wrong"
          ? [{ fromMs: atMs, toMs: untilMs, offsetMs: (action.offsetS ?? 0) * 1000 }]
          : [],
      ),
    );
    this.#truth = new TruthCheck(
      options.world,
      options.configuration,
      excusesOf(options.cues, node.node),
    );
    this.#alarms = new AlarmTruth(options.lateAfterMs);
    this.#faults = new FaultWatch(options.cues, node.node, {
      endMs: options.durationMs,
      world: options.world,
      lamp: sectionConfig(options.configuration as Record<string, unknown>, "lamp"),
    });
    this.#orders = new OrderWatch(options.cues, node.node);
    this.#counters = new CounterCheck(options.cues, node.node);
    this.#heap = new HeapDays(() => node.takeLeastLiveBytes(), options.durationMs);
  }

  /** The node's filters let a reading through. */
  reported(report: Report): void {
    this.#ledger.reported(report);
    this.#truth.reported(report);
    this.#counters.reported();
  }

  /** A line of the node's log. */
  line(text: string, nowMs: number): void {
    this.#lastLines.push(text);
    if (this.#lastLines.length > STACK_LINES) this.#lastLines.shift();
    if (text.startsWith("* start:")) {
      if (this.#boots > 0) this.#truth.restarted(nowMs);
      this.#boots = this.#node.boots;
      this.#counters.started(nowMs);
    } else if (text.startsWith("> health ") && this.#node.health) {
      this.#ledger.health(this.#node.boots, this.#node.health);
      this.#counters.health(this.#node.health, this.#node.poweredMs, nowMs);
    } else if (text.startsWith('> "event":')) {
      const event = JSON.parse(`{${text.slice(2)}}`) as EventMessage;
      this.#ledger.noticed(event, nowMs);
      this.#counters.noticed(event);
    }
    this.#heap.passed(nowMs);
  }

  /** The program panicked. */
  panicked(code: number, nowMs: number): void {
    this.#ledger.ended(this.#node.boots, nowMs);
    if (this.#panics.length < PANICS_KEPT)
      this.#panics.push(`${code} at ${(nowMs / 1000).toFixed(1)} s\n${this.#lastLines.join("\n")}`);
  }

  /** The power goes now. */
  powerGoes(nowMs: number): void {
    this.#ledger.ended(this.#node.boots, nowMs);
  }

  reading({ metric, value, timeMs }: Reading, nowMs: number): void {
    this.#ledger.arrived(metric, value, timeMs - this.#options.startUtcMs, nowMs);
  }

  event({ event, timeMs }: EventArrival, nowMs: number): void {
    const atMs = timeMs - this.#options.startUtcMs;
    this.#ledger.eventArrived(event, atMs, nowMs);
    this.#faults.event(event, nowMs, atMs);
    this.#alarms.event(event, atMs, nowMs);
  }

  state({ state }: StateArrival, nowMs: number): void {
    this.#faults.state(state, nowMs);
  }

  /** The city learned which configuration is in force. */
  configured({ report }: ConfigArrival, nowMs: number): void {
    this.#orders.configured(report, nowMs);
  }

  /** The node answered a command. */
  replied(reply: Partial<ReplyMessage>, nowMs: number): void {
    this.#orders.replied(reply, nowMs);
  }

  /** What all of it comes to. */
  verdict(summary: NodeSummary, nowMs: number): NodeVerdict {
    const { world, configuration, startUtcMs } = this.#options;
    return {
      ...summary,
      ...this.#ledger.accounts(nowMs),
      truth: this.#truth.account(nowMs),
      counters: this.#counters.account(),
      alarms: this.#alarms.account({
        world,
        configuration,
        excuses: this.#truth.excuses,
        startUtcMs,
        endMs: nowMs,
      }),
      faults: this.#faults.reports(nowMs),
      falseFaults: this.#faults.falseFaults,
      orders: this.#orders.reports(nowMs),
      flashWrites: this.#node.flashWrites,
      ...this.#heap.figures(),
      panicsAt: this.#panics,
      notes: [...this.#truth.notes, ...this.#counters.notes],
    };
  }
}
