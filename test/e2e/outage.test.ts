import { afterEach, describe, expect, it } from "vitest";
import type { HealthMessage } from "../../devs/contract/messages";
import { METRIC_COUNT, metricName } from "../../devs/contract/metrics";
import { UP_HEALTH } from "../../devs/contract/topics";
import { judgeDelivery } from "../support/deliveryProof";
import { startCity, type CityUnderTest } from "../support/simulatedCity";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Limit of a test through many hours, in real time. */
const LONG_RUN_MS = 300_000;
const NODE = "bk-0001";
/** Readings that wait for a minute at most, so that a test need not wait for long. */
const A_MINUTE = { release: { periodS: 60 } };
/** The same, and health soon enough to see what a test counted. */
const TELLING = { ...A_MINUTE, health: { periodS: 60 } };

/** Every channel at one period, and every sample a report. */
function everySample(periodS: number, only?: string): object {
  const report = { deadband: 0, heartbeatS: periodS };
  const names = Array.from({ length: METRIC_COUNT }, (_, i) => metricName(i));
  return {
    ...A_MINUTE,
    // The figures of a noise window come at its end.
    noise: { windowS: Math.max(10, periodS) },
    channels: Object.fromEntries(
      names.map((name) => [
        name,
        only === undefined || name === only ? { on: true, periodS, report } : { on: false },
      ]),
    ),
  };
}

let city: CityUnderTest | undefined;

afterEach(async () => {
  await city?.close();
  city = undefined;
});

/** Expects that the city has every reading once, in order, or that the node said what it let go. */
function expectDelivered(run: CityUnderTest): void {
  const verdict = judgeDelivery(run);
  const health = run.city.nodes[0]?.health;
  const given = { ...verdict, lost: verdict.lost.length, health };
  expect(verdict.reported, JSON.stringify(given)).toBeGreaterThan(20);
  expect(verdict.lost).toEqual([]);
  expect(verdict.invented).toEqual([]);
  expect(verdict.disordered).toEqual([]);
  expect(run.bad).toEqual([]);
  expect(run.receiver.counters.gaps).toBe(0);
  expect(run.city.nodes[0]?.panics).toBe(0);
}

/** The health messages that reach the broker from now on; the console cuts them. */
function healthOf(run: CityUnderTest): Partial<HealthMessage>[] {
  const told: Partial<HealthMessage>[] = [];
  run.broker.onPublish((topic, payload) => {
    if (topic.endsWith(UP_HEALTH)) told.push(JSON.parse(Buffer.from(payload).toString()));
  });
  return told;
}

/** Expects that the node did not need more of its 64 KB than 36, with all that waited for the broker. */
function expectLittleHeap(run: CityUnderTest): void {
  const { liveBytes = NaN } = run.city.nodes[0]?.heapPeaks ?? {};
  expect(liveBytes).toBeGreaterThan(16 * 1024);
  expect(liveBytes).toBeLessThan(36 * 1024);
}

describe("a node whose broker is away", () => {
  for (const [name, sessions] of [
    ["with its sessions kept", "kept"],
    ["with its sessions lost", "lost"],
  ] as const)
    it(`loses nothing in 10 s, ${name}`, async () => {
      city = await startCity({ trace: true, configuration: TELLING });
      const told = healthOf(city);
      await city.run(3 * MINUTE_MS);
      city.broker.stop({ sessions });
      await city.run(10 * SECOND_MS);
      city.broker.start();
      await city.run(5 * MINUTE_MS);
      expectDelivered(city);
      // The first message tells of the time before, when nothing had failed.
      expect(told[0]?.connectFailures).toBeUndefined();
      expect(told.at(-1)?.connectFailures).toBeGreaterThan(0);
      expect(told.at(-1)?.timeouts).toBeUndefined();
    });

  it("loses nothing when the broker's machine goes without a word", async () => {
    city = await startCity({ trace: true, configuration: A_MINUTE });
    await city.run(3 * MINUTE_MS);
    city.broker.stop({ sessions: "kept", silently: true });
    await city.run(30 * SECOND_MS);
    city.broker.start();
    await city.run(8 * MINUTE_MS);
    expectDelivered(city);
  });
});

describe("a hundred nodes whose broker comes back after 20 s", () => {
  it(
    "are back within 5 s in the median, and not all in one second",
    async () => {
      const nodes = 100;
      const configuration = { ...everySample(60, "LAF"), noise: { on: false } };
      city = await startCity({ nodes, configuration });
      await city.run(MINUTE_MS);
      expect(city.broker.connected).toBe(nodes);
      city.broker.stop({ sessions: "kept" });
      await city.run(20 * SECOND_MS);
      const backMs: number[] = [];
      const { scheduler } = city;
      const returnMs = scheduler.nowMs;
      city.broker.onConnect(() => backMs.push(scheduler.nowMs - returnMs));
      city.broker.start();
      await city.run(2 * MINUTE_MS);
      expect(backMs).toHaveLength(nodes);
      expect(backMs[nodes / 2]).toBeLessThanOrEqual(5 * SECOND_MS);
      // The fullest second of any that begins with a connection.
      const together = backMs.map(
        (fromMs) => backMs.filter((ms) => ms >= fromMs && ms < fromMs + SECOND_MS).length,
      );
      expect(Math.max(...together)).toBeLessThan(nodes / 4);
    },
    LONG_RUN_MS,
  );
});

describe(
  "a node whose broker is away for long",
  () => {
    it("loses nothing in an hour of everything that it measures by default", async () => {
      city = await startCity({ trace: true, configuration: A_MINUTE });
      await city.run(5 * MINUTE_MS);
      city.broker.stop({ sessions: "kept" });
      await city.run(HOUR_MS);
      city.broker.start();
      await city.run(15 * MINUTE_MS);
      expect(city.reports.length).toBeGreaterThan(300);
      expectDelivered(city);
    });

    it("loses nothing in twelve hours of all its metrics every ten minutes", async () => {
      city = await startCity({ trace: true, configuration: everySample(600) });
      await city.run(10 * MINUTE_MS);
      city.broker.stop({ sessions: "lost" });
      await city.run(12 * HOUR_MS);
      city.broker.start();
      await city.run(30 * MINUTE_MS);
      expect(city.reports.length).toBeGreaterThan(1200);
      expectDelivered(city);
    });

    it("needs little of its heap when outbox and journal are full, as after four hours of its defaults", async () => {
      city = await startCity({ trace: true });
      await city.run(10 * MINUTE_MS);
      city.broker.stop({ sessions: "kept" });
      await city.run(4 * HOUR_MS);
      city.broker.start();
      await city.run(45 * MINUTE_MS);
      const verdict = judgeDelivery(city);
      const { thinned = NaN, dropped = NaN, refused = NaN } = city.city.nodes[0]?.health ?? {};
      expect(verdict.lost.length).toBe(thinned + dropped + refused);
      expect(verdict.delivered).toBeGreaterThan(1000);
      expect(verdict.invented).toEqual([]);
      expect(verdict.disordered).toEqual([]);
      expectLittleHeap(city);
    });

    it("says exactly how many readings it let go when they are more than it can hold", async () => {
      city = await startCity({ trace: true, configuration: everySample(2, "LAF") });
      await city.run(10 * MINUTE_MS);
      city.broker.stop({ sessions: "kept" });
      await city.run(3 * HOUR_MS);
      city.broker.start();
      await city.run(30 * MINUTE_MS);
      const verdict = judgeDelivery(city);
      const health = city.city.nodes[0]?.health;
      const { thinned = NaN, dropped = NaN, refused = NaN } = health ?? {};
      expect(verdict.lost.length).toBe(thinned + dropped + refused);
      expect(thinned).toBeGreaterThan(1000);
      expect(dropped + refused).toBe(0);
      expect(verdict.invented).toEqual([]);
      expect(verdict.disordered).toEqual([]);
      expect(verdict.delivered).toBeGreaterThan(2000);
      expectLittleHeap(city);
    });
  },
  LONG_RUN_MS,
);

describe("a node whose network is bad", () => {
  it("loses nothing where segments are lost and late", async () => {
    city = await startCity({ trace: true, configuration: A_MINUTE });
    city.network.path(NODE).setConditions({ lossShare: 0.15, delayMs: 300, jitterMs: 400 });
    await city.run(20 * MINUTE_MS);
    city.network.path(NODE).setConditions({});
    await city.run(5 * MINUTE_MS);
    expectDelivered(city);
  });

  it("notices a half-open connection within one and a half keep-alives, and loses nothing", async () => {
    city = await startCity({ trace: true, configuration: TELLING });
    const told = healthOf(city);
    await city.run(3 * MINUTE_MS);
    city.network.path(NODE).halfOpen();
    const mutedMs = city.scheduler.nowMs;
    const connects = city.broker.connects;
    while (city.broker.connects === connects && city.scheduler.nowMs < mutedMs + 5 * MINUTE_MS)
      await city.run(SECOND_MS);
    expect(city.scheduler.nowMs - mutedMs).toBeLessThanOrEqual(90 * SECOND_MS);
    await city.run(5 * MINUTE_MS);
    expectDelivered(city);
    expect(told.at(-1)?.timeouts).toBe(1);
  });

  it("loses nothing while its own network comes and goes", async () => {
    city = await startCity({ trace: true, configuration: A_MINUTE });
    const path = city.network.path(NODE);
    for (let i = 1; i <= 6; i++) {
      await city.run(MINUTE_MS);
      path.disconnect();
      await city.run(i * 5 * SECOND_MS);
      path.reconnect();
    }
    await city.run(5 * MINUTE_MS);
    expectDelivered(city);
  });

  it("loses nothing wherever a connection is cut", async () => {
    // A message every few seconds, so that every cut has one to fall into.
    city = await startCity({ trace: true, configuration: { release: { periodS: 5 } } });
    const path = city.network.path(NODE);
    await city.run(30 * SECOND_MS);
    // Steps without a common factor: each cut falls into another part of another packet.
    for (let i = 0; i < 60; i++) {
      if (i % 3 === 2) path.cutAfter("down", (i * 7) % 40);
      else path.cutAfter("up", (i * 37) % 500);
      await city.run(15 * SECOND_MS);
    }
    path.cutAfter("up", Infinity);
    path.cutAfter("down", Infinity);
    await city.run(5 * MINUTE_MS);
    expect(city.broker.connects).toBeGreaterThan(10);
    expectDelivered(city);
  });
});
