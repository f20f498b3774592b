import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Outbox, OutboxEvent } from "../../devs/outbox/outbox";
import { outboxCases } from "../shared/outbox.cases";
import { testInBothWorlds } from "../support/sharedCases";
import { runInVm } from "../vm/harness";

interface Reading {
  channel: number;
  value: number;
  timeS: number;
}

/** The records of a pack. */
function read(outbox: Outbox, seq: number): Reading[] {
  const count = outbox.openPack(seq);
  const { cursor } = outbox.log;
  return Array.from({ length: count }, () => {
    expect(cursor.next()).toBe(true);
    const { channel, scaled, timeS } = cursor;
    return { channel, value: scaled / 10 ** decimals(channel), timeS };
  });
}

/** Takes and acknowledges everything; gives the readings in their order. */
function drain(outbox: Outbox, maxRecords = 24): Reading[] {
  const readings: Reading[] = [];
  for (let seq = outbox.take(maxRecords); seq > 0; seq = outbox.take(maxRecords)) {
    readings.push(...read(outbox, seq));
    outbox.acknowledge(seq);
  }
  return readings;
}

const DECIMALS = [1, 2, 0, 1];
const decimals = (channel: number) => DECIMALS[channel % 4];
/** As on the node. */
const LOG_BYTES = 5120;

/** Whether `part` is `whole` with some elements left out. */
function isSubsequence(part: Reading[], whole: Reading[]): boolean {
  let at = 0;
  for (const reading of part) {
    while (at < whole.length && JSON.stringify(whole[at]) !== JSON.stringify(reading)) at++;
    if (at++ >= whole.length) return false;
  }
  return true;
}

describe("outbox", () => {
  it("gives back what it was given, rounded to the channel's decimals", () => {
    const value = fc.double({ min: -200_000, max: 200_000, noNaN: true });
    const reading = fc.record({ channel: fc.nat(255), value, timeS: fc.nat(2_000_000_000) });
    fc.assert(
      fc.property(
        fc.array(reading, { maxLength: 60 }),
        fc.integer({ min: 1, max: 30 }),
        (given, size) => {
          const all = given;
          const outbox = new Outbox(decimals, 700, 4);
          for (const { channel, value: v, timeS } of all)
            expect(outbox.addReading(channel, v, timeS)).toBe(true);
          const expected = all.map((r) => {
            const power = 10 ** decimals(r.channel);
            return { ...r, value: Math.round(r.value * power) / power + 0 };
          });
          expect(drain(outbox, size)).toEqual(expected);
          expect(outbox.readings()).toBe(0);
        },
      ),
    );
  });

  it.each([NaN, Infinity, -Infinity, 3e9])("refuses the value %d and counts it", (value) => {
    const outbox = new Outbox(decimals, 200, 4);
    expect(outbox.addReading(0, value, 1)).toBe(false);
    expect(outbox).toMatchObject({ refused: 1, dropped: 0 });
    expect(outbox.readings()).toBe(0);
  });

  it("sends events before readings", () => {
    const outbox = new Outbox(decimals, 200, 4);
    outbox.addReading(0, 1, 1);
    const event = new OutboxEvent(1, 2, 3, -21.5, 5);
    outbox.addEvent(event);
    const first = outbox.take(10);
    expect(outbox.event(first)).toEqual(event);
    expect(outbox.openPack(first)).toBe(0);
    const second = outbox.take(10);
    expect(outbox.event(second)).toBeUndefined();
    expect(read(outbox, second)).toHaveLength(1);
    expect([first, second]).toEqual([1, 2]);
    expect(outbox.take(10)).toBe(-1);
  });

  it("drops the oldest event that was not sent, where there is no room, and counts it", () => {
    const outbox = new Outbox(decimals, 200, 3);
    outbox.addEvent(new OutboxEvent(0, 0, 0, NaN, 0));
    const sent = outbox.take(1);
    for (let i = 1; i < 6; i++) outbox.addEvent(new OutboxEvent(i, 0, 0, NaN, i));
    expect(outbox.dropped).toBe(3);
    expect(outbox.waitingEvents()).toBe(3);
    const kinds = [sent, outbox.take(1), outbox.take(1)].map((seq) => outbox.event(seq)?.kind);
    expect(kinds).toEqual([0, 4, 5]);
    outbox.addEvent(new OutboxEvent(6, 0, 0, NaN, 6));
    expect(outbox).toMatchObject({ dropped: 4 });
    expect(outbox.waitingEvents()).toBe(3);
  });

  it("gives events back as they were, in any order of acknowledgements", () => {
    const event = fc.record({
      kind: fc.nat(255),
      subject: fc.nat(255),
      reason: fc.nat(255),
      value: fc.oneof(
        fc.constant(NaN),
        fc.integer({ min: -2e9, max: 2e9 }).map((v) => v / 1000),
      ),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 20 }),
        fc.infiniteStream(fc.nat()),
        (events, order) => {
          const outbox = new Outbox(decimals, 200, 20);
          const given = events.map(
            (e, i) => new OutboxEvent(e.kind, e.subject, e.reason, e.value, i),
          );
          for (const e of given) outbox.addEvent(e);
          const seqs = events.map(() => outbox.take(5));
          const left = [...seqs];
          while (left.length) {
            for (const seq of left) expect(outbox.event(seq)).toEqual(given[seqs.indexOf(seq)]);
            const [gone] = left.splice(order.next().value % left.length, 1);
            outbox.acknowledge(gone);
          }
          expect(outbox.waitingEvents()).toBe(0);
        },
      ),
    );
  });

  it("frees a pack when it is acknowledged and no sooner, in any order", () => {
    const outbox = new Outbox(decimals, 200, 4);
    for (let i = 0; i < 30; i++) outbox.addReading(i % 4, i, i);
    const packs = [outbox.take(10), outbox.take(10), outbox.take(10)];
    const contents = packs.map((seq) => read(outbox, seq));
    outbox.acknowledge(packs[1]);
    expect(outbox.readings()).toBe(20);
    expect(read(outbox, packs[0])).toEqual(contents[0]);
    expect(read(outbox, packs[1])).toEqual([]);
    expect(read(outbox, packs[2])).toEqual(contents[2]);
    outbox.acknowledge(packs[2]);
    outbox.acknowledge(packs[2]);
    outbox.acknowledge(99);
    expect(read(outbox, packs[0])).toEqual(contents[0]);
    outbox.acknowledge(packs[0]);
    expect(outbox.readings()).toBe(0);
  });

  it("takes no more packs than can be in flight", () => {
    const outbox = new Outbox(decimals, 400, 4);
    for (let i = 0; i < 20; i++) outbox.addReading(0, i, i);
    const packs = Array.from({ length: 10 }, () => outbox.take(1));
    expect(packs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, -1, -1]);
    outbox.acknowledge(3);
    expect(outbox.take(1)).toBe(9);
  });

  it("refuses a reading, and counts it, where all others are on their way", () => {
    const outbox = new Outbox(decimals, 40, 4);
    for (let i = 0; i < 4; i++) outbox.addReading(0, i % 2 ? 2e8 : -2e8, i * 2e8);
    const seq = outbox.take(48);
    const content = read(outbox, seq);
    expect(outbox.addReading(0, 10, 1e9)).toBe(false);
    expect(outbox.dropped).toBe(1);
    expect(content).toHaveLength(4);
    expect(read(outbox, seq)).toEqual(content);
  });

  it("holds a thousand readings of five bytes each before it thins the first", () => {
    const outbox = new Outbox(decimals, LOG_BYTES, 4);
    for (let i = 0; i < 1000; i++) outbox.addReading(1, 10_000 + i / 100, 60 * i);
    expect(outbox.readings()).toBe(1000);
    expect(outbox).toMatchObject({ thinned: 0, dropped: 0 });
  });

  it("thins every channel alike, and the oldest half only", () => {
    const outbox = new Outbox(decimals, LOG_BYTES, 4);
    let total = 0;
    while (outbox.thinned === 0) {
      outbox.addReading(total % 2, total, total);
      total++;
    }
    const full = total - 1;
    while (total < full * 1.1) {
      outbox.addReading(total % 2, total, total);
      total++;
    }
    expect(outbox.dropped).toBe(0);
    const left = drain(outbox);
    const half = left.filter((r) => r.timeS >= full / 2);
    // The newest half is whole.
    expect(half.map((r) => r.timeS)).toEqual(
      Array.from({ length: half.length }, (_, i) => Math.ceil(full / 2) + i),
    );
    // What went was every second one of each channel, from the oldest on.
    const gone = left.slice(1).filter((r, i) => r.timeS - left[i].timeS > 1).length;
    expect(gone).toBeGreaterThan(outbox.thinned / 3);
    const old = left.filter((r) => r.timeS < full / 4);
    const [even, odd] = [0, 1].map((channel) => old.filter((r) => r.channel === channel).length);
    expect(Math.abs(even - odd)).toBeLessThanOrEqual(12);
  });

  it("goes on for days: what is left covers the whole outage, thinner the older it is", () => {
    const outbox = new Outbox(decimals, LOG_BYTES, 4);
    const total = 40_000;
    for (let i = 0; i < total; i++) outbox.addReading(i % 4, i % 1000, i);
    expect(outbox.dropped).toBe(0);
    expect(outbox.thinned + outbox.readings()).toBe(total);
    expect(outbox.readings()).toBeGreaterThan(1000);
    const times = drain(outbox).map((r) => r.timeS);
    expect(times[0]).toBeLessThan(10);
    expect(times.slice(-500)).toEqual([...Array(500).keys()].map((i) => total - 500 + i));
    const gaps = times.slice(1).map((t, i) => t - times[i]);
    // A gap is short against the time since: nothing of the outage is blank.
    gaps.forEach((gap, i) => expect(gap).toBeLessThan(100 + (total - times[i]) / 10));
  });

  it("drops nothing and keeps the newest half whole, whatever the channels do", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 80 }), (channels) => {
        const outbox = new Outbox(decimals, LOG_BYTES, 4);
        for (let i = 0; i < 4000; i++) outbox.addReading(channels[i % channels.length], 1, i);
        expect(outbox.dropped).toBe(0);
        expect(outbox.thinned + outbox.readings()).toBe(4000);
        const times = drain(outbox).map((r) => r.timeS);
        expect(times.slice(-500)).toEqual([...Array(500).keys()].map((i) => 3500 + i));
      }),
      { numRuns: 30 },
    );
  });

  it("gives a pack that was made for the journal before any newer one", () => {
    const outbox = new Outbox(decimals, 1000, 4);
    for (let i = 0; i < 50; i++) outbox.addReading(0, i, i);
    const made = outbox.seal(20, false);
    expect(outbox.take(20)).toBe(made);
    expect(outbox.take(20)).toBe(made + 1);
  });

  it("keeps its promises under any sequence of additions, sendings and acknowledgements", () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant("add" as const),
          channel: fc.nat(3),
          times: fc.nat(12),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant("take" as const),
          size: fc.integer({ min: 1, max: 9 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant("acknowledge" as const), which: fc.nat(100) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("event" as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant("save" as const),
          size: fc.integer({ min: 1, max: 9 }),
        }),
      },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.integer({ min: 60, max: 600 }),
        (steps, logBytes) => {
          const outbox = new Outbox(decimals, logBytes, 5);
          const added: Reading[] = [];
          const acknowledged: Reading[] = [];
          const onTheirWay = new Map<number, Reading[]>();
          const known = new Map<number, Reading[]>();
          let clock = 0;
          let offered = 0;
          let events = 0;
          let acknowledgedEvents = 0;
          for (const s of steps) {
            if (s.do === "add") {
              for (let i = 0; i < s.times; i++) {
                clock++;
                offered++;
                if (outbox.addReading(s.channel, clock, clock))
                  added.push({ channel: s.channel, value: clock, timeS: clock });
              }
            } else if (s.do === "event") {
              outbox.addEvent(new OutboxEvent(1, 0, 0, 0, clock));
              events++;
            } else if (s.do === "save") {
              const seq = outbox.seal(s.size, false);
              if (seq > 0) known.set(seq, read(outbox, seq));
            } else if (s.do === "take") {
              const seq = outbox.take(s.size);
              if (seq > 0) {
                expect(onTheirWay.has(seq)).toBe(false);
                const content = read(outbox, seq);
                onTheirWay.set(seq, content);
                if (!known.has(seq)) known.set(seq, content);
              }
            } else if (onTheirWay.size > 0) {
              const [seq, content] = [...onTheirWay][s.which % onTheirWay.size];
              if (content.length === 0) acknowledgedEvents++;
              acknowledged.push(...content);
              outbox.acknowledge(seq);
              onTheirWay.delete(seq);
              known.delete(seq);
            }
            for (const [seq, content] of known) expect(read(outbox, seq)).toEqual(content);
            expect(outbox.log.end).toBeLessThanOrEqual(logBytes);
            expect(outbox.waitingEvents()).toBeLessThanOrEqual(5);
          }
          const rest = [...onTheirWay.values()].flat();
          for (const seq of onTheirWay.keys()) outbox.acknowledge(seq);
          const eventsLeft =
            outbox.waitingEvents() +
            onTheirWay.size -
            [...onTheirWay.values()].filter((c) => c.length).length;
          const later = drain(outbox);
          // Everything is accounted for.
          const arrived = acknowledged.length + rest.length + later.length;
          const droppedEvents = events - acknowledgedEvents - eventsLeft;
          expect(arrived + outbox.thinned + outbox.dropped - droppedEvents).toBe(offered);
          // What comes late is in order, and nothing was made up.
          expect(isSubsequence(later, added)).toBe(true);
          const times = [...acknowledged, ...rest, ...later].map((r) => r.timeS);
          expect(new Set(times).size).toBe(times.length);
          // Without a lack of room nothing is missing: a reading here takes six bytes at most.
          if (offered * 6 + 11 <= logBytes) expect(arrived).toBe(offered);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("the outbox on the node", () => {
  it("holds 1,000 readings and 32 events in less than 9 KB, everything counted", async () => {
    const run = await runInVm("test/vm/outboxMemory.main.ts");
    expect(run.panics).toEqual([]);
    expect(run.lines).toContain("HOLDS enough 32");
    expect(run.heapPeakBytes).toBeGreaterThan(LOG_BYTES);
    expect(run.heapPeakBytes).toBeLessThan(9 * 1024);
  });
});

testInBothWorlds("outbox", outboxCases, "test/vm/outbox.main.ts");
