import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  METRIC_COUNT,
  metricDecimals,
  metricIndex,
  metricName,
  metricUnit,
} from "../../devs/contract/metrics";
import { nodeTopic } from "../../devs/contract/topics";
import { RecordCursor, putRecord } from "../../devs/outbox/records";
import { PackTimes, packText } from "../../devs/report/senml";
import {
  BOOTS_CAPACITY,
  Receiver,
  type CityListener,
  type EventArrival,
  type Reading,
  type ReceiverOptions,
  type Way,
} from "../../src/city/receiver";

const CITY = "berkane";
const NODE = "bk-0001";
const NOW_MS = Date.UTC(2026, 2, 20, 12);

function rig(options: ReceiverOptions = {}) {
  const readings: Reading[] = [];
  const reasons: string[] = [];
  const seen: unknown[] = [];
  const listener: CityListener = {
    reading: (reading) => readings.push(reading),
    bad: ({ reason }) => reasons.push(reason),
    event: (arrival) => seen.push(arrival),
    state: (arrival) => seen.push(arrival),
    health: (arrival) => seen.push(arrival),
    gap: (gap) => seen.push(gap),
  };
  const receiver = new Receiver(listener, options);
  const send = (leaf: string, json: unknown, node = NODE, way: Way = {}) =>
    receiver.receive(
      nodeTopic(CITY, node, leaf),
      Buffer.from(typeof json === "string" ? json : JSON.stringify(json)),
      NOW_MS,
      way,
    );
  return { receiver, readings, reasons, seen, send };
}

function pack(boot: number, seq: number, node = NODE): object[] {
  return [{ bn: `${CITY}/${node}/`, boot, seq, n: "pm25", u: "ug/m3", v: seq }];
}

describe("a pack", () => {
  /** A pack as the firmware writes it: records of metric, value in steps and seconds. */
  function written(
    records: readonly (readonly [number, number, number])[],
    times: PackTimes,
    shiftS: number,
  ): string {
    const bytes = Buffer.alloc(11 * records.length);
    let at = 0;
    let lastS = 0;
    for (const [metric, scaled, timeS] of records) {
      at = putRecord(bytes, at, metric, timeS - lastS, scaled);
      lastS = timeS;
    }
    const cursor = new RecordCursor();
    cursor.open(bytes, 0, 0);
    return Buffer.concat(
      packText(`${CITY}/${NODE}/`, 3, 1, cursor, records.length, times, shiftS),
    ).toString();
  }

  it("as the firmware writes it yields every reading with its name, unit, value and time", () => {
    const record = fc.tuple(
      fc.nat(METRIC_COUNT - 1),
      fc.oneof(fc.integer({ min: -2000, max: 2000 }), fc.integer({ min: -2e9, max: 2e9 })),
      fc.nat(7200),
    );
    const records = fc.array(record, { minLength: 1, maxLength: 48 });
    const nowS = NOW_MS / 1000;
    const timings = fc.constantFrom(
      [PackTimes.Absolute, nowS - 7200] as const,
      [PackTimes.Relative, -7200] as const,
      [PackTimes.Unknown, 0] as const,
    );
    fc.assert(
      fc.property(records, timings, (given, [times, shiftS]) => {
        const { readings, reasons, send } = rig();
        send("up/data", written(given, times, shiftS));
        expect(reasons).toEqual([]);
        const newestS = Math.max(...given.map(([, , timeS]) => timeS));
        const agoS = (timeS: number) =>
          times === PackTimes.Unknown ? newestS - timeS : 7200 - timeS;
        for (let metric = 0; metric < METRIC_COUNT; metric++)
          expect(readings.filter((reading) => reading.metric === metricName(metric))).toEqual(
            given
              .filter(([index]) => index === metric)
              .map(([, scaled, timeS]) => ({
                city: CITY,
                node: NODE,
                metric: metricName(metric),
                unit: metricUnit(metric),
                value: scaled / 10 ** metricDecimals(metric) + 0,
                timeMs: NOW_MS - 1000 * agoS(timeS),
                boot: 3,
                ...(times === PackTimes.Unknown ? { untimed: true } : {}),
              })),
          );
        expect(readings).toHaveLength(given.length);
      }),
    );
  });

  it("of the longest names is short enough", () => {
    const city = "c".repeat(23);
    const node = "n".repeat(23);
    const { reasons, receiver, readings } = rig();
    const name = metricIndex("temperature");
    const bytes = Buffer.alloc(99);
    const end = [0, 1, 2].reduce((at) => putRecord(bytes, at, name, 1, 2150), 0);
    const cursor = new RecordCursor();
    cursor.open(bytes.subarray(0, end), 0, 0);
    const text = packText(`${city}/${node}/`, 1, 1, cursor, 3, PackTimes.Relative, -3);
    receiver.receive(nodeTopic(city, node, "up/data"), Buffer.concat(text), NOW_MS);
    expect(reasons).toEqual([]);
    expect(readings.map(({ metric }) => metric)).toEqual(Array(3).fill("temperature"));
  });

  it("is resolved by RFC 8428: base fields hold from their record on", () => {
    const { readings, send } = rig();
    const base = NOW_MS / 1000 - 100;
    send("up/data", [
      {
        bn: "berkane/bk-0001/",
        bt: base,
        bu: "lx",
        bv: 20,
        boot: 1,
        seq: 1,
        n: "illuminance",
        v: 1,
      },
      { n: "illuminance", v: 2, t: 5 },
      { bn: "berkane/bk-0001/LAF", bt: base + 50, bu: "dB", bv: 0, v: 55, t: -1 },
    ]);
    expect(readings.map(({ metric, value, timeMs }) => [metric, value, timeMs])).toEqual([
      ["illuminance", 21, 1000 * base],
      ["illuminance", 22, 1000 * (base + 5)],
      ["LAF", 55, 1000 * (base + 49)],
    ]);
  });

  const [good] = pack(1, 1);
  const wrong: [string, unknown, string][] = [
    ["no JSON", "{", "payload: expected JSON"],
    ["no array", {}, "payload: expected an array of SenML records"],
    ["no record", [], "payload: expected 1 to 512 SenML records"],
    ["a record that is no object", [good, 5], "[1]: expected an object, got 5"],
    ["no boot count", [{ ...good, boot: undefined }], "[0].boot: expected a whole number from 0"],
    ["sequence number 0", [{ ...good, seq: 0 }], "[0].seq: expected a whole number from 1"],
    ["another node's name", pack(1, 1, "bk-0002"), "[0].n: expected a name that begins with"],
    ["no metric", [{ ...good, n: "" }], "[0].n: expected a text of 1 to 64 characters"],
    ["a strange metric", [{ ...good, n: "pm 2.5" }], "[0].n: expected a metric's name"],
    ["another unit", [{ ...good, u: "mg/m3" }], '[0].u: expected ug/m3, got "mg/m3"'],
    ["no unit", [{ ...good, u: undefined }], "[0].u: expected ug/m3, got nothing"],
    ["a text as value", [good, { n: "pm1", u: "ug/m3", v: "5" }], "[1].v: expected a number"],
    ["no value", [{ ...good, v: undefined }], "[0].v: expected a number, got nothing"],
    [
      "an infinite value",
      '[{"bn":"berkane/bk-0001/","boot":1,"seq":1,"n":"pm25","u":"ug/m3","v":1e999}]',
      "[0].v: expected a number",
    ],
    ["a time in two days", [{ ...good, t: 172800 }], "[0].t: expected a time at most a day ahead"],
    ["a time before 1970", [{ ...good, t: -1e300 }], "[0].t: expected a time after 1970"],
    ["an odd mark", [{ ...good, untimed: 1 }], "[0].untimed: expected true, got 1"],
    ["another version", [{ ...good, bver: 11 }], "[0].bver: expected version 10, got 11"],
    ["a label to be understood", [{ ...good, geo_: 1 }], "[0].geo_: expected no label that ends"],
    ["too many records", Array(513).fill(good), "payload: expected 1 to 512 SenML records"],
  ];
  it.each(wrong)("with %s is refused whole, by the name of the field", (_, json, reason) => {
    const { receiver, readings, reasons, send } = rig();
    send("up/data", json);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain(reason);
    expect(readings).toEqual([]);
    expect(receiver.counters).toEqual({ messages: 1, duplicates: 0, gaps: 0, bad: 1 });
  });
});

describe("the other messages", () => {
  it("are passed on with their origin", () => {
    const { seen, reasons, send } = rig();
    const birth = { state: "online", reason: "boot", boot: 2, version: "0.1.0", chips: ["SEN55"] };
    const event = {
      event: "sensor-fault",
      boot: 2,
      seq: 1,
      chip: "SEN55",
      reason: "bad-crc",
      t: -3,
    };
    const health = {
      boot: 2,
      uptimeS: 60,
      start: "power-on",
      samples: 100,
      rejected: 1,
      reported: 4,
      published: 2,
      acknowledged: 2,
      dropped: 0,
      thinned: 0,
      refused: 0,
      waiting: 0,
      kept: 0,
      beaconsRefused: 0,
      reconnects: 0,
      sensorFaults: 1,
      badMessages: 0,
    };
    send("up/state", birth);
    send("up/event", event);
    send("up/health", { ...health, rssi: -70 });
    const origin = { city: CITY, node: NODE };
    expect(reasons).toEqual([]);
    expect(seen).toEqual([
      { ...origin, state: birth, arrivedMs: NOW_MS },
      { ...origin, event, timeMs: NOW_MS - 3000 },
      { ...origin, health: { ...health, rssi: -70 }, arrivedMs: NOW_MS },
    ]);
  });

  it("that waited at the broker have a time only where it is absolute", () => {
    const { readings, seen, send } = rig();
    const bt = NOW_MS / 1000 - 7200;
    const [record] = pack(1, 1);
    send("up/data", [{ ...record, t: -5 }], NODE, { waited: true });
    send("up/data", [{ ...record, seq: 2, bt }], NODE, { waited: true });
    send("up/event", { event: "sensor-ok", boot: 1, seq: 3, t: -5 }, NODE, { waited: true });
    send("up/event", { event: "sensor-ok", boot: 1, seq: 4, t: bt }, NODE, { waited: true });
    const times = [
      [NOW_MS - 5000, true],
      [NOW_MS - 7_200_000, undefined],
    ];
    expect(readings.map(({ timeMs, untimed }) => [timeMs, untimed])).toEqual(times);
    const events = seen as EventArrival[];
    expect(events.map(({ timeMs, untimed }) => [timeMs, untimed])).toEqual(times);
  });

  it("says of an event without a time that nobody knows when it was", () => {
    const { seen, send } = rig();
    const event = { event: "sensor-ok", boot: 1, seq: 1, chip: "sen55" };
    send("up/event", event);
    expect(seen).toEqual([{ city: CITY, node: NODE, event, timeMs: NOW_MS, untimed: true }]);
  });

  it.each([
    ["up/state", { state: "asleep" }, 'state: expected online or offline, got "asleep"'],
    ["up/state", { state: "online", reason: "boot", boot: -1 }, "boot: expected a whole number"],
    ["up/state", { state: "online", reason: "a\u001b[2Jb", boot: 1 }, "reason: expected visible"],
    [
      "up/state",
      { state: "online", reason: "boot", boot: 1, chips: ["a", 5] },
      "chips[1]: expected",
    ],
    ["up/event", { boot: 1, seq: 1 }, "event: expected a text"],
    ["up/event", { event: "sensor-ok", boot: 1 }, "seq: expected a whole number from 1"],
    ["up/event", { event: "sensor-ok", boot: 1, seq: 1, t: "now" }, "t: expected a number"],
    ["up/health", { boot: 1 }, "uptimeS: expected a whole number"],
    ["up/health", [], "payload: expected an object, got an array"],
    ["up/health", null, "payload: expected an object, got nothing"],
  ])("on %s are refused by the name of the field", (leaf, json, reason) => {
    const { seen, reasons, send } = rig();
    send(leaf, json);
    expect(seen).toEqual([]);
    expect(reasons[0]).toContain(reason);
  });

  it("that are no node's, or delete a retained state, are no fault", () => {
    const { receiver, reasons, send } = rig();
    receiver.receive("streetnode/v1/berkane/all/down/time", Buffer.from("1"), NOW_MS);
    receiver.receive("streetnode/v1/berkane/bk-0001/down/config", Buffer.from("1"), NOW_MS);
    receiver.receive("other/v1/berkane/bk-0001/up/data", Buffer.from("1"), NOW_MS);
    expect(receiver.counters.messages).toBe(0);
    send("up/state", "");
    send("up/config", "");
    send("up/reply", "{}");
    expect(reasons).toEqual([]);
    receiver.receive("streetnode/v1/berkane/BK/up/data", Buffer.from("1"), NOW_MS);
    expect(reasons[0]).toContain("topic: expected a node's name that must have 3 to 23 characters");
  });
});

describe("delivery", () => {
  /** Copies of each of `count` messages, none to three, in any order. */
  const deliveries = fc.integer({ min: 1, max: 40 }).chain((count) =>
    fc
      .array(fc.integer({ min: 0, max: 3 }), { minLength: count, maxLength: count })
      .chain((copies) => {
        const sent = copies.flatMap((n, i) => Array<number>(n).fill(i + 1));
        return fc.shuffledSubarray(sent, { minLength: sent.length });
      }),
  );

  it("is accounted exactly: any order, duplication and loss, packs and events in one sequence", () => {
    fc.assert(
      fc.property(deliveries, (order) => {
        const { receiver, readings, seen, send } = rig();
        for (const seq of order) {
          if (seq % 5 === 0) send("up/event", { event: "sensor-ok", boot: 1, seq });
          else send("up/data", pack(1, seq));
        }
        const distinct = new Set(order);
        const highest = Math.max(0, ...order);
        expect(receiver.counters).toEqual({
          messages: order.length,
          duplicates: order.length - distinct.size,
          gaps: highest - distinct.size,
          bad: 0,
        });
        const events = seen.filter((one) => Object.hasOwn(one as object, "event"));
        expect(readings.length + events.length).toBe(distinct.size);
        expect(new Set(readings.map((reading) => reading.value)).size).toBe(readings.length);
      }),
    );
  });

  it("is counted for each node and boot on its own", () => {
    const { receiver, seen, send } = rig();
    send("up/data", pack(1, 1));
    send("up/data", pack(2, 1));
    send("up/data", pack(2, 3));
    send("up/data", pack(1, 1, "bk-0002"), "bk-0002");
    expect(receiver.counters).toEqual({ messages: 4, duplicates: 0, gaps: 1, bad: 0 });
    expect(seen).toEqual([{ city: CITY, node: NODE, boot: 2, from: 2, to: 2 }]);
  });

  it("that was joined midway has no gap before its first message, nor in an older boot", () => {
    const { receiver, send } = rig({ joinsMidway: true });
    send("up/data", pack(5, 700));
    send("up/data", pack(4, 300));
    expect(receiver.counters.gaps).toBe(0);
    send("up/data", pack(6, 3));
    expect(receiver.counters.gaps).toBe(2);
  });

  it("passes nothing twice when a node has booted more often than is remembered", () => {
    const { receiver, readings, send } = rig();
    for (let boot = 1; boot <= 2 * BOOTS_CAPACITY; boot++) send("up/data", pack(boot, 1));
    for (let boot = 1; boot <= 2 * BOOTS_CAPACITY; boot++) send("up/data", pack(boot, 1));
    expect(readings).toHaveLength(2 * BOOTS_CAPACITY);
    expect(receiver.counters.duplicates).toBe(2 * BOOTS_CAPACITY);
  });

  it("takes nothing twice when the broker sends two births and what was between them again", () => {
    const { receiver, readings, send } = rig();
    const born = (boot: number) => ({ state: "online", reason: "boot", boot });
    for (const way of [{}, { again: true }])
      for (const boot of [5, 6]) {
        send("up/state", born(boot), NODE, way);
        send("up/data", pack(boot, 1), NODE, way);
      }
    expect(readings).toHaveLength(2);
    expect(receiver.counters).toMatchObject({ duplicates: 2, gaps: 0 });
    // A node whose flash was erased: its birth may come again, too.
    send("up/state", born(1), NODE, { again: true });
    send("up/data", pack(1, 1));
    expect(readings).toHaveLength(3);
  });

  it("starts again when a birth says that the boot count went back: the flash was erased", () => {
    const { receiver, readings, send } = rig();
    send("up/state", { state: "online", reason: "boot", boot: 9 });
    send("up/data", pack(1, 1));
    send("up/data", pack(9, 1));
    send("up/state", { state: "online", reason: "boot", boot: 1 });
    send("up/data", pack(1, 1));
    expect(readings).toHaveLength(3);
    expect(receiver.counters.duplicates).toBe(0);
  });
});

describe("any bytes on any topic", () => {
  const leaf = fc.constantFrom("up/data", "up/event", "up/state", "up/health", "up/config", "up/x");
  const names = fc.constantFrom(
    "bn",
    "bt",
    "bu",
    "bv",
    "bver",
    "boot",
    "seq",
    "n",
    "u",
    "v",
    "t",
    "state",
    "reason",
    "event",
    "chips",
    "__proto__",
    "constructor",
    "toString",
  );
  const member = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(1, 2, "berkane/bk-0001/", "pm25", "ug/m3", "online", 1e308, -1e308, 2 ** 53),
  );
  const record = fc.dictionary(names, member);
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.array(record, { maxLength: 4 }).map((pack) => Buffer.from(JSON.stringify(pack))),
    record.map((one) => Buffer.from(JSON.stringify(one))),
    fc.nat({ max: 100_000 }).map((depth) => Buffer.from("[".repeat(depth))),
  );

  it("never throw, are counted, and yield only sound readings", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(leaf, payload), { maxLength: 20 }), (messages) => {
        const { receiver, readings } = rig();
        for (const [topic, bytes] of messages)
          receiver.receive(nodeTopic(CITY, NODE, topic), bytes, NOW_MS);
        expect(receiver.counters.messages).toBe(messages.length);
        for (const { value, timeMs } of readings) {
          expect(Number.isFinite(value)).toBe(true);
          expect(Number.isFinite(new Date(timeMs).getTime())).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("never throw as a topic", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (city, node) => {
        const { receiver } = rig();
        receiver.receive(`streetnode/v1/${city}/${node}/up/data`, Buffer.from("[]"), NOW_MS);
        receiver.receive(city, Buffer.from("[]"), NOW_MS);
      }),
    );
  });
});
