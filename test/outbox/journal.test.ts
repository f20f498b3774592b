import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  EVENT_PLACES,
  FlashJournal,
  JOURNAL_PLACES,
  type JournalStorage,
} from "../../devs/outbox/flashJournal";
import {
  MAX_BLOCK_BYTES,
  blockBoot,
  blockIsUtc,
  blockSeq,
  encodeBlock,
  eventText,
  eventTimeS,
  isBlock,
  openBlock,
} from "../../devs/outbox/journalBlock";
import { Journaling } from "../../devs/outbox/journaling";
import { Outbox, OutboxEvent } from "../../devs/outbox/outbox";
import { MAX_PACK_BYTES } from "../../devs/outbox/readingLog";
import { MAX_RECORD_BYTES, RecordCursor, putRecord } from "../../devs/outbox/records";
import { journalCases } from "../shared/outboxJournal.cases";
import { testInBothWorlds } from "../support/sharedCases";
import { runCasesInVm, runInVm } from "../vm/harness";

const CURSOR = new RecordCursor();

class PowerCut extends Error {}

/** Flash that loses its power at the n-th change, before or after the change is made. */
class MemoryStorage implements JournalStorage {
  changes = 0;
  cutAt = Infinity;
  cutAfterChange = false;
  failing = false;

  constructor(readonly values = new Map<string, Buffer>()) {}

  async read(key: string): Promise<Buffer | undefined> {
    if (this.failing) throw new Error("flash read");
    return this.values.get(key);
  }

  async write(key: string, value: Buffer): Promise<void> {
    expect(key.length).toBeLessThanOrEqual(13);
    expect(value.length).toBeLessThanOrEqual(MAX_BLOCK_BYTES);
    this.#change(() => this.values.set(key, Buffer.from(value)));
  }

  async remove(key: string): Promise<void> {
    this.#change(() => this.values.delete(key));
  }

  #change(change: () => void): void {
    if (this.failing) throw new Error("flash write");
    this.changes++;
    if (this.changes > this.cutAt) throw new PowerCut();
    if (this.changes === this.cutAt && !this.cutAfterChange) throw new PowerCut();
    change();
    if (this.changes === this.cutAt) throw new PowerCut();
  }
}

interface StoredRecord {
  channel: number;
  scaled: number;
  timeS: number;
}

/** The records of a block. */
function records(block: Buffer): StoredRecord[] {
  const cursor = new RecordCursor();
  return Array.from({ length: openBlock(block, cursor) }, () => {
    expect(cursor.next()).toBe(true);
    const { channel, scaled, timeS } = cursor;
    return { channel, scaled, timeS };
  });
}

const INT32 = fc.integer({ min: -0x7fffffff, max: 0x7fffffff });
const UINT32 = fc.integer({ min: 0, max: 0xffffffff });
const record = fc.record({
  channel: fc.nat(255),
  scaled: fc.oneof(fc.integer({ min: -2000, max: 2000 }), INT32),
  timeS: fc.nat(0x7fffffff),
});

/** A block of those records, as far as they fit. */
function blockOf(boot: number, seq: number, utc: boolean, given: StoredRecord[]) {
  const bytes = Buffer.alloc(MAX_PACK_BYTES + MAX_RECORD_BYTES);
  const baseS = given[0]?.timeS ?? 0;
  let end = 0;
  let lastS = baseS;
  let count = 0;
  for (const { channel, scaled, timeS } of given) {
    const next = putRecord(bytes, end, channel, timeS - lastS, scaled);
    if (next > MAX_PACK_BYTES) break;
    end = next;
    lastS = timeS;
    count++;
  }
  const block = encodeBlock(boot, seq, utc, baseS, count, bytes.subarray(0, end));
  return { block, fitting: given.slice(0, count) };
}

describe("journal block", () => {
  it("gives back what was written, of any values", () => {
    fc.assert(
      fc.property(
        UINT32,
        UINT32,
        fc.boolean(),
        fc.array(record, { maxLength: 60 }),
        (boot, seq, utc, given) => {
          const { block, fitting } = blockOf(boot, seq, utc, given);
          expect(block.length).toBeLessThanOrEqual(MAX_BLOCK_BYTES);
          expect(fitting.length).toBeGreaterThanOrEqual(Math.min(given.length, 18));
          expect(isBlock(block)).toBe(true);
          expect([blockBoot(block), blockSeq(block), blockIsUtc(block)]).toEqual([boot, seq, utc]);
          expect(records(block)).toEqual(fitting);
        },
      ),
    );
  });

  it("holds forty readings of an ordinary day", () => {
    const given = [...Array(60).keys()].map((i) => ({
      channel: i % 13,
      scaled: 100 + i * 17,
      timeS: 1_770_000_000 + i * 7,
    }));
    expect(blockOf(1, 1, true, given).fitting.length).toBeGreaterThanOrEqual(40);
  });

  it("is refused where any one byte is wrong, or the end is missing", () => {
    const given = [...Array(10).keys()].map((i) => ({
      channel: i,
      scaled: i * 100,
      timeS: 1000 + i,
    }));
    const { block } = blockOf(3, 4, false, given);
    for (let at = 0; at < block.length; at++) {
      const broken = Buffer.from(block);
      broken[at] ^= 1 << (at % 8);
      expect(isBlock(broken)).toBe(false);
      expect(isBlock(block.subarray(0, at))).toBe(false);
    }
  });

  it("takes any bytes without an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 240 }), (bytes) => {
        const cursor = new RecordCursor();
        const block = Buffer.from(bytes);
        if (!isBlock(block) && block.length < 15) return;
        // Even what is no block, and says that it has 255 records.
        const count = openBlock(block, cursor);
        for (let i = 0; i < count && cursor.next(); i++)
          expect(cursor.at).toBeLessThanOrEqual(block.length);
      }),
    );
  });
});

describe("flash journal", () => {
  it("gives out what an earlier boot left, oldest first, and frees it when the city has it", async () => {
    const storage = new MemoryStorage();
    const earlier = new FlashJournal(storage);
    await earlier.restore();
    const names = [
      [2, 7],
      [1, 9],
      [2, 6],
      [1, 10],
    ];
    for (const [boot, seq] of names)
      await earlier.save(
        blockOf(boot, seq, true, [{ channel: 1, scaled: seq, timeS: 5 }]).block,
        false,
        false,
      );

    const journal = new FlashJournal(storage);
    expect(await journal.restore()).toBe(4);
    const given: number[][] = [];
    for (let place = journal.take(); place >= 0; place = journal.take()) {
      const block = journal.block(place) as Buffer;
      given.push([blockBoot(block), blockSeq(block)]);
      journal.acknowledged(place);
      await journal.work();
    }
    expect(given).toEqual([
      [1, 9],
      [1, 10],
      [2, 6],
      [2, 7],
    ]);
    expect(storage.values.size).toBe(0);
    expect(journal.waiting()).toBe(0);
  });

  it("gives out at most two blocks before one is acknowledged, the same bytes each time", async () => {
    const storage = new MemoryStorage();
    const earlier = new FlashJournal(storage);
    for (let seq = 1; seq <= 4; seq++)
      await earlier.save(
        blockOf(1, seq, true, [{ channel: 1, scaled: seq, timeS: 5 }]).block,
        false,
        false,
      );
    const journal = new FlashJournal(storage);
    await journal.restore();
    const [first, second, third] = [journal.take(), journal.take(), journal.take()];
    expect(third).toBe(-1);
    expect(journal.block(first)).toEqual(journal.block(first));
    journal.acknowledged(second);
    await journal.work();
    expect(journal.take()).toBeGreaterThanOrEqual(0);
    expect(journal.block(first)).toBeDefined();
  });

  it("says where it is full, and has room again when packs are acknowledged", async () => {
    const journal = new FlashJournal(new MemoryStorage());
    const { block } = blockOf(1, 1, true, [{ channel: 1, scaled: 1, timeS: 1 }]);
    const places = [];
    for (let i = 0; i < JOURNAL_PLACES; i++) places.push(await journal.save(block, false, false));
    expect(new Set(places).size).toBe(JOURNAL_PLACES);
    expect(await journal.save(block, false, false)).toBe(-1);
    journal.release(places[5]);
    await journal.work();
    expect(await journal.save(block, false, false)).toBe(places[5]);
  });

  it("removes a damaged block and counts it", async () => {
    const storage = new MemoryStorage(new Map([["j3", Buffer.from([0xa1, 1, 2])]]));
    const journal = new FlashJournal(storage);
    expect(await journal.restore()).toBe(0);
    expect(journal.damaged).toBe(1);
    expect(storage.values.size).toBe(0);
  });

  it("counts what the flash refuses, and goes on", async () => {
    const storage = new MemoryStorage();
    const journal = new FlashJournal(storage);
    await journal.restore();
    storage.failing = true;
    const { block } = blockOf(1, 1, true, [{ channel: 1, scaled: 1, timeS: 1 }]);
    expect(await journal.save(block, false, false)).toBe(-1);
    await journal.work();
    expect(journal.errors).toBe(2);
    storage.failing = false;
    await journal.work();
    for (let i = 0; i < JOURNAL_PLACES; i++)
      expect(await journal.save(block, false, false)).toBeGreaterThanOrEqual(0);
  });
});

describe("a pack on its way into the journal", () => {
  it("is written with the time in UTC where that is known, else with the boot's own", async () => {
    for (const [offset, utc, expected] of [
      [1_770_000_000.4, true, 1_770_000_100],
      [NaN, false, 100],
    ] as const) {
      const outbox = new Outbox(() => 1, 100, 1);
      outbox.addReading(0, 21.5, 100);
      const storage = new MemoryStorage();
      const journaling = new Journaling(outbox, new FlashJournal(storage), 9, () => "");
      expect(await journaling.saveOne(1, offset)).toBe(true);
      const [block] = [...storage.values.values()];
      expect([blockBoot(block), blockSeq(block), blockIsUtc(block)]).toEqual([9, 1, utc]);
      expect(records(block)).toEqual([{ channel: 0, scaled: 215, timeS: expected }]);
    }
  });

  it("fits a block, whatever the values and times", async () => {
    const outbox = new Outbox(() => 0, 2000, 1);
    for (let i = 0; i < 100; i++) outbox.addReading(255, i % 2 ? 2e9 : -2e9, i * 10_000_000);
    const storage = new MemoryStorage();
    const journaling = new Journaling(outbox, new FlashJournal(storage), 1, () => "");
    await journaling.saveAll(1, NaN);
    expect(outbox.readings()).toBe(0);
    const written = [...storage.values.values()].flatMap(records);
    expect(written).toHaveLength(100);
    const largest = Math.floor(MAX_PACK_BYTES / MAX_RECORD_BYTES);
    expect(storage.values.size).toBeLessThanOrEqual(Math.ceil(100 / largest));
  });

  it("leaves the outbox when it is written, not before", async () => {
    const outbox = new Outbox(() => 0, 400, 1);
    outbox.addReading(0, 1, 1);
    const storage = new MemoryStorage();
    const journal = new FlashJournal(storage);
    const journaling = new Journaling(outbox, journal, 1, () => "");
    storage.failing = true;
    expect(await journaling.saveOne(1, NaN)).toBe(false);
    expect(outbox.readings()).toBe(1);
    storage.failing = false;
    await journal.work();
    expect(await journaling.saveOne(1, NaN)).toBe(true);
    expect(outbox.readings()).toBe(0);
    await journal.work();
    expect(records(journal.block(journal.take()) as Buffer)).toMatchObject([{ scaled: 1 }]);
  });

  it("stays in the outbox while it is in flight, and has a copy in flash", async () => {
    const outbox = new Outbox(() => 0, 400, 1);
    outbox.addReading(0, 1, 1);
    const seq = outbox.take(10);
    const storage = new MemoryStorage();
    const journal = new FlashJournal(storage);
    expect(await new Journaling(outbox, journal, 1, () => "").saveOne(1, NaN)).toBe(true);
    expect(outbox.openPack(seq)).toBe(1);
    await journal.work();
    expect(journal.take()).toBe(-1);
    journal.release(outbox.acknowledge(seq));
    await journal.work();
    expect(storage.values.size).toBe(0);
  });

  it("frees its place where the city acknowledged it while it was written", async () => {
    const outbox = new Outbox(() => 0, 400, 1);
    outbox.addReading(0, 1, 1);
    const seq = outbox.take(10);
    const storage = new MemoryStorage();
    const journal = new FlashJournal(storage);
    const saving = new Journaling(outbox, journal, 1, () => "").saveOne(1, NaN);
    expect(outbox.acknowledge(seq)).toBe(-1);
    await saving;
    await journal.work();
    expect(storage.values.size).toBe(0);
  });
});

describe("when the journal is used", () => {
  async function waiting() {
    const outbox = new Outbox(() => 0, 1000, 1);
    const storage = new MemoryStorage();
    const journal = new FlashJournal(storage);
    const journaling = new Journaling(outbox, journal, 1, () => "");
    await journaling.restore();
    for (let i = 0; i < 100; i++) outbox.addReading(0, i, i);
    return { outbox, storage, journal, journaling };
  }

  it("is a minute after the broker went, and then for full packs only", async () => {
    const { outbox, storage, journaling } = await waiting();
    await journaling.keep(1000, false, NaN);
    await journaling.keep(60_900, false, NaN);
    expect(storage.changes).toBe(0);
    await journaling.keep(61_000, false, NaN);
    // Four times 24; four readings wait for more.
    expect(storage.values.size).toBe(4);
    expect(outbox.unsealed()).toBe(4);
    await journaling.keep(62_000, false, NaN);
    expect(storage.changes).toBe(4);
  });

  it("is for fewer when they have waited for ten minutes, while half of the journal is free", async () => {
    const { outbox, storage, journaling } = await waiting();
    await journaling.keep(0, false, NaN);
    await journaling.keep(60_000, false, NaN);
    // The oldest of those that are left was read at 96 s.
    await journaling.keep(695_000, false, NaN);
    expect(outbox.unsealed()).toBe(4);
    await journaling.keep(696_000, false, NaN);
    expect(outbox.unsealed()).toBe(0);
    expect(storage.values.size).toBe(5);
    for (let i = 0; i < 40; i++) {
      outbox.addReading(0, 1, 1000 + 700 * i);
      await journaling.keep(1000 * (1699 + 700 * i), false, NaN);
    }
    expect(storage.values.size).toBe(JOURNAL_PLACES / 2);
    expect(outbox.unsealed()).toBe(45 - JOURNAL_PLACES / 2);
  });

  it("is not while the broker comes and goes within the minute", async () => {
    const { storage, journaling } = await waiting();
    for (let nowMs = 0; nowMs < 600_000; nowMs += 5000)
      await journaling.keep(nowMs, nowMs % 50_000 === 0, NaN);
    expect(storage.changes).toBe(0);
  });

  it("is for everything before a planned restart", async () => {
    const { outbox, storage, journaling } = await waiting();
    await journaling.saveAll(1, NaN);
    expect(storage.values.size).toBe(5);
    expect(outbox.readings()).toBe(0);
  });

  it("ends when the city has the packs: the flash is free again", async () => {
    const { storage, journal, journaling } = await waiting();
    await journaling.keep(0, false, NaN);
    await journaling.keep(60_000, false, NaN);
    for (let place = journal.take(); place >= 0; place = journal.take()) {
      journal.acknowledged(place);
      await journaling.keep(61_000, true, NaN);
    }
    expect(storage.values.size).toBe(0);
  });

  it("holds what fits, and leaves the rest in RAM", async () => {
    const outbox = new Outbox(() => 0, 20_000, 1);
    const storage = new MemoryStorage();
    for (let i = 0; i < 2000; i++) outbox.addReading(0, i, i);
    await new Journaling(outbox, new FlashJournal(storage), 1, () => "").saveAll(1, NaN);
    expect(storage.values.size).toBe(JOURNAL_PLACES);
    expect(outbox.readings()).toBe(2000 - 24 * JOURNAL_PLACES);
  });
});

describe("events in the journal", () => {
  const writeEvent = ({ subject }: OutboxEvent) => `"event":"${subject}"`;
  const eventAt = (subject: number) => new OutboxEvent(1, subject, 0, NaN, 100 + subject);

  async function away(events: number, storage = new MemoryStorage(), boot = 1) {
    const outbox = new Outbox(() => 0, 1000, 32);
    const journal = new FlashJournal(storage);
    const journaling = new Journaling(outbox, journal, boot, writeEvent);
    await journaling.restore();
    for (let i = 0; i < events; i++) outbox.addEvent(eventAt(i));
    for (let i = 0; i < 30; i++) outbox.addReading(0, i, i);
    return { outbox, storage, journal, journaling };
  }

  it("are copies of those in RAM, under the number that they are sent with", async () => {
    const { outbox, storage, journal, journaling } = await away(3);
    const onItsWay = outbox.take(24);
    await journaling.saveAll(24, 1000);
    expect(outbox.waitingEvents()).toBe(3);
    const blocks = [...storage.values.values()].filter((block) => openBlock(block, CURSOR) === 0);
    expect(blocks.map((block) => [blockSeq(block), eventText(block), eventTimeS(block)])).toEqual([
      [onItsWay, '"event":"0"', 1100],
      [2, '"event":"1"', 1101],
      [3, '"event":"2"', 1102],
    ]);
    // Saved once.
    const { changes } = storage;
    await journaling.saveAll(24, 1000);
    expect(storage.changes).toBe(changes);
    expect([outbox.take(24), outbox.take(24)]).toEqual([2, 3]);
    // The pack of readings that lies there took the fourth.
    expect(outbox.take(24)).toBe(5);
    for (const seq of [1, 2, 3]) journal.release(outbox.acknowledge(seq));
    await journal.work();
    expect(storage.values.size).toBe(1);
    expect(outbox.waitingEvents()).toBe(0);
  });

  it("are what a later boot gives out first", async () => {
    const first = await away(2);
    await first.journaling.saveAll(1, NaN);
    const { journal } = await away(0, first.storage, 2);
    const given: [number, number, number][] = [];
    for (let place = journal.take(); place >= 0; place = journal.take()) {
      const block = journal.block(place) as Buffer;
      given.push([blockBoot(block), blockSeq(block), openBlock(block, CURSOR)]);
      journal.acknowledged(place);
      await journal.work();
    }
    expect(given).toEqual([
      [1, 1, 0],
      [1, 2, 0],
      [1, 3, 24],
      [1, 4, 6],
    ]);
  });

  it("leave the readings their places, and the rest of them stays in RAM", async () => {
    const { outbox, storage, journaling } = await away(EVENT_PLACES + 5);
    await journaling.saveAll(1, NaN);
    expect(storage.values.size).toBe(EVENT_PLACES + 2);
    expect(outbox.waitingEvents()).toBe(EVENT_PLACES + 5);
  });

  it("are freed where the city has them before they are written", async () => {
    const { outbox, storage, journal, journaling } = await away(1);
    const saving = journaling.saveAll(24, NaN);
    outbox.acknowledge(outbox.take(1));
    await saving;
    await journal.work();
    expect([...storage.values.values()].some((block) => openBlock(block, CURSOR) === 0)).toBe(
      false,
    );
  });
});

/** The city: what it got, by boot and sequence number. */
class City {
  readonly packs = new Map<string, string>();

  receive(boot: number, seq: number, content: StoredRecord[]): void {
    const name = `${boot}/${seq}`;
    const text = JSON.stringify(content);
    const known = this.packs.get(name);
    // A repetition is recognised by its name; it must be the same pack then.
    if (known !== undefined) expect(text).toBe(known);
    this.packs.set(name, text);
  }

  records(): StoredRecord[] {
    return [...this.packs.values()].flatMap((text) => JSON.parse(text) as StoredRecord[]);
  }
}

const OFFSET_S = 1_770_000_000;

/** One boot of a node: restores, then lives through the script; a power cut ends it anywhere. */
async function live(
  storage: MemoryStorage,
  city: City,
  boot: number,
  script: readonly ("read" | "save" | "send" | "lose" | "acknowledge" | "work")[],
  safe: StoredRecord[],
): Promise<void> {
  const outbox = new Outbox(() => 0, 2000, 1);
  const journal = new FlashJournal(storage);
  const journaling = new Journaling(outbox, journal, boot, () => "");
  await journal.restore();
  let clock = boot * 100_000;
  const onTheirWay: (() => void)[] = [];
  /** Sends one pack; the city has it at once, or only when it is sent again and acknowledged. */
  const sendOne = (arrives: boolean): boolean => {
    const place = journal.take();
    // What lies in the journal is older than what is in RAM.
    const seq = place < 0 && journal.untaken() === 0 ? outbox.take(12) : -1;
    if (place < 0 && seq < 0) return false;
    let deliver: () => void;
    if (place >= 0) {
      const block = journal.block(place) as Buffer;
      const content = records(block);
      deliver = () => city.receive(blockBoot(block), blockSeq(block), content);
    } else {
      const content: StoredRecord[] = [];
      const count = outbox.openPack(seq);
      for (let i = 0; i < count && outbox.log.cursor.next(); i++) {
        const { channel, scaled, timeS } = outbox.log.cursor;
        content.push({ channel, scaled, timeS: timeS + OFFSET_S });
      }
      deliver = () => city.receive(boot, seq, content);
    }
    if (arrives) deliver();
    onTheirWay.push(() => {
      deliver();
      if (place >= 0) journal.acknowledged(place);
      else journal.release(outbox.acknowledge(seq));
    });
    return true;
  };
  for (const step of [...script, "flush" as const]) {
    if (step === "read")
      for (let i = 0; i < 7; i++) outbox.addReading(i % 3, clock % 1000, clock++);
    else if (step === "save") {
      if (await journaling.saveOne(1, OFFSET_S)) safe.push(...lyingIn(storage));
    } else if (step === "send") sendOne(true);
    else if (step === "lose") sendOne(false);
    else if (step === "acknowledge") onTheirWay.shift()?.();
    else if (step === "work") await journal.work();
    else {
      // The connection is good again: all that is left goes out.
      do {
        while (onTheirWay.length) onTheirWay.shift()?.();
        await journal.work();
      } while (sendOne(true));
    }
  }
}

/** The records of every block that lies in flash now. */
function lyingIn(storage: MemoryStorage): StoredRecord[] {
  return [...storage.values.values()].flatMap((block) => (isBlock(block) ? records(block) : []));
}

describe("a power cut at every single change of the flash", () => {
  const script = fc.array(
    fc.constantFrom(
      "read" as const,
      "read" as const,
      "save" as const,
      "save" as const,
      "send" as const,
      "lose" as const,
      "acknowledge" as const,
      "work" as const,
    ),
    { minLength: 5, maxLength: 40 },
  );

  it("loses nothing that was written, and every repetition is recognised", async () => {
    await fc.assert(
      fc.asyncProperty(script, script, fc.boolean(), async (first, second, cutAfterChange) => {
        for (let cutAt = 1; ; cutAt++) {
          const storage = new MemoryStorage();
          const city = new City();
          const safe: StoredRecord[] = [];
          storage.cutAt = cutAt;
          storage.cutAfterChange = cutAfterChange;
          let cut = false;
          try {
            await live(storage, city, 1, first, safe);
          } catch (error) {
            if (!(error instanceof PowerCut)) throw error;
            cut = true;
          }
          storage.cutAt = Infinity;
          await live(storage, city, 2, second, safe);
          const arrived = new Set(city.records().map((r) => JSON.stringify(r)));
          for (const r of safe) expect(arrived).toContain(JSON.stringify(r));
          expect(arrived.size).toBe(city.records().length);
          expect(storage.values.size).toBe(0);
          if (!cut) break;
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("the journal in the runtime's flash", () => {
  it("wears it little: two thousand readings and more for each erasure of one half", async () => {
    const run = await runInVm("test/vm/journalWear.main.ts");
    expect(run.lines).toContain("JOURNALLED 9600");
    const erasures = run.lines.filter((line) => /fstor: gc done/.test(line)).length;
    expect(erasures).toBeGreaterThan(0);
    expect(9600 / erasures).toBeGreaterThan(2000);
  }, 300_000);

  it("keeps 1,120 readings", async () => {
    const results = await runCasesInVm("test/vm/outboxFlash.main.ts");
    expect(results.length).toBeGreaterThan(5);
    expect(results.filter((result) => !result.ok)).toEqual([]);
  });
});

testInBothWorlds("journal", journalCases, "test/vm/outboxJournal.main.ts");
