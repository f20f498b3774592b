import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTimeBeacon } from "../../src/broker/timeBeacon";
import { VirtualBroker } from "../../src/broker/virtual/virtualBroker";
import { Receiver, type Reading } from "../../src/city/receiver";
import { boardIds } from "../../src/flash/boardConfiguration";
import { Inventory } from "../../src/inventory/inventory";
import { newSigningKey, signImage } from "../../src/ota/image";
import { VirtualDevicePort } from "../../src/ota/messageSocket";
import { OtaStore, type Rollout, type RolloutPlan, type RolloutStep } from "../../src/ota/otaStore";
import { planRollout, type RolloutWish } from "../../src/ota/planRollout";
import type { StepState } from "../../src/ota/rolloutStates";
import type { UpdateNote } from "../../src/ota/unsavedChanges";
import { UpdateService } from "../../src/ota/updateService";
import { CitySimulation, nodeName } from "../../src/sim/citySimulation";
import { MemoryNetwork } from "../../src/sim/network/memoryNetwork";
import { Scheduler } from "../../src/sim/scheduler";
import type { VirtualNode } from "../../src/sim/virtualNode";
import { streetPoleBus } from "../../src/sim/world/streetPole";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";
import { loadFirmware } from "../../src/toolchain/firmware";
import { START_UTC_MS, type NodeReport } from "./simulatedCity";
import { clockWhile } from "./clockWhile";

const GATEWAY_PORT = 7011;
const BROKER_PORT = 1883;
/** Which program a node has whose state is this; in the others it may be either, or none. */
const CLAIMS: Partial<Record<StepState, "old" | "new">> = {
  waiting: "old",
  returned: "old",
  watched: "new",
  good: "new",
};
const BOARD = "streetnode_esp32_devkitc";

/** The same program under another version: the version stands in it as text. */
export function otherVersion(bytecode: Uint8Array, version = "9.9.9"): Uint8Array {
  const bytes = Buffer.from(bytecode);
  let at = bytes.indexOf("0.1.0\0");
  if (at < 0) throw new Error("the program does not hold its version");
  for (; at >= 0; at = bytes.indexOf("0.1.0\0", at)) bytes.write(version, at, "latin1");
  return new Uint8Array(bytes);
}

/** What a gateway serves at once, where it is not what it does by itself. */
export interface GatewayLimits {
  readonly nodesAtOnce?: number;
  readonly bytesPerS?: number;
}

/** A city of the real firmware with an update gateway, in virtual time. */
export class OtaCity {
  readonly scheduler = new Scheduler();
  readonly broker = new VirtualBroker(this.scheduler);
  readonly folder = mkdtempSync(join(tmpdir(), "streetnode-ota-"));
  readonly inventory = new Inventory(join(this.folder, "inventory.db"), "test", () => this.nowMs);
  readonly store = new OtaStore(this.inventory.file, "test", () => this.nowMs);
  readonly key = newSigningKey();
  readonly names: string[];
  readonly network: MemoryNetwork;
  readonly notes: UpdateNote[] = [];
  readonly readings: Reading[] = [];
  readonly reports: NodeReport[] = [];
  city!: CitySimulation;
  service!: UpdateService;
  /** Bytes of the messages between nodes and gateway, both ways. */
  gatewayBytes = 0;
  #port: VirtualDevicePort | undefined;
  #generation = 0;
  #mark = "";
  #latest: Rollout | undefined;
  #steps: RolloutStep[] = [];
  /** Program that each node last told of, and images by that short hash. */
  readonly #programs = new Map<string, number>();
  readonly #hashes = new Map<number, string>();
  /** What the broker retains of the nodes, for a gateway that subscribes later. */
  readonly #states = new Map<string, Uint8Array>();
  readonly #receiver = new Receiver({ reading: (reading) => this.readings.push(reading) });

  readonly #limits: GatewayLimits;

  constructor(nodes: number, limits: GatewayLimits = {}) {
    this.#limits = limits;
    this.names = Array.from({ length: nodes }, (_, i) => nodeName("berkane", i + 1));
    this.inventory.create();
    this.inventory.add(this.names.map((name) => ({ name, city: "berkane", board: BOARD })));
    this.names.forEach((name, i) => {
      this.inventory.claim({ mac: `24:6f:28:00:${hex(i >> 8)}:${hex(i & 0xff)}`, name });
      this.inventory.flashed(name);
    });
    this.store.trust(this.key.publicKey);
    const off = { reachable: false, accept: () => false };
    const nobody = { reachable: true, accept: () => false };
    this.network = new MemoryNetwork(this.scheduler, ({ port }) =>
      port === GATEWAY_PORT ? (this.#port ?? off) : port === BROKER_PORT ? this.broker : nobody,
    );
    this.broker.onPublish((topic, payload) => {
      this.#receiver.receive(topic, payload, this.nowMs);
      if (topic.endsWith("/up/state")) this.#stateCame(topic, payload);
      if (this.#port) this.service.hear(topic, payload);
    });
  }

  #stateCame(topic: string, payload: Uint8Array): void {
    this.#states.set(topic, payload);
    const { program } = JSON.parse(Buffer.from(payload).toString()) as { program?: number };
    const node = topic.split("/")[3] ?? "";
    if (program !== undefined) this.#programs.set(node, program);
  }

  /** UTC at the start of the run. */
  readonly startMs = START_UTC_MS;

  get nowMs(): number {
    return START_UTC_MS + this.scheduler.nowMs;
  }

  /** Signs a program and adds its image; gives its hash. */
  add(bytecode: Uint8Array, version = "9.9.9"): string {
    const parts = { bytecode, version, boards: boardIds() };
    const { hash, shortHash } = this.store.addImage(signImage(parts, this.key.privateKey));
    this.#hashes.set(shortHash, hash);
    return hash;
  }

  /** Powers everything on; every node runs the firmware as it is. */
  async start(options: { trace?: boolean; bytecode?: Uint8Array } = {}): Promise<void> {
    const bytecode = options.bytecode ?? loadFirmware().bytecode;
    this.startGateway();
    startTimeBeacon(this.broker, "berkane", {
      utcMs: () => this.nowMs,
      after: (delayMs, callback) => this.scheduler.after(delayMs, callback),
    });
    this.city = new CitySimulation({
      city: "berkane",
      nodes: this.names,
      seed: 1,
      bytecode,
      scheduler: this.scheduler,
      network: this.network,
      broker: { host: "broker.invalid", port: BROKER_PORT, tls: false },
      gateway: (node) => ({
        host: "gateway.invalid",
        port: GATEWAY_PORT,
        tls: false,
        key: this.store.updateKey(node),
      }),
      configuration: {},
      bus: (node) => streetPoleBus(new SyntheticDay({ seed: 1, node, startUtcMs: START_UTC_MS })),
      ...(options.trace
        ? { onReport: (node, report) => this.reports.push({ ...report, node }) }
        : {}),
    });
    await this.city.powerOn();
  }

  node(name: string): VirtualNode {
    return this.city.nodes.find(({ node }) => node === name) as VirtualNode;
  }

  /** Starts the gateway on what the inventory holds, and tells it what the broker keeps. */
  startGateway(): void {
    const generation = ++this.#generation;
    this.service = new UpdateService({
      city: "berkane",
      store: this.store,
      clock: clockWhile(
        () => generation === this.#generation,
        this.scheduler,
        () => this.nowMs,
      ),
      link: {
        connected: () => this.broker.running,
        publish: (topic, payload) => this.broker.publish(topic, payload, { qos: 1 }),
      },
      onNote: (note) => this.notes.push(note),
      ...this.#limits,
    });
    const { gateway } = this.service;
    this.#port = new VirtualDevicePort((request, socket) => {
      const send = socket.send;
      socket.send = (message) => {
        this.gatewayBytes += message.length;
        send(message);
      };
      gateway.accept(request, socket);
      const { onMessage } = socket;
      socket.onMessage = (message) => {
        this.gatewayBytes += message.length;
        onMessage?.(message);
      };
    });
    for (const [topic, payload] of this.#states) this.service.hear(topic, payload);
  }

  /** Ends the gateway's process in this very moment, as `kill -9` does. */
  killGateway(): void {
    this.#generation++;
    this.#port?.vanish();
    this.#port = undefined;
  }

  /** Whether the gateway's process is there. */
  get gatewayRuns(): boolean {
    return this.#port !== undefined;
  }

  /** What the status says of nodes that the nodes' own last words deny. */
  lies(before: string, image: string): string[] {
    this.#read();
    return this.#steps.flatMap(({ node, state }) => {
      const told = this.program(node);
      const meant = CLAIMS[state] === "new" ? image : CLAIMS[state] === "old" ? before : told;
      return told === meant ? [] : [`${node} is ${state}, and runs ${told}`];
    });
  }

  rollout(image: string, plan: Partial<RolloutPlan> = {}): number {
    return planRollout(this.inventory, this.store, {
      image,
      city: "berkane",
      patterns: ["*"],
      plan: {
        canary: 2,
        batch: 25,
        waitMs: 120_000,
        canaryWaitMs: plan.waitMs ?? 120_000,
        limit: 0.1,
        backMs: 600_000,
        ...plan,
      },
    });
  }

  wish(rollout: number, wish: RolloutWish): void {
    this.store.wish(rollout, wish);
  }

  /** The latest rollout; read again only when somebody has written. */
  latest(): Rollout | undefined {
    this.#read();
    return this.#latest;
  }

  #read(): void {
    const mark = this.store.mark();
    if (mark === this.#mark) return;
    this.#mark = mark;
    this.#latest = this.store.rollouts()[0];
    this.#steps = this.#latest ? this.store.steps(this.#latest.id) : [];
  }

  /** How many nodes of the latest rollout are in each state. */
  count(): Record<string, number> {
    this.#read();
    const count: Record<string, number> = {};
    for (const { state } of this.#steps) count[state] = (count[state] ?? 0) + 1;
    return count;
  }

  step(node: string): RolloutStep {
    this.#read();
    return this.#steps.find((step) => step.node === node) as RolloutStep;
  }

  /** Hash of the program that a node last told of. */
  program(node: string): string | undefined {
    return this.#hashes.get(this.#programs.get(node) ?? -1);
  }

  /** Takes every node's power, gives it back, and waits until each has told anew what it runs. */
  async powerCycle(ms: number): Promise<void> {
    this.city.powerOff();
    this.#programs.clear();
    await this.city.powerOn();
    await this.until(() => this.#programs.size === this.names.length, ms);
  }

  async run(ms: number): Promise<void> {
    await this.city.run(this.scheduler.nowMs + ms, Infinity);
  }

  /** Runs until that is so, a second at a time. @throws Error when it takes longer than `ms` */
  async until(what: () => boolean, ms: number, stepMs = 1000): Promise<void> {
    const endMs = this.scheduler.nowMs + ms;
    while (!what()) {
      if (this.scheduler.nowMs >= endMs) throw new Error(`not so within ${ms / 1000} s`);
      await this.run(stepMs);
    }
  }

  close(): void {
    this.city.powerOff();
    this.killGateway();
    rmSync(this.folder, { recursive: true });
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
