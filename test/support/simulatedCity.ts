import { startTimeBeacon } from "../../src/broker/timeBeacon";
import { VirtualBroker } from "../../src/broker/virtual/virtualBroker";
import {
  Receiver,
  type EventArrival,
  type Reading,
  type StateArrival,
} from "../../src/city/receiver";
import { CitySimulation, nodeName } from "../../src/sim/citySimulation";
import { MemoryNetwork } from "../../src/sim/network/memoryNetwork";
import type { Network } from "../../src/sim/network/network";
import { Scheduler } from "../../src/sim/scheduler";
import type { Report } from "../../src/sim/virtualNode";
import type { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { streetPoleBus } from "../../src/sim/world/streetPole";
import type { Surroundings } from "../../src/sim/world/surroundings";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";
import { loadFirmware } from "../../src/toolchain/firmware";

/** UTC at the start of every simulated run in the tests: before sunrise in Berkane. */
export const START_UTC_MS = Date.UTC(2026, 2, 20, 5);

/** A reading that passed a node's filters. */
export interface NodeReport extends Report {
  readonly node: string;
}

/** A city for a test. */
export interface CityUnderTest {
  readonly city: CitySimulation;
  readonly scheduler: Scheduler;
  /** UTC at the start of the run. */
  readonly startUtcMs: number;
  readonly broker: VirtualBroker;
  /** The nodes' ways to the broker, to break them. */
  readonly network: MemoryNetwork;
  readonly receiver: Receiver;
  /** The I2C bus of each node, to switch faults of its chips on. */
  readonly buses: Map<string, VirtualI2cBus>;
  readonly readings: Reading[];
  /** What the nodes' filters let through, as each node printed it. */
  readonly reports: NodeReport[];
  readonly events: EventArrival[];
  readonly states: StateArrival[];
  readonly bad: string[];
  readonly log: string[];
  /** When the nodes switched their lights, on and off. */
  readonly lights: { readonly timeMs: number; readonly lit: boolean }[];
  /** Runs for so much virtual time, as fast as it goes. */
  run(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** What can differ from one test to the next. */
export interface CityUnderTestOptions {
  readonly nodes?: number;
  readonly seed?: number;
  readonly configuration?: object;
  readonly surroundings?: (node: string) => Surroundings;
  /** The chips of each node; those of a street pole by default. */
  readonly bus?: (surroundings: Surroundings) => VirtualI2cBus;
  /** Where the nodes' sockets lead; into the embedded broker by default. */
  readonly network?: Network;
  readonly brokerAddress?: { host: string; port: number; tls: boolean };
  readonly password?: string;
  /** Whether the city says the time; it does by default. */
  readonly beacon?: boolean;
  /** Another program than the firmware. */
  readonly bytecode?: Uint8Array;
  /** Makes the nodes print every reading, which fills `reports`. */
  readonly trace?: boolean;
}

/** Builds a city of the real firmware around an embedded broker, and powers it on. */
export async function startCity(options: CityUnderTestOptions = {}): Promise<CityUnderTest> {
  const seed = options.seed ?? 1;
  const scheduler = new Scheduler();
  const broker = new VirtualBroker(scheduler);
  const network = new MemoryNetwork(scheduler, broker, seed);
  if (options.beacon !== false)
    startTimeBeacon(broker, "berkane", {
      utcMs: () => START_UTC_MS + scheduler.nowMs,
      after: (delayMs, callback) => scheduler.after(delayMs, callback),
    });
  const readings: Reading[] = [];
  const reports: NodeReport[] = [];
  const events: EventArrival[] = [];
  const states: StateArrival[] = [];
  const bad: string[] = [];
  const log: string[] = [];
  const lights: { timeMs: number; lit: boolean }[] = [];
  const buses = new Map<string, VirtualI2cBus>();
  const receiver = new Receiver({
    reading: (reading) => readings.push(reading),
    event: (event) => events.push(event),
    state: (state) => states.push(state),
    bad: ({ topic, reason }) => bad.push(`${topic}: ${reason}`),
  });
  broker.onPublish((topic, payload) =>
    receiver.receive(topic, payload, START_UTC_MS + scheduler.nowMs),
  );
  const city = new CitySimulation({
    city: "berkane",
    nodes: Array.from({ length: options.nodes ?? 1 }, (_, i) => nodeName("berkane", i + 1)),
    seed,
    bytecode: options.bytecode ?? loadFirmware().bytecode,
    scheduler,
    network: options.network ?? network,
    broker: options.brokerAddress ?? { host: "broker.invalid", port: 1883, tls: false },
    password: options.password,
    configuration: options.configuration ?? {},
    bus: (node) => {
      const surroundings =
        options.surroundings?.(node) ?? new SyntheticDay({ seed, node, startUtcMs: START_UTC_MS });
      const bus = (options.bus ?? streetPoleBus)(surroundings);
      buses.set(node, bus);
      return bus;
    },
    ...(options.trace ? { onReport: (node, report) => reports.push({ ...report, node }) } : {}),
    onLight: (_node, lit) => lights.push({ timeMs: scheduler.nowMs, lit }),
    onLog: (node, line) => log.push(`${(scheduler.nowMs / 1000).toFixed(3)} ${node} ${line}`),
  });
  await city.powerOn();
  return {
    city,
    scheduler,
    startUtcMs: START_UTC_MS,
    broker,
    network,
    receiver,
    buses,
    readings,
    reports,
    events,
    states,
    bad,
    log,
    lights,
    run: (ms) => city.run(scheduler.nowMs + ms, Infinity),
    close: async () => city.powerOff(),
  };
}
