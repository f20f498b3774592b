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
  const readings: Reading[] = [];
  outbox.openPack(seq);
  while (outbox.nextRecord())
    readings.push({ channel: outbox.channel, value: outbox.value, timeS: outbox.timeS });
  return readings;
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
    const reading = fc.record({ channel: fc.nat(3), value, timeS: fc.nat(2_000_000_000) });
    fc.assert(
      fc.property(
        fc.array(reading, { maxLength: 60 }),
        fc.integer({ min: 1, max: 30 }),
        (given, size) => {
          // The clock goes forward; a reading may be two years younger than the oldest at most.
          const start = given[0]?.timeS ?? 0;
          const all = given.map((r, i) => ({ ...r, timeS: start + i * 1_000_000 }));
          const outbox = new Outbox(DECIMALS, 60, 4);
          for (const { channel, value: v, timeS } of all)
            expect(outbox.addReading(channel, v, timeS)).toBe(true);
          const expected = all.map((r) => {
            const power = 10 ** DECIMALS[r.channel];
            return { ...r, value: Math.round(r.value * power) / power + 0 };
          });
          expect(drain(outbox, size)).toEqual(expected);
          expect(outbox.readings()).toBe(0);
        },
      ),
    );
  });

  it.each([NaN, Infinity, -Infinity, 3e9])("refuses the value %d and counts it", (value) => {
    const outbox = new Outbox(DECIMALS, 10, 4);
    expect(outbox.addReading(0, value, 1)).toBe(false);
    expect(outbox).toMatchObject({ refused: 1, dropped: 0 });
    expect(outbox.readings()).toBe(0);
  });

  it("sends events before readings", () => {
    const outbox = new Outbox(DECIMALS, 10, 4);
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
    const outbox = new Outbox(DECIMALS, 10, 3);
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
      kind: fc.nat(63),
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
          const outbox = new Outbox(DECIMALS, 10, 20);
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

  it("frees nothing before it is acknowledged, and in any order of acknowledgements", () => {
    const outbox = new Outbox(DECIMALS, 30, 4);
    for (let i = 0; i < 30; i++) outbox.addReading(i % 4, i, i);
    const packs = [outbox.take(10), outbox.take(10), outbox.take(10)];
    const contents = packs.map((seq) => read(outbox, seq));
    outbox.acknowledge(packs[2]);
    outbox.acknowledge(packs[1]);
    expect(outbox.readings()).toBe(30);
    expect(read(outbox, packs[0])).toEqual(contents[0]);
    outbox.acknowledge(packs[0]);
    outbox.acknowledge(packs[0]);
    outbox.acknowledge(99);
    expect(outbox.readings()).toBe(0);
  });

  it("refuses a reading, and counts it, where all others are on their way", () => {
    const outbox = new Outbox(DECIMALS, 10, 4);
    for (let i = 0; i < 10; i++) outbox.addReading(0, i, i);
    const seq = outbox.take(10);
    expect(outbox.addReading(0, 10, 10)).toBe(false);
    expect(outbox).toMatchObject({ dropped: 1, thinned: 0 });
    expect(read(outbox, seq).map((r) => r.value)).toEqual([...Array(10).keys()]);
  });

  it("thins every channel alike, and the oldest half only", () => {
    const outbox = new Outbox(DECIMALS, 1000, 4);
    for (let i = 0; i < 1250; i++) outbox.addReading(i % 2, i, i);
    expect(outbox).toMatchObject({ thinned: 250, dropped: 0 });
    const left = drain(outbox);
    // Of the oldest half, 500, every second one of each channel is left; the rest is whole.
    const old = left.filter((r) => r.timeS < 500);
    expect(old.map((r) => r.timeS)).toEqual([...Array(500).keys()].filter((i) => i % 4 < 2));
    expect(left.filter((r) => r.timeS >= 500).map((r) => r.timeS)).toEqual(
      [...Array(750).keys()].map((i) => 500 + i),
    );
  });

  it("goes on for days: what is left covers the whole outage, thinner the older it is", () => {
    const outbox = new Outbox(DECIMALS, 1000, 4);
    const total = 55_000;
    for (let i = 0; i < total; i++) outbox.addReading(i % 4, i % 1000, i);
    expect(outbox.dropped).toBe(0);
    expect(outbox.thinned).toBe(total - 1000);
    const times = drain(outbox).map((r) => r.timeS);
    expect(times[0]).toBeLessThan(10);
    expect(times.slice(-500)).toEqual([...Array(500).keys()].map((i) => total - 500 + i));
    const gaps = times.slice(1).map((t, i) => t - times[i]);
    // A gap is short against the time since: nothing of the outage is blank.
    gaps.forEach((gap, i) => expect(gap).toBeLessThan(100 + (total - times[i]) / 10));
  });

  it("drops nothing and keeps the newest half whole, whatever the channels do", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(12), { minLength: 1, maxLength: 50 }), (channels) => {
        const outbox = new Outbox(Array(13).fill(1), 1000, 4);
        for (let i = 0; i < 4000; i++) outbox.addReading(channels[i % channels.length], 1, i);
        expect(outbox).toMatchObject({ thinned: 3000, dropped: 0 });
        const times = drain(outbox).map((r) => r.timeS);
        expect(times.slice(-500)).toEqual([...Array(500).keys()].map((i) => 3500 + i));
      }),
      { numRuns: 30 },
    );
  });

  it("saves the packs on their way first, then makes new ones", () => {
    const outbox = new Outbox(DECIMALS, 100, 4);
    outbox.addEvent(new OutboxEvent(1, 2, 3, NaN, 5));
    for (let i = 0; i < 50; i++) outbox.addReading(0, i, i);
    const [event, sent] = [outbox.take(20), outbox.take(20)];
    expect(event).not.toBe(sent);
    expect(outbox.nextUnsaved(20, 20)).toBe(sent);
    expect(outbox.markSaved(sent, 3)).toBe(true);
    const made = outbox.nextUnsaved(20, 20);
    expect(read(outbox, made).map((r) => r.value)).toEqual(
      [...Array(20).keys()].map((i) => 20 + i),
    );
    outbox.markSaved(made, 4);
    expect(outbox.nextUnsaved(20, 20)).toBe(-1);
    expect(outbox.nextUnsaved(1, 20)).toBeGreaterThan(made);
    // A pack that was made for the journal is sent as the pack that it is.
    expect(outbox.take(20)).toBe(made);
    expect(outbox.acknowledge(made)).toBe(4);
    expect(outbox.acknowledge(made)).toBe(-1);
    expect(outbox.markSaved(made, 5)).toBe(false);
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
        fc.integer({ min: 1, max: 40 }),
        (steps, capacity) => {
          const outbox = new Outbox(DECIMALS, capacity, 5);
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
              const seq = outbox.nextUnsaved(1, s.size);
              if (seq > 0) {
                if (!known.has(seq)) known.set(seq, read(outbox, seq));
                expect(outbox.markSaved(seq, 1)).toBe(true);
              }
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
            expect(outbox.readings()).toBeLessThanOrEqual(capacity);
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
          // Without a lack of room nothing is missing.
          if (offered <= capacity) expect(arrived).toBe(offered);
        },
      ),
      { numRuns: 1000 },
    );
  }, 60_000);
});

describe("the outbox on the node", () => {
  it("holds 1,000 readings and 32 events in less than 16 KB, everything counted", async () => {
    const run = await runInVm("test/vm/outboxMemory.main.ts");
    expect(run.panics).toEqual([]);
    expect(run.lines).toContain("HOLDS 1000 32");
    expect(run.heapPeakBytes).toBeGreaterThan(10_000);
    expect(run.heapPeakBytes).toBeLessThan(16 * 1024);
  }, 60_000);
});

testInBothWorlds("outbox", outboxCases, "test/vm/outbox.main.ts");
