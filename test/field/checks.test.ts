import { describe, expect, it } from "vitest";
import type { ConfigReportMessage, HealthMessage } from "../../devs/contract/messages";
import type { EventView, MetricView, NodeHistory, Point } from "../../src/city/cityView";
import { SETTLE_MS, checkNode } from "../../src/field/checks";
import { plausibleSpan } from "../../src/field/plausible";

/** A March noon in Berkane. */
const NOON_MS = Date.UTC(2026, 2, 20, 12);
const MIDNIGHT_MS = Date.UTC(2026, 2, 20, 0);
const CONFIG: ConfigReportMessage = {
  version: 0,
  hash: "00000000",
  status: "in-force",
  config: {},
};

function metric(value: number, unit: string, timeMs = NOON_MS): MetricView {
  return { value, unit, decimals: 1, timeMs, staleAfterMs: 960_000 };
}

const GOOD: NodeHistory = {
  node: "bk-0001",
  state: "online",
  reason: "boot",
  sinceMs: NOON_MS - 60_000,
  boot: 1,
  version: "0.1.0",
  board: "simulator",
  chips: ["sen55", "veml7700", "ina226", "sen0232"],
  timed: true,
  heardMs: NOON_MS,
  nowMs: NOON_MS,
  open: [],
  events: [],
  health: { rssiDbm: -60 } as HealthMessage,
  metrics: {
    pm25: metric(12, "ug/m3"),
    temperature: metric(19, "Cel"),
    illuminance: metric(40_000, "lx"),
    LAeq: metric(61, "dB"),
    lampCurrent: metric(0, "mA"),
  },
  history: { lampCurrent: [[NOON_MS - 30_000, 1800] as Point] },
};

const fault = (event: Partial<EventView>): EventView => ({
  event: "sensor-fault",
  boot: 1,
  timeMs: NOON_MS,
  ...event,
});
const without = (...names: string[]): NodeHistory["metrics"] =>
  Object.fromEntries(Object.entries(GOOD.metrics).filter(([name]) => !names.includes(name)));
const SETTLED = { sinceMs: NOON_MS - SETTLE_MS - 1 };

/** What is not as in a good node, and which check says so: `name state reason`. */
const TABLE: [
  what: string,
  node: Partial<NodeHistory> | undefined,
  says: string,
  config?: Partial<ConfigReportMessage> | null,
][] = [
  ["never heard", undefined, "online fail never-heard"],
  ["offline", { state: "offline" }, "online fail offline"],
  ["no health yet", { health: null }, "signal wait no-health"],
  ["a signal that is not measured", { health: {} as HealthMessage }, "signal pass not-measured"],
  ["a fair signal", { health: { rssiDbm: -80 } as HealthMessage }, "signal pass fair"],
  ["a weak signal", { health: { rssiDbm: -86 } as HealthMessage }, "signal fail weak"],
  [
    "SEN55 unplugged",
    { open: [fault({ chip: "sen55", reason: "no-answer" })] },
    "sen55 fail no-answer",
  ],
  ["a bus held low", { open: [fault({ chip: "i2c", reason: "bus-stuck" })] }, "i2c fail bus-stuck"],
  ["a value still to come", { metrics: without("LAeq") }, "sen0232 wait no-value"],
  ["a value that never came", { metrics: without("LAeq"), ...SETTLED }, "sen0232 fail no-value"],
  [
    "an old value",
    { metrics: { ...GOOD.metrics, LAeq: metric(61, "dB", NOON_MS - 3600_000) } },
    "sen0232 wait no-value",
  ],
  [
    "a light sensor that is covered",
    { metrics: { ...GOOD.metrics, illuminance: metric(3, "lx") } },
    "veml7700 fail implausible",
  ],
  ["a lamp never seen on", { history: {} }, "lamp wait switch-on"],
  [
    "a lamp never seen off",
    { metrics: { ...GOOD.metrics, lampCurrent: metric(1800, "mA") } },
    "lamp wait switch-off",
  ],
  ["a lamp seen on at the bench only", { measuredFromMs: NOON_MS - 20_000 }, "lamp wait switch-on"],
  [
    "nothing measured since it was plugged in",
    { measuredFromMs: NOON_MS + 1 },
    "sen55 wait no-value, veml7700 wait no-value, sen0232 wait no-value, lamp wait no-value",
  ],
  [
    "a lamp cable that is off",
    { open: [fault({ event: "lamp-fault", reason: "lamp-out" })] },
    "lamp fail lamp-out",
  ],
  [
    "a lamp meter at fault",
    { open: [fault({ chip: "ina226", reason: "bad-crc" })] },
    "lamp fail bad-crc",
  ],
  ["no clock yet", { timed: false }, "clock wait not-set"],
  ["no clock at all", { timed: false, ...SETTLED }, "clock fail not-set"],
  ["no configuration told", {}, "config wait not-reported", null],
  ["a configuration refused", {}, "config fail refused", { status: "refused" }],
  ["a configuration rolled back", {}, "config fail rolled-back", { status: "rolled-back" }],
];

describe("checks of a node", () => {
  const run = (node: NodeHistory | undefined, config: ConfigReportMessage | null = CONFIG) =>
    checkNode({ node, config, nowMs: NOON_MS });

  it("all pass when all is well, each sensor with its value and what is plausible", () => {
    const checks = run(GOOD);
    expect(checks.map(({ name, state }) => `${name} ${state}`)).toEqual(
      ["online", "signal", "sen55", "veml7700", "sen0232", "lamp", "clock", "config"].map(
        (name) => `${name} pass`,
      ),
    );
    expect(checks.find(({ name }) => name === "veml7700")?.values).toEqual([
      { metric: "illuminance", unit: "lx", value: 40_000, decimals: 1, plausible: [200, 140_000] },
    ]);
  });

  it.each(TABLE)("%s", (_, differs, says, config) => {
    const node = differs && { ...GOOD, ...differs };
    const checks = run(node, config === undefined ? CONFIG : config && { ...CONFIG, ...config });
    const told = checks
      .filter(({ state, reason }) => state !== "pass" || reason !== undefined)
      .map(({ name, state, reason }) => `${name} ${state} ${reason}`);
    expect(told).toEqual(says.split(", "));
  });

  it("leave out what is switched off or not there", () => {
    const names = (node: NodeHistory, config: ConfigReportMessage) =>
      run(node, config).map(({ name }) => name);
    const off = { sensors: { sen55: { on: false } }, lamp: { on: false } };
    expect(names(GOOD, { ...CONFIG, config: off })).not.toContain("sen55");
    expect(names(GOOD, { ...CONFIG, config: off })).not.toContain("lamp");
    expect(names({ ...GOOD, chips: ["sps30"] }, CONFIG)).toEqual([
      "online",
      "signal",
      "sps30",
      "clock",
      "config",
    ]);
  });
});

describe("what is plausible", () => {
  it("follows sun and season", () => {
    expect(plausibleSpan("illuminance", NOON_MS)).toEqual([200, 140_000]);
    expect(plausibleSpan("illuminance", MIDNIGHT_MS)).toEqual([0, 500]);
    const january = plausibleSpan("temperature", Date.UTC(2026, 0, 15)) ?? [0, 0];
    const august = plausibleSpan("temperature", Date.UTC(2026, 7, 12)) ?? [0, 0];
    expect(january[0]).toBeLessThan(0);
    expect(august[0]).toBeGreaterThan(january[0] + 10);
    expect(august[1]).toBe(49);
    expect(plausibleSpan("lampEnergy", NOON_MS)).toBeUndefined();
  });
});
