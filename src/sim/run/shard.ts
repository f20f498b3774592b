import { UP_REPLY, nodeTopic } from "../../../devs/contract/topics";
import { VirtualBroker } from "../../broker/virtual/virtualBroker";
import { Receiver, type CityListener } from "../../city/receiver";
import type { VirtualI2cBus } from "../chips/virtualBus";
import { cityDay } from "../city/cityDay";
import { CitySimulation } from "../citySimulation";
import { drive, type RunOptions } from "../clock";
import { MemoryNetwork } from "../network/memoryNetwork";
import type { SocketAddress } from "../network/network";
import { tcpNetwork } from "../network/tcpNetwork";
import { summarize, type NodeSummary } from "../runSummary";
import { Scheduler } from "../scheduler";
import { NodeWatch } from "../verdict/nodeWatch";
import type { Series, Verdict } from "../verdict/verdict";
import type { Report } from "../virtualNode";
import { ReplayedMetric, withReplay } from "../world/replay";
import { streetPoleBus } from "../world/streetPole";
import type { Surroundings } from "../world/surroundings";
import type { LampOutage } from "../world/syntheticDay";
import { Director } from "./director";
import type { RunPlan } from "./runPlan";

/** The broker inside the run has no address; the nodes are given one all the same. */
export const OWN_BROKER: SocketAddress = { host: "broker.invalid", port: 1883, tls: false };

/** Parts of a run whose counts a chart shows. */
const SERIES_PARTS = 300;

/** What a shard says while it runs. */
export interface ShardListener {
  /** A line of a node's log, at that virtual time. */
  line?(atMs: number, node: string, text: string): void;
  /** A node could not reach its broker. */
  failure?(node: string, reason: string): void;
}

/** How far a shard is. */
export interface ShardProgress {
  readonly nowMs: number;
  readonly acknowledged: number;
}

/** What a shard's broker and the city behind it counted. */
export interface BrokerCounts {
  readonly messages: number;
  readonly duplicates: number;
  readonly gaps: number;
}

/** The longest time by which anything was late, in real milliseconds, and when in the run that was. */
export interface Lateness {
  readonly lateMs: number;
  readonly atMs: number;
}

/** What came out of a shard. */
export interface ShardResult {
  readonly virtualMs: number;
  readonly nodes: readonly NodeSummary[];
  /** Absent with a real broker. */
  readonly broker?: BrokerCounts;
  /** In step with the wall clock. */
  readonly latest: Lateness;
  /** Where the plan asked for one. */
  readonly verdict?: Verdict & {
    /** CONNECT packets by second. */
    readonly connects: ReadonlyMap<number, number>;
  };
}

/**
 * A part of a city on one thread: some of its nodes, and, in virtual time, a broker of
 * their own. Nodes do not hear each other, and what strikes all of them is in the plan, so
 * that a node's run does not depend on which others share its shard.
 */
export class Shard {
  readonly #plan: RunPlan;
  readonly #scheduler = new Scheduler();
  readonly #city: CitySimulation;
  readonly #receiver: Receiver;
  readonly #watches = new Map<string, NodeWatch>();
  readonly #worlds = new Map<string, Surroundings>();
  readonly #series: Series;
  readonly #connects = new Map<number, number>();
  readonly #buses = new Map<string, VirtualI2cBus>();
  readonly #director: Director;
  #latest: Lateness = { lateMs: 0, atMs: 0 };

  constructor(plan: RunPlan, nodes: readonly string[], listener: ShardListener = {}) {
    this.#plan = plan;
    const scheduler = this.#scheduler;
    const broker = plan.broker ? undefined : new VirtualBroker(scheduler);
    const judged = plan.judged && broker !== undefined;
    this.#series = emptySeries(plan.durationMs);
    this.#receiver = new Receiver(judged ? this.#cityListener() : {});
    broker?.onConnect(() => {
      const second = Math.floor(scheduler.nowMs / 1000);
      this.#connects.set(second, (this.#connects.get(second) ?? 0) + 1);
      this.#count(this.#series.connects);
    });
    const replies = new Map(nodes.map((node) => [nodeTopic(plan.city, node, UP_REPLY), node]));
    broker?.onPublish((topic, payload) => {
      this.#receiver.receive(topic, payload, plan.startUtcMs + scheduler.nowMs);
      const node = replies.get(topic);
      if (node !== undefined) this.#replied(node, payload);
    });
    const network = broker && new MemoryNetwork(scheduler, broker, plan.seed);
    const replays = plan.replays.map(({ metric, rows }) => new ReplayedMetric(metric, rows));
    this.#city = new CitySimulation({
      city: plan.city,
      nodes,
      seed: plan.seed,
      bytecode: plan.bytecode,
      scheduler,
      network: network ?? tcpNetwork(plan.ca),
      broker: plan.broker ?? OWN_BROKER,
      password: plan.password,
      configuration: plan.configuration,
      bus: (node) => {
        const day = cityDay({
          seed: plan.seed,
          node,
          startUtcMs: plan.startUtcMs,
          warmerCel: plan.warmerCel,
          lampOutages: lampOutages(plan, node),
        });
        const world = withReplay(day, replays);
        this.#worlds.set(node, world);
        const bus = streetPoleBus(world);
        this.#buses.set(node, bus);
        return bus;
      },
      onLog: (node, line) => {
        const text = line.trimStart();
        this.#watches.get(node)?.line(text, scheduler.nowMs);
        if (plan.log) listener.line?.(scheduler.nowMs, node, text);
      },
      ...(judged
        ? {
            onReport: (node: string, report: Report) => {
              this.#watches.get(node)?.reported(report);
              this.#count(this.#series.reported);
            },
            onPanic: (node: string, code: number) =>
              this.#watches.get(node)?.panicked(code, scheduler.nowMs),
            onPowerOff: (node: string) => this.#watches.get(node)?.powerGoes(scheduler.nowMs),
          }
        : {}),
      onFailure: (node, reason) => listener.failure?.(node, reason),
    });
    if (judged)
      for (const node of this.#city.nodes)
        this.#watches.set(
          node.node,
          new NodeWatch(node, {
            cues: plan.cues,
            world: this.#worlds.get(node.node) as Surroundings,
            configuration: plan.configuration,
            startUtcMs: plan.startUtcMs,
            durationMs: plan.durationMs,
            lateAfterMs: plan.lateAfterMs,
          }),
        );
    this.#director = new Director({
      city: plan.city,
      scheduler,
      startUtcMs: plan.startUtcMs,
      nodes: new Map(this.#city.nodes.map((node) => [node.node, node])),
      buses: this.#buses,
      ...(broker && network ? { broker, network } : {}),
    });
  }

  /** How far it is. */
  get progress(): ShardProgress {
    const { nodes } = this.#city;
    return {
      nowMs: this.#scheduler.nowMs,
      acknowledged: nodes.reduce((sum, node) => sum + node.traffic.acknowledged, 0),
    };
  }

  /** Runs the plan to its end, or until `signal` ends it; then takes the power away. */
  async run(signal?: AbortSignal): Promise<ShardResult> {
    const { durationMs, bytecode, broker, cues } = this.#plan;
    const pace = this.#pace(signal);
    await this.#city.powerOn(pace);
    for (const moment of this.#director.moments(cues)) {
      if (moment.atMs >= durationMs || signal?.aborted) break;
      await drive(this.#scheduler, { ...pace, untilMs: moment.atMs });
      await moment.act();
    }
    await drive(this.#scheduler, { ...pace, untilMs: durationMs });
    const nodes = this.#city.nodes.map((node) => summarize(node, bytecode.length));
    const { messages, duplicates, gaps } = this.#receiver.counters;
    const { nowMs } = this.#scheduler;
    const verdicts = nodes.flatMap(
      (summary) => this.#watches.get(summary.node)?.verdict(summary, nowMs) ?? [],
    );
    this.#city.powerOff();
    return {
      virtualMs: this.#scheduler.nowMs,
      nodes,
      ...(broker ? {} : { broker: { messages, duplicates, gaps } }),
      ...(verdicts.length > 0
        ? {
            verdict: {
              nodes: verdicts,
              series: this.#series,
              connectsPerSecondMax: 0,
              duplicates,
              connects: this.#connects,
            },
          }
        : {}),
      latest: this.#latest,
    };
  }

  #cityListener(): CityListener {
    const now = () => this.#scheduler.nowMs;
    return {
      reading: (reading) => {
        this.#watches.get(reading.node)?.reading(reading, now());
        this.#count(this.#series.delivered);
      },
      event: (arrival) => this.#watches.get(arrival.node)?.event(arrival, now()),
      state: (arrival) => this.#watches.get(arrival.node)?.state(arrival, now()),
      config: (arrival) => this.#watches.get(arrival.node)?.configured(arrival, now()),
    };
  }

  #replied(node: string, payload: Uint8Array): void {
    let reply: unknown;
    try {
      reply = JSON.parse(Buffer.from(payload).toString());
    } catch {
      // No answer: the command stays open.
    }
    if (typeof reply !== "object" || reply === null) return;
    this.#watches.get(node)?.replied(reply, this.#scheduler.nowMs);
  }

  /** Adds one to the part of the run that is now. */
  #count(parts: number[]): void {
    const at = Math.floor(this.#scheduler.nowMs / 1000 / this.#series.stepS);
    if (at < parts.length) parts[at] = (parts[at] ?? 0) + 1;
  }

  #pace(signal: AbortSignal | undefined): Omit<RunOptions, "untilMs"> {
    return {
      speed: this.#plan.speed,
      origin: { virtualMs: this.#scheduler.nowMs, wallMs: performance.now() },
      ...(signal ? { signal } : {}),
      onLate: (lateMs) => {
        if (lateMs > this.#latest.lateMs) this.#latest = { lateMs, atMs: this.#scheduler.nowMs };
      },
    };
  }
}

/** A run in equal parts, of a minute at least. */
function emptySeries(durationMs: number): Series {
  const seconds = Number.isFinite(durationMs) ? durationMs / 1000 : 0;
  const stepS = Math.max(60, Math.ceil(seconds / SERIES_PARTS));
  const zeros = () => Array<number>(Math.ceil(seconds / stepS)).fill(0);
  return { stepS, reported: zeros(), delivered: zeros(), connects: zeros() };
}

/** The times in which the lamp over a node does not burn. */
function lampOutages({ cues }: RunPlan, node: string): LampOutage[] {
  return cues
    .filter((cue) => cue.action.do === "lamp-out" && cue.node === node)
    .map(({ atMs, untilMs }) => ({ fromMs: atMs, toMs: untilMs }));
}
