import { describe, expect, it } from "vitest";
import { CityClock } from "../../devs/clock/cityClock";
import type { SenmlRecord } from "../../devs/contract/messages";
import { EVENT_PLACES, FlashJournal, type JournalStorage } from "../../devs/outbox/flashJournal";
import { OutboxEvent } from "../../devs/outbox/outbox";
import { PackSource, RECORDS_PER_PACK } from "../../devs/report/packSource";

/** Events that the firmware holds in RAM. */
const EVENTS_IN_RAM = 32;
const START_UTC_S = Date.UTC(2026, 2, 20, 5) / 1000;

/** Flash in a map. */
class MapStorage implements JournalStorage {
  readonly values = new Map<string, Buffer>();

  async read(key: string): Promise<Buffer | undefined> {
    return this.values.get(key);
  }

  async write(key: string, value: Buffer): Promise<void> {
    this.values.set(key, Buffer.from(value));
  }

  async remove(key: string): Promise<void> {
    this.values.delete(key);
  }
}

/** One boot of a node: its source, with a clock that the test moves. */
class Node {
  nowS = 0;
  readonly clock = new CityClock();
  readonly source: PackSource;

  constructor(
    readonly boot = 1,
    storage = new MapStorage(),
  ) {
    this.source = new PackSource(
      "streetnode/v1/berkane/bk-0001/",
      "berkane/bk-0001/",
      boot,
      this.clock,
      () => this.nowS,
      ({ kind }) => `"event":"kind ${kind}"`,
      new FlashJournal(storage),
    );
  }

  async restored(): Promise<this> {
    await this.source.journaling.restore();
    return this;
  }

  read(count: number): void {
    for (let i = 0; i < count; i++) this.source.outbox.addReading(8, 60 + i / 10, this.nowS++);
  }

  /** Everything that may go out now; nothing of it is acknowledged. */
  taken(): { handle: number; topic: string; pack: SenmlRecord[] }[] {
    const all = [];
    for (let handle = this.source.take(); handle >= 0; handle = this.source.take()) {
      const { topic, payload } = this.source.message(handle);
      const text = typeof payload === "string" ? payload : (payload as string[]).join("");
      const json = JSON.parse(text) as SenmlRecord | SenmlRecord[];
      all.push({ handle, topic, pack: [json].flat() });
    }
    return all;
  }

  /** Sends everything, a second a turn, until nothing is left; gives the packs, and the packs a turn. */
  async drain(): Promise<{ packs: SenmlRecord[][]; perTurn: number[] }> {
    const packs: SenmlRecord[][] = [];
    const perTurn: number[] = [];
    for (let idle = 0; idle < 3;) {
      this.source.release(this.nowS++, 0);
      const now = this.taken();
      for (const { handle, pack } of now) {
        packs.push(pack);
        this.source.acknowledged(handle);
      }
      await this.source.journaling.keep(this.nowS * 1000, true, this.clock.utcOffsetS(this.nowS));
      perTurn.push(now.length);
      idle = now.length ? 0 : idle + 1;
    }
    return { packs, perTurn };
  }
}

describe("what waits in the outbox", () => {
  it("goes out when the first of it has waited for the period, all in one pack", async () => {
    const { source } = await new Node().restored();
    source.outbox.addReading(8, 60, 0);
    expect(source.release(0, 30)).toBe(false);
    expect(source.release(29, 30)).toBe(false);
    source.outbox.addReading(8, 61, 29);
    expect(source.release(30, 30)).toBe(true);
    expect(source.take()).toBeGreaterThan(0);
    expect(source.take()).toBe(-1);
    expect(source.outbox.unsealed()).toBe(0);
    // The next one waits anew.
    source.outbox.addReading(8, 62, 31);
    expect(source.release(31, 30)).toBe(false);
    expect(source.release(61, 30)).toBe(true);
  });

  it("goes out at once when a pack is full", async () => {
    const node = await new Node().restored();
    node.read(RECORDS_PER_PACK);
    expect(node.source.release(node.nowS, 1000)).toBe(true);
    expect(node.taken()).toHaveLength(1);
  });

  it("waits behind an event, which does not wait at all", async () => {
    const node = await new Node().restored();
    node.read(5);
    node.source.outbox.addEvent(new OutboxEvent(2, 0, 0, NaN, node.nowS));
    const [first, ...others] = node.taken();
    expect(first?.topic).toBe("streetnode/v1/berkane/bk-0001/up/event");
    expect(others).toEqual([]);
    node.source.release(node.nowS, 0);
    expect(node.taken().map(({ topic }) => topic)).toEqual([
      "streetnode/v1/berkane/bk-0001/up/data",
    ]);
  });

  it("stays while nobody knows yet what is in the journal", async () => {
    const node = new Node();
    node.read(5);
    node.source.release(node.nowS, 0);
    expect(node.taken()).toEqual([]);
    await node.restored();
    node.source.release(node.nowS, 0);
    expect(node.taken()).toHaveLength(1);
  });
});

describe("the backlog of an outage", () => {
  it("goes out two packs a second, events before it, the newest within half a minute", async () => {
    const node = await new Node().restored();
    node.read(1200);
    const { thinned } = node.source.outbox;
    node.source.release(node.nowS, 0);
    expect(node.taken()).toHaveLength(2);
    expect(node.taken()).toEqual([]);
    node.source.outbox.addEvent(new OutboxEvent(2, 0, 0, NaN, node.nowS));
    expect(node.taken().map(({ topic }) => topic.endsWith("event"))).toEqual([true]);
    const backlog = node.source.outbox.readings();
    expect(backlog + thinned).toBe(1200);
    const { perTurn } = await node.drain();
    expect(Math.max(...perTurn)).toBe(2);
    expect(perTurn.length).toBeLessThan(30);
  });

  it("comes out of flash and RAM in order, each reading once, across a power cut", async () => {
    const storage = new MapStorage();
    const before = await new Node(1, storage).restored();
    before.clock.beacon(START_UTC_S, false, 0);
    before.read(700);
    const { journaling } = before.source;
    await journaling.keep(700_000, false, before.clock.utcOffsetS(700));
    await journaling.keep(760_000, false, before.clock.utcOffsetS(760));
    const cut = before.source.outbox.readings();
    expect(cut).toBeLessThan(RECORDS_PER_PACK);

    const after = await new Node(2, storage).restored();
    after.clock.beacon(START_UTC_S + 3600, false, 0);
    after.read(100);
    const { packs } = await after.drain();
    const times = packs.flatMap((pack) => {
      const bt = pack[0]?.bt ?? NaN;
      return pack.map(({ t }) => bt + (t ?? 0) - START_UTC_S);
    });
    expect(times).toEqual([
      ...Array.from({ length: 700 - cut }, (_, i) => i),
      ...Array.from({ length: 100 }, (_, i) => 3600 + i),
    ]);
    const names = packs.map(([first]) => `${first?.boot}/${first?.seq}`);
    expect(new Set(names).size).toBe(names.length);
    expect(packs.flat().some(({ untimed }) => untimed)).toBe(false);
    expect(storage.values.size).toBe(0);
  });
});

describe("an event for which RAM has no room", () => {
  it("goes out from flash where it has a copy there, else is counted, and leaves flash free", async () => {
    const storage = new MapStorage();
    const node = await new Node(1, storage).restored();
    const { outbox, journaling } = node.source;
    const add = (from: number, to: number) => {
      for (let kind = from; kind < to; kind++)
        node.source.addEvent(new OutboxEvent(kind, 0, 0, NaN, kind));
    };
    const away = async (fromMs: number) => {
      for (const ms of [0, 60_000]) await journaling.keep(fromMs + ms, false, NaN);
    };
    add(0, EVENTS_IN_RAM);
    await away(0);
    expect(storage.values.size).toBe(EVENT_PLACES);
    // The copies of the oldest are all that is left of them; the seven after them are gone.
    add(EVENTS_IN_RAM, EVENTS_IN_RAM + EVENT_PLACES + 7);
    expect(outbox.dropped).toBe(7);
    const kinds = (await node.drain()).packs.map(([first]) =>
      Number((first as unknown as { event: string }).event.slice("kind ".length)),
    );
    expect(kinds.sort((a, b) => a - b)).toEqual([
      ...Array.from({ length: EVENT_PLACES }, (_, i) => i),
      ...Array.from({ length: EVENTS_IN_RAM }, (_, i) => EVENT_PLACES + 7 + i),
    ]);
    expect(storage.values.size).toBe(0);
    add(100, 101);
    await away(1_000_000);
    expect(storage.values.size).toBe(1);
  });
});

describe("the times of a pack", () => {
  it("count back from the sending until the city has said the time, then are UTC", async () => {
    const node = await new Node().restored();
    node.read(2);
    node.nowS = 10;
    node.source.release(10, 0);
    const handle = node.source.take();
    const pack = () => JSON.parse((node.source.message(handle).payload as string[]).join(""));
    expect(pack()).toMatchObject([{ t: -10 }, { t: -9 }]);
    // The same pack, sent again after the first beacon.
    node.nowS = 20;
    node.clock.beacon(START_UTC_S + 20, false, 20);
    const [first, second] = pack();
    expect(first.bt).toBe(START_UTC_S);
    expect([first.t, second.t]).toEqual([undefined, 1]);
  });

  it("of a boot that never learned the time are marked, and those of this boot are not", async () => {
    const storage = new MapStorage();
    const before = await new Node(1, storage).restored();
    before.read(3);
    await before.source.journaling.saveAll(1, NaN);
    // The same boot knows what its own clock meant.
    before.clock.beacon(START_UTC_S + 500, false, 500);
    await before.source.journal.work();
    const own = before.source.journal.take();
    expect(own).toBeGreaterThanOrEqual(0);

    const after = await new Node(2, storage).restored();
    after.clock.beacon(START_UTC_S + 3600, false, 0);
    const { packs } = await after.drain();
    expect(packs).toHaveLength(1);
    expect(packs[0]).toMatchObject([{ boot: 1, untimed: true, t: -2 }, { t: -1 }, {}]);
    expect(packs[0]?.[0]?.bt).toBeUndefined();
  });

  it("of what this boot put into flash before the first beacon are right after it", async () => {
    const node = await new Node().restored();
    node.read(3);
    await node.source.journaling.saveAll(1, NaN);
    node.clock.beacon(START_UTC_S + 500, false, 500);
    const { packs } = await node.drain();
    expect(packs[0]?.[0]?.bt).toBe(START_UTC_S);
  });
});
