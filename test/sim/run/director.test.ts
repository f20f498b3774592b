import { describe, expect, it } from "vitest";
import { VirtualBroker } from "../../../src/broker/virtual/virtualBroker";
import type { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { MemoryNetwork } from "../../../src/sim/network/memoryNetwork";
import { Director } from "../../../src/sim/run/director";
import { cuesOf } from "../../../src/sim/scenario/cues";
import { parseScenario } from "../../../src/sim/scenario/scenario";
import { Scheduler } from "../../../src/sim/scheduler";
import { VirtualNode } from "../../../src/sim/virtualNode";
import { SyntheticDay } from "../../../src/sim/world/syntheticDay";
import { streetPoleBus } from "../../../src/sim/world/streetPole";
import { Conversation, type BrokerUnderTest } from "../../support/mqttConversation";
import { START_UTC_MS } from "../../support/simulatedCity";

const NODE = "bk-0001";
const MINUTE_MS = 60_000;
const ADDRESS = { host: "broker.invalid", port: 1883, tls: false };

/** The broker of a run as a client of that name sees it. */
function brokerSeenBy(client: string, { network, scheduler }: Stage): BrokerUnderTest {
  return {
    connect: () => network.path(client).connect(ADDRESS),
    settle: async () => scheduler.runUntil(scheduler.nowMs + 100),
  };
}

interface Stage {
  readonly scheduler: Scheduler;
  readonly broker: VirtualBroker;
  readonly network: MemoryNetwork;
  readonly bus: VirtualI2cBus;
}

/** Plays these steps to a node without power, and gives what `look` sees 45 s into each minute. */
async function play<T>(
  steps: readonly object[],
  minutes: number,
  look: (stage: Stage) => T,
  begin?: (stage: Stage) => Promise<void>,
): Promise<T[]> {
  const text = JSON.stringify({ description: "overlapping", for: "1h", steps });
  const cues = cuesOf(parseScenario(text, "test"), [NODE], 1);
  const scheduler = new Scheduler();
  const broker = new VirtualBroker(scheduler);
  const network = new MemoryNetwork(scheduler, broker);
  const bus = streetPoleBus(new SyntheticDay({ seed: 1, node: NODE, startUtcMs: START_UTC_MS }));
  const node = new VirtualNode({
    scheduler,
    bus,
    network: network.path(NODE),
    city: "berkane",
    node: NODE,
    seed: 1,
    bytecode: new Uint8Array(0),
    broker: ADDRESS,
    configuration: {},
  });
  const director = new Director({
    city: "berkane",
    scheduler,
    startUtcMs: START_UTC_MS,
    nodes: new Map([[NODE, node]]),
    buses: new Map([[NODE, bus]]),
    broker,
    network,
  });
  const stage = { scheduler, broker, network, bus };
  await begin?.(stage);
  const moments = director.moments(cues);
  const seen: T[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const lookMs = (minute + 0.75) * MINUTE_MS;
    for (let next = moments[0]; next && next.atMs < lookMs; next = moments[0]) {
      scheduler.runUntil(next.atMs);
      await next.act();
      moments.shift();
    }
    scheduler.runUntil(lookMs);
    seen.push(look(stage));
  }
  return seen;
}

describe("steps of a scenario that overlap", () => {
  it("leave a way as bad as what still goes on has it", async () => {
    const seen = await play(
      [
        { do: "network", at: "1m", for: "4m", delayMs: 700 },
        { do: "network", at: "2m", for: "1m", delayMs: 90, lossPct: 100 },
      ],
      6,
      ({ network }) => [network.path(NODE).delayMs(), network.path(NODE).loses()],
    );
    const [good, slow] = [
      [5, false],
      [700, false],
    ];
    expect(seen).toEqual([good, slow, [90, true], slow, slow, good]);
  });

  it("leave a chip with the faults that still go on", async () => {
    const seen = await play(
      [
        { do: "chip-fault", at: "1m", for: "4m", chip: "sen55", fault: { noisePct: 5 } },
        {
          ...{ do: "chip-fault", at: "2m", for: "1m", chip: "sen55" },
          fault: { noisePct: 50, badCrc: true },
        },
        { do: "chip-fault", at: "2m", chip: "veml7700", fault: { noAnswer: true } },
      ],
      6,
      ({ bus }) => {
        const faults = bus.chip("sen55")?.faults.settings;
        return [faults?.noisePct, faults?.badCrc, bus.chip("veml7700")?.faults.settings.noAnswer];
      },
    );
    expect(seen).toEqual([
      [0, false, false],
      [5, false, false],
      [50, true, true],
      [5, false, true],
      [5, false, true],
      [0, false, true],
    ]);
  });

  it("leave the beacon as wrong as what still goes on has it", async () => {
    let reader: Conversation | undefined;
    let heard = 0;
    const seen = await play(
      [
        { do: "beacon-wrong", at: "1m", for: "4m", offsetS: 3600 },
        { do: "beacon-wrong", at: "1m50s", for: "1m", silent: true },
      ],
      6,
      ({ scheduler }) => {
        const messages = reader?.messages() ?? [];
        const [, utcMs] = /"utcMs":(\d+)/.exec(messages.slice(heard).at(-1) ?? "") ?? [];
        heard = messages.length;
        const aheadMs = Number(utcMs) - START_UTC_MS - scheduler.nowMs;
        return utcMs === undefined ? "silent" : Math.abs(Math.round(aheadMs / 3_600_000));
      },
      async (stage) => {
        reader = await Conversation.open(brokerSeenBy("reader", stage), "reader", { keepalive: 0 });
        const subscriptions = [{ topic: "streetnode/v1/berkane/all/down/time", qos: 0 as const }];
        await reader.say({ cmd: "subscribe", messageId: 1, subscriptions });
      },
    );
    expect(seen).toEqual([0, 1, "silent", 1, 1, 0]);
  });

  it("keep the broker down until the last one is over, and let it forget where one says so", async () => {
    const open = (stage: Stage) =>
      Conversation.open(brokerSeenBy("sleeper", stage), "sleeper", { clean: false, keepalive: 0 });
    let last: Stage | undefined;
    const seen = await play(
      [
        { do: "broker-down", at: "1m", for: "2m" },
        { do: "broker-down", at: "2m", for: "2m", sessions: "lost" },
      ],
      5,
      (stage) => {
        last = stage;
        return stage.broker.running;
      },
      async (stage) => {
        await open(stage);
      },
    );
    expect(seen).toEqual([true, false, false, false, true]);
    const back = last && (await open(last));
    expect(back?.heard).toMatchObject([{ cmd: "connack", sessionPresent: false }]);
  });
});
