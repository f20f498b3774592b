import { expect, it } from "vitest";
import { OFFLINE_AFTER_MS, attentionOf } from "../../src/city/attention";
import type { NodeView } from "../../src/city/cityView";

const NOW_MS = 1e12;

function node(name: string, more: Partial<NodeView>): NodeView {
  return {
    node: name,
    state: "online",
    reason: "boot",
    sinceMs: NOW_MS - 3600_000,
    boot: 1,
    version: null,
    board: null,
    heardMs: NOW_MS,
    open: [],
    events: [],
    health: null,
    metrics: {},
    ...more,
  };
}

const event = (name: string, timeMs: number, more: object) => ({
  event: name,
  boot: 1,
  timeMs,
  ...more,
});

it("the worst comes first, then what a crew can mend, then the oldest", () => {
  const place = { pole: "P-1", lat: 0, lon: 0 };
  const found = attentionOf(
    [
      node("a", { open: [event("alarm-raised", 10, { channel: "pm25", severity: "warning" })] }),
      node("b", {
        open: [event("sensor-fault", 30, { chip: "sen55", reason: "no-answer" })],
        place,
      }),
      node("c", { open: [event("lamp-fault", 40, { reason: "lamp-out" })] }),
      node("d", {
        state: "offline",
        reason: "connection-lost",
        sinceMs: NOW_MS - OFFLINE_AFTER_MS,
      }),
      // Away for a moment only.
      node("e", { state: "offline", sinceMs: NOW_MS - OFFLINE_AFTER_MS + 1 }),
      node("f", { open: [event("sensor-fault", 20, { chip: "i2c", reason: "bus-stuck" })] }),
      node("g", { open: [event("lamp-fault", 5, { reason: "day-burner" })] }),
      node("h", { open: [event("alarm-raised", 1, { channel: "no2", severity: "critical" })] }),
      node("i", {}),
    ],
    NOW_MS,
  );
  expect(found.map(({ node: name, cause, severity }) => `${name} ${cause} ${severity}`)).toEqual([
    "f sensor critical",
    "c lamp critical",
    "d offline critical",
    "h alarm critical",
    "g lamp warning",
    "b sensor warning",
    "a alarm warning",
  ]);
  expect(found.find(({ node: name }) => name === "b")).toEqual({
    node: "b",
    pole: "P-1",
    kind: "visit",
    cause: "sensor",
    severity: "warning",
    sinceMs: 30,
    subject: "sen55",
    reason: "no-answer",
  });
});
