import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import sqlite from "node-sqlite3-wasm";
import { rolldown } from "rolldown";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Point } from "../../src/city/cityView";
import { openCityDatabase } from "../../src/history/cityDatabase";
import { CSV_HEADER, auditCsv, csvLines } from "../../src/history/csv";
import type { History, HistoryBatch, StoredReading } from "../../src/history/history";
import { SCHEMA } from "../../src/history/schema";
import { SqliteHistory } from "../../src/history/sqliteHistory";
import { Thinning } from "../../src/history/thin";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import type { VisitView } from "../../src/web/api";

const CITY = "berkane";
const DAY_MS = 24 * 3600_000;

let folder: string;
let history: History;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-history-"));
  history = open();
});

afterEach(async () => {
  await history.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(city = CITY): History {
  return new SqliteHistory(openCityDatabase(join(folder, "city.db"), city));
}

async function reopen(): Promise<void> {
  await history.close();
  history = open();
}

function readings(points: readonly Point[], node = "bk-0001", metric = "pm25"): HistoryBatch {
  return {
    readings: points.map(([timeMs, value]) => ({
      city: CITY,
      node,
      metric,
      unit: "ug/m3",
      value,
      timeMs,
    })),
    events: [],
    states: [],
    nodes: new Map([[node, { heardMs: 5 }]]),
  };
}

function visit(id: string, atMs: number, more: Partial<VisitView> = {}): VisitView {
  return {
    id,
    kind: "accept",
    node: "bk-0001",
    pole: "P-1",
    lat: 34.9,
    lon: -2.3,
    atMs,
    checks: [],
    cityChecks: [],
    by: "amina",
    receivedMs: atMs + 1,
    hasPhoto: false,
    ...more,
  };
}

async function all(of: AsyncIterable<readonly StoredReading[]>): Promise<StoredReading[]> {
  const found: StoredReading[] = [];
  for await (const portion of of) found.push(...portion);
  return found;
}

describe("the history in a file", () => {
  it("draws no reading whose time nobody knows, and keeps it with its mark", async () => {
    const batch = readings([
      [10, 1],
      [20, 2],
      [30, 3],
      [40, 4],
    ]);
    const untimed = (timeMs: number) => timeMs === 10 || timeMs === 30 || timeMs === 40;
    const marked = batch.readings.map((one) =>
      untimed(one.timeMs) ? { ...one, untimed: true as const } : one,
    );
    const event = { event: "sensor-ok", chip: "sen55", boot: 1, seq: 4 };
    const arrival = { city: CITY, node: "bk-0001", event, timeMs: 40, untimed: true as const };
    await history.write({ ...batch, readings: marked, events: [arrival] });
    const series = await history.series("bk-0001", "pm25", { fromMs: 15, toMs: 50 }, 100);
    expect(series?.points).toEqual([[20, 2]]);
    const kept = await all(history.readings({ fromMs: 0, toMs: 50 }));
    expect(kept.map(({ timeMs, untimed }) => [timeMs, untimed])).toEqual([
      [10, true],
      [20, false],
      [30, true],
      [40, true],
    ]);
    expect((await all(history.recentReadings(1000)))[0]).toMatchObject({ timeMs: 20 });
    expect(await history.events("bk-0001", { fromMs: 0, toMs: 50 }, 9)).toEqual([
      { event: "sensor-ok", chip: "sen55", boot: 1, timeMs: 40, untimed: true },
    ]);
  });

  it("keeps each of several values of one second, in their order, and none of them twice", async () => {
    const points: Point[] = [
      [1000, 3],
      [1000, 1],
      [1000, 2],
      [2000, 2],
      [2000, 2],
    ];
    // The broker sends again what was not acknowledged.
    for (let time = 0; time < 2; time++) await history.write(readings(points));
    const series = await history.series("bk-0001", "pm25", { fromMs: 0, toMs: 9000 }, 100);
    expect(series?.points).toEqual([
      [1000, 3],
      [1001, 1],
      [1002, 2],
      [2000, 2],
    ]);
    // As many as somebody likes to send do not run into the next second.
    const flood = Array.from({ length: 1500 }, (_, i): Point => [5000, i]);
    await history.write(readings(flood));
    const kept = await all(history.readings({ fromMs: 5000, toMs: 9000 }));
    expect(kept).toHaveLength(1000);
    expect(kept.at(-1)?.timeMs).toBe(5999);
  });

  it("gives back readings in order of time, each once, with the one before the range", async () => {
    await history.write(
      readings([
        [30, 3],
        [10, 1],
      ]),
    );
    await history.write(
      readings([
        [20, 2],
        [30, 3],
        [40, 4],
      ]),
    );
    await reopen();
    const series = await history.series("bk-0001", "pm25", { fromMs: 20, toMs: 40 }, 100);
    expect(series).toEqual({
      unit: "ug/m3",
      points: [
        [10, 1],
        [20, 2],
        [30, 3],
      ],
    });
    expect(await history.series("bk-0001", "pm10", { fromMs: 0, toMs: 40 }, 100)).toBeUndefined();
    expect(await history.series("bk-0002", "pm25", { fromMs: 0, toMs: 40 }, 100)).toBeUndefined();
  });

  it("keeps what a batch says of a node, and what earlier ones said", async () => {
    const state = { state: "online" as const, reason: "boot", boot: 3 };
    const origin = { city: CITY, node: "bk-0001" };
    const fault = { event: "sensor-fault", boot: 3, seq: 1, chip: "sen55" };
    const sequences = {
      joinsMidway: false,
      bornBoot: 3,
      forgottenTo: -1,
      uncountedTo: -1,
      boots: [],
    };
    const measured = { boot: 3, fromMs: 1 };
    await history.write({
      readings: [],
      events: [{ ...origin, event: { ...fault, boot: 2 }, timeMs: 1 }],
      states: [{ ...origin, state, arrivedMs: 2 }],
      nodes: new Map([["bk-0001", { heardMs: 2, sequences, measured }]]),
    });
    await history.write({
      readings: [],
      events: [{ ...origin, event: fault, timeMs: 3 }],
      // The broker's retained message, again.
      states: [{ ...origin, state, arrivedMs: 9 }],
      nodes: new Map([["bk-0001", { heardMs: 9 }]]),
    });
    await reopen();
    expect(await history.nodes()).toEqual([
      {
        node: "bk-0001",
        heardMs: 9,
        state: { message: state, arrivedMs: 2 },
        measured,
        sequences,
        events: [{ event: "sensor-fault", boot: 3, chip: "sen55", timeMs: 3 }],
      },
    ]);
    expect(await history.events("bk-0001", { fromMs: 0, toMs: 10 }, 10)).toHaveLength(2);
    expect(await history.events("bk-0001", { fromMs: 2, toMs: 10 }, 10)).toHaveLength(1);
  });

  it("stores a visit once, with its audit line, and gives its photo", async () => {
    const photo = Uint8Array.of(0xff, 0xd8, 0xff);
    expect(await history.addVisit(visit("a", 10, { hasPhoto: true }), photo)).toBe(true);
    expect(await history.addVisit(visit("a", 10), undefined)).toBe(false);
    expect(
      await history.addVisit(
        visit("b", 20, { node: "bk-0002", kind: "replace", replaces: "bk-0001" }),
        undefined,
      ),
    ).toBe(true);
    await reopen();
    expect((await history.visits(undefined, 10)).map(({ id }) => id)).toEqual(["b", "a"]);
    expect((await history.visits("bk-0001", 10)).map(({ id }) => id)).toEqual(["b", "a"]);
    expect((await history.visits("bk-0002", 10)).map(({ id }) => id)).toEqual(["b"]);
    expect(Buffer.from((await history.photo("a")) ?? [])).toEqual(Buffer.from(photo));
    expect(await history.photo("b")).toBeUndefined();
    expect(await history.auditLines(10)).toEqual([
      { atMs: 21, who: "amina", what: "replace", name: "bk-0002", detail: "pole P-1 for bk-0001" },
      { atMs: 11, who: "amina", what: "accept", name: "bk-0001", detail: "pole P-1" },
    ]);
  });

  it("forgets what is old in small steps, and nothing else", async () => {
    const old = Array.from({ length: 5000 }, (_, i): Point => [i, i]);
    await history.write(readings(old));
    await history.write(readings([[DAY_MS, 1]]));
    await history.write(
      readings(
        [
          [5, 1],
          [DAY_MS, 2],
        ],
        "bk-0002",
      ),
    );
    await history.addVisit(visit("a", 10), undefined);
    let steps = 1;
    let most = 0;
    let left = 5002;
    while (await history.forget(DAY_MS)) {
      const now = (await all(history.readings({ fromMs: 0, toMs: 2 * DAY_MS }))).length;
      most = Math.max(most, left - now);
      left = now;
      steps++;
    }
    expect(most).toBeLessThanOrEqual(2001);
    expect(steps).toBeGreaterThan(3);
    const kept = await all(history.readings({ fromMs: 0, toMs: 2 * DAY_MS }));
    expect(kept.map(({ node, timeMs }) => [node, timeMs])).toEqual([
      ["bk-0001", DAY_MS],
      ["bk-0002", DAY_MS],
    ]);
    expect(await history.visits(undefined, 10)).toHaveLength(1);
    expect(await history.auditLines(10)).toHaveLength(1);
  });

  it("uses the room of what it forgot again", async () => {
    const batch = (day: number) =>
      readings(Array.from({ length: 20_000 }, (_, i): Point => [day * DAY_MS + i, i]));
    const sizes: number[] = [];
    for (let day = 0; day < 6; day++) {
      await history.write(batch(day));
      while (await history.forget(day * DAY_MS));
      await reopen();
      sizes.push(statSync(join(folder, "city.db")).size);
    }
    expect(sizes[5]).toBeLessThan(sizes[1] * 1.2);
  });

  it("goes through more readings than it takes into memory at once", async () => {
    await history.write(readings(Array.from({ length: 12_000 }, (_, i): Point => [i, i])));
    await history.write(readings([[7, 7]], "bk-0001", "pm10"));
    const portions: number[] = [];
    for await (const portion of history.readings({ fromMs: 0, toMs: 11_000, metric: "pm25" }))
      portions.push(portion.length);
    expect(portions).toEqual([5000, 5000, 1000]);
    expect(await all(history.readings({ fromMs: 0, toMs: 8, node: "bk-0001" }))).toHaveLength(9);
    expect(await all(history.readings({ fromMs: 0, toMs: 8, node: "bk-0002" }))).toEqual([]);
  });

  it("takes a batch wholly or not at all", async () => {
    const bad = readings([
      [1, 1],
      [2, NaN],
    ]);
    await expect(history.write(bad)).rejects.toThrow();
    await history.write(readings([[3, 3]]));
    const kept = await all(history.readings({ fromMs: 0, toMs: 10 }));
    expect(kept.map(({ timeMs }) => timeMs)).toEqual([3]);
  });

  it("takes up a file of an earlier version as it is", async () => {
    await history.close();
    rmSync(join(folder, "city.db"));
    const old = new sqlite.Database(join(folder, "city.db"));
    old.exec(`PRAGMA application_id = 0x534e4348; ${SCHEMA[0]}; PRAGMA user_version = 1`);
    old.run("INSERT INTO nodes (name, heard_ms, timed) VALUES ('bk-0001', 7, 1)");
    old.run("INSERT INTO facts VALUES ('city', 'berkane')");
    old.close();
    history = open();
    expect(await history.nodes()).toEqual([
      { node: "bk-0001", heardMs: 7, timed: true, events: [] },
    ]);
    await history.write(readings([[3, 1]]));
    await reopen();
    expect(await all(history.readings({ fromMs: 0, toMs: 10 }))).toHaveLength(1);
  });

  it("has a number of its own, for ever, unless it is older than such numbers", async () => {
    await history.close();
    const numberOf = (file: string) => {
      const database = openCityDatabase(join(folder, file), "berkane");
      database.close();
      return database.installation;
    };
    const number = numberOf("city.db");
    expect(number).toMatch(/^[0-9a-f]{16}$/);
    expect(numberOf("city.db")).toBe(number);
    expect(numberOf("other.db")).not.toBe(number);
    const old = new sqlite.Database(join(folder, "old.db"));
    old.exec(`PRAGMA application_id = 0x534e4348; ${SCHEMA[0]}; PRAGMA user_version = 1`);
    old.run("INSERT INTO facts VALUES ('city', 'berkane')");
    old.close();
    expect([numberOf("old.db"), numberOf("old.db")]).toEqual(["", ""]);
    history = open();
  });

  it("is of one city, and used by one server at a time", async () => {
    expect(() => open()).toThrow("is in use by process");
    await history.close();
    expect(() => open("oujda")).toThrow("is the history of berkane, not of oujda");
    history = open();
  });

  it("has what was acknowledged when its process is killed at any moment", async () => {
    await history.close();
    const writer = await buildWriter();
    let batches = 0;
    for (const delayMs of [0, 3, 10, 25, 60]) {
      const child = spawn(process.execPath, [writer.file, join(folder, "city.db")], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let text = "";
      const started = new Promise<void>((resolve) =>
        child.stdout.on("data", (data: Buffer) => {
          text += data.toString();
          resolve();
        }),
      );
      await started;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("close", resolve));
      const acknowledgements = text.trim().split("\n");
      const acknowledged = Number(acknowledgements.at(-1));
      batches += acknowledgements.length;
      history = open();
      const kept = await all(history.readings({ fromMs: 0, toMs: Infinity }));
      expect(kept.length).toBeGreaterThanOrEqual(acknowledged);
      // Whole batches of ten.
      expect(kept.length % 10).toBe(0);
      expect((await history.auditLines(1e6)).length).toBeGreaterThanOrEqual(batches);
      await history.close();
    }
    writer.remove();
    history = open();
  });
});

/** The program that writes and is killed, built within the project so that it finds its packages. */
async function buildWriter(): Promise<{ file: string; remove(): void }> {
  const built = mkdtempSync(join(PROJECT_FOLDER, "dist", "test-"));
  const bundle = await rolldown({
    input: { writer: join(import.meta.dirname, "historyWriter.ts") },
    platform: "node",
    external: (id) => !id.startsWith(".") && !id.startsWith("/"),
  });
  await bundle.write({ dir: built, format: "esm" });
  await bundle.close();
  return {
    file: join(built, "writer.js"),
    remove: () => rmSync(built, { recursive: true, force: true }),
  };
}

describe("thinning", () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: -50, max: 50 }));

  it("keeps order, ends and extremes, and no more points than asked for", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(point, { selector: ([timeMs]) => timeMs, minLength: 1, maxLength: 300 }),
        fc.integer({ min: 4, max: 60 }),
        (unordered, most) => {
          const points = [...unordered].sort((a, b) => a[0] - b[0]);
          const thinning = new Thinning(0, 1001, most);
          for (const each of points) thinning.add(each);
          const kept = thinning.points();
          expect(kept.length).toBeLessThanOrEqual(most);
          if (points.length <= most) expect(kept).toEqual(points);
          // The same points, in the same order.
          let at = -1;
          for (const each of kept) {
            const found = points.indexOf(each as [number, number]);
            expect(found).toBeGreaterThan(at);
            at = found;
          }
          const values = points.map(([, value]) => value);
          const keptValues = kept.map(([, value]) => value);
          expect(Math.min(...keptValues)).toBe(Math.min(...values));
          expect(Math.max(...keptValues)).toBe(Math.max(...values));
          expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
        },
      ),
    );
  });
});

describe("CSV", () => {
  it("is one line a reading, with nothing that a spreadsheet would run", () => {
    const reading = { node: "bk-0001", metric: "pm25", value: -1.5, timeMs: 0 };
    expect(
      CSV_HEADER +
        csvLines([
          { ...reading, unit: "ug/m3", untimed: false },
          { ...reading, unit: '=cmd|"x",1', untimed: true },
        ]),
    ).toBe(
      "time,node,metric,value,unit,untimed\r\n" +
        "1970-01-01T00:00:00.000Z,bk-0001,pm25,-1.5,ug/m3,\r\n" +
        `1970-01-01T00:00:00.000Z,bk-0001,pm25,-1.5,"'=cmd|""x"",1",1\r\n`,
    );
  });

  it("of the audit log is one line an entry, with nothing that a spreadsheet would run", () => {
    const detail = "pole P-1, despite: @SUM(1)";
    expect(
      auditCsv([
        { atMs: 0, who: "amina", what: "accept", name: "bk-0001", detail },
        { atMs: 1, who: "-", what: "sign-in-refused", name: null, detail: "=1+1" },
      ]),
    ).toBe(
      "time,who,what,name,detail\r\n" +
        `1970-01-01T00:00:00.000Z,amina,accept,bk-0001,"${detail}"\r\n` +
        "1970-01-01T00:00:00.001Z,'-,sign-in-refused,,'=1+1\r\n",
    );
  });
});
