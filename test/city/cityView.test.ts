import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CityView, HISTORY_MS, type Point } from "../../src/city/cityView";

const NODE = "bk-0001";
const ORIGIN = { city: "berkane", node: NODE };
const START_MS = Date.UTC(2026, 2, 20, 12);

function rig() {
  let nowMs = START_MS;
  const view = new CityView({ city: "berkane", now: () => nowMs });
  return {
    view,
    at: (ms: number) => (nowMs = ms),
    read: (timeMs: number, value: number, metric = "pm25", boot?: number) =>
      view.reading({
        ...ORIGIN,
        metric,
        unit: "ug/m3",
        value,
        timeMs,
        ...(boot === undefined ? {} : { boot }),
      }),
    state: (state: "online" | "offline", boot: number, reason = "boot") =>
      view.state({ ...ORIGIN, state: { state, reason, boot }, arrivedMs: nowMs }),
    event: (event: string, chip: string, boot = 1) =>
      view.event({ ...ORIGIN, event: { event, chip, boot, seq: 1 }, timeMs: nowMs }),
    node: () => view.nodes()[0],
  };
}

describe("CityView", () => {
  it("shows the reading with the newest time, in whatever order they come", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -HISTORY_MS + 1, max: 0 }), { minLength: 1 }),
        (offsets) => {
          const { read, node, view } = rig();
          for (const offset of offsets) read(START_MS + offset, offset);
          expect(node().metrics["pm25"].value).toBe(Math.max(...offsets));
          const times = view.history(NODE)?.history["pm25"].map(([timeMs]) => timeMs - START_MS);
          expect(times).toEqual([...offsets].sort((a, b) => a - b));
        },
      ),
    );
  });

  it("takes no reading for one of now whose time nobody knows, and says so of an event", () => {
    const { view, read, node, at } = rig();
    read(START_MS, 1);
    at(START_MS + 5000);
    const timeMs = START_MS + 5000;
    const before = { ...ORIGIN, timeMs, untimed: true } as const;
    view.reading({ ...before, metric: "pm25", unit: "ug/m3", value: 99 });
    view.restoreReading({ ...before, metric: "pm25", unit: "ug/m3", value: 98 });
    view.event({ ...before, event: { event: "sensor-ok", chip: "sen55", boot: 1, seq: 1 } });
    expect(node().metrics["pm25"].value).toBe(1);
    expect(view.history(NODE)?.history["pm25"]).toEqual([[START_MS, 1]]);
    expect(node().events).toEqual([
      { event: "sensor-ok", chip: "sen55", boot: 1, timeMs, untimed: true },
    ]);
  });

  it("keeps an hour, and the value that held when the hour began", () => {
    const { read, view, at } = rig();
    for (let minute = 0; minute <= 90; minute += 10) {
      at(START_MS + minute * 60_000);
      read(START_MS + minute * 60_000, minute);
    }
    at(START_MS + 95 * 60_000);
    expect(view.history(NODE)?.history["pm25"].map(([, value]) => value)).toEqual([
      30, 40, 50, 60, 70, 80, 90,
    ]);
  });

  it("keeps its memory bounded, however much a node sends", () => {
    const { read, view, event, node } = rig();
    for (let i = 0; i < 5000; i++) read(START_MS + i, i);
    for (let i = 0; i < 200; i++) read(START_MS, i, `metric${i}`);
    for (let i = 0; i < 200; i++) event("sensor-fault", `chip${i}`);
    expect(view.history(NODE)?.history["pm25"]).toHaveLength(1800);
    expect(Object.keys(node().metrics)).toHaveLength(64);
    expect(node().events).toHaveLength(20);
    expect(node().open).toHaveLength(32);
  });

  it("knows since when a node is in its state", () => {
    const { state, node, at } = rig();
    state("online", 1);
    at(START_MS + 1000);
    state("online", 1);
    expect(node()).toMatchObject({ state: "online", sinceMs: START_MS });
    at(START_MS + 2000);
    state("offline", 1, "connection-lost");
    expect(node()).toMatchObject({ state: "offline", sinceMs: START_MS + 2000 });
  });

  it("keeps faults open until they end or the node starts anew", () => {
    const { state, event, node } = rig();
    state("online", 1);
    event("sensor-fault", "sen5x");
    event("alarm-raised", "sen5x");
    event("sensor-fault", "veml7700");
    event("sensor-ok", "sen5x");
    const open = () => node().open.map(({ event, chip }) => `${event} ${chip}`);
    expect(open()).toEqual(["alarm-raised sen5x", "sensor-fault veml7700"]);
    state("online", 1, "reconnected");
    expect(open()).toHaveLength(2);
    state("online", 2);
    expect(open()).toEqual([]);
    event("sensor-fault", "ina226", 1);
    expect(open()).toEqual([]);
    expect(node().events[0].chip).toBe("ina226");
  });

  it("knows from when on readings are of the node's present boot", () => {
    const { state, read, node, at } = rig();
    read(START_MS - 60_000, 1, "pm25", 4);
    expect(node().measuredFromMs).toBe(START_MS - 60_000);
    at(START_MS);
    state("online", 5);
    expect(node().measuredFromMs).toBe(START_MS);
    // Measured before it was connected, and what the boot before had left to send.
    read(START_MS - 20_000, 2, "pm25", 5);
    read(START_MS - 40_000, 3, "pm25", 4);
    read(START_MS + 1000, 4, "pm25", 5);
    state("online", 5, "reconnected");
    expect(node().measuredFromMs).toBe(START_MS - 20_000);
    // Its flash was erased: it counts from the beginning.
    at(START_MS + 60_000);
    state("online", 1);
    expect(node().measuredFromMs).toBe(START_MS + 60_000);
  });

  it("leaves other cities alone", () => {
    const { view } = rig();
    view.reading({
      city: "oujda",
      node: NODE,
      metric: "pm25",
      unit: "ug/m3",
      value: 1,
      timeMs: START_MS,
    });
    expect(view.nodes()).toEqual([]);
    expect(view.history(NODE)).toBeUndefined();
  });

  it("gathers what changed since the last call, and nothing twice", () => {
    const { view, read, state } = rig();
    read(START_MS, 1);
    const feed = view.openFeed();
    expect(feed.take()).toEqual([]);
    read(START_MS + 1, 2);
    read(START_MS + 2, 3);
    state("online", 1);
    const [change] = feed.take();
    const points: Point[] = [
      [START_MS + 1, 2],
      [START_MS + 2, 3],
    ];
    expect(change).toMatchObject({ node: NODE, state: "online", points: { pm25: points } });
    expect(change.metrics["pm25"].value).toBe(3);
    expect(feed.take()).toEqual([]);
    state("offline", 1);
    expect(feed.take()).toMatchObject([{ state: "offline", metrics: {}, points: {} }]);
    feed.close();
    read(START_MS + 3, 4);
    expect(feed.take()).toEqual([]);
  });
});
