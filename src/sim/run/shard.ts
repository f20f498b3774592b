import { VirtualBroker } from "../../broker/virtual/virtualBroker";
import { Receiver } from "../../city/receiver";
import type { VirtualI2cBus } from "../chips/virtualBus";
import { cityDay } from "../city/cityDay";
import { CitySimulation } from "../citySimulation";
import { drive } from "../clock";
import { MemoryNetwork } from "../network/memoryNetwork";
import type { SocketAddress } from "../network/network";
import { tcpNetwork } from "../network/tcpNetwork";
import { summarize, type NodeSummary } from "../runSummary";
import { Scheduler } from "../scheduler";
import { ReplayedMetric, withReplay } from "../world/replay";
import { streetPoleBus } from "../world/streetPole";
import type { LampOutage } from "../world/syntheticDay";
import { Director } from "./director";
import type { RunPlan } from "./runPlan";

/** The broker inside the run has no address; the nodes are given one all the same. */
export const OWN_BROKER: SocketAddress = { host: "broker.invalid", port: 1883, tls: false };

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

/** What came out of a shard. */
export interface ShardResult {
  readonly virtualMs: number;
  readonly nodes: readonly NodeSummary[];
  /** Absent with a real broker. */
  readonly broker?: BrokerCounts;
  /** In step with the wall clock: the longest time by which anything was late, in real ms. */
  readonly latestMs: number;
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
  readonly #receiver = new Receiver();
  readonly #buses = new Map<string, VirtualI2cBus>();
  readonly #director: Director;
  #latestMs = 0;

  constructor(plan: RunPlan, nodes: readonly string[], listener: ShardListener = {}) {
    this.#plan = plan;
    const scheduler = this.#scheduler;
    const broker = plan.broker ? undefined : new VirtualBroker(scheduler);
    broker?.onPublish((topic, payload) =>
      this.#receiver.receive(topic, payload, plan.startUtcMs + scheduler.nowMs),
    );
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
        const bus = streetPoleBus(withReplay(day, replays));
        this.#buses.set(node, bus);
        return bus;
      },
      onLog: (node, line) => {
        if (plan.log) listener.line?.(scheduler.nowMs, node, line.trimStart());
      },
      onFailure: (node, reason) => listener.failure?.(node, reason),
    });
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
    await this.#city.powerOn();
    for (const moment of this.#director.moments(cues)) {
      if (moment.atMs >= durationMs || signal?.aborted) break;
      await this.#drive(moment.atMs, signal);
      await moment.act();
    }
    await this.#drive(durationMs, signal);
    const nodes = this.#city.nodes.map((node) => summarize(node, bytecode.length));
    this.#city.powerOff();
    const { messages, duplicates, gaps } = this.#receiver.counters;
    return {
      virtualMs: this.#scheduler.nowMs,
      nodes,
      ...(broker ? {} : { broker: { messages, duplicates, gaps } }),
      latestMs: this.#latestMs,
    };
  }

  async #drive(untilMs: number, signal: AbortSignal | undefined): Promise<void> {
    await drive(this.#scheduler, {
      speed: this.#plan.speed,
      untilMs,
      ...(signal ? { signal } : {}),
      onLate: (lateMs) => {
        this.#latestMs = Math.max(this.#latestMs, lateMs);
      },
    });
  }
}

/** The times in which the lamp over a node does not burn. */
function lampOutages({ cues }: RunPlan, node: string): LampOutage[] {
  return cues
    .filter((cue) => cue.action.do === "lamp-out" && cue.node === node)
    .map(({ atMs, untilMs }) => ({ fromMs: atMs, toMs: untilMs }));
}
