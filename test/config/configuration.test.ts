import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONFIGURATION_MAX_BYTES, ConfigStore } from "../../devs/config/configStore";
import { ConfigOutcome, Configuration } from "../../devs/config/configuration";
import { checkConfig } from "../../devs/contract/config";
import { metricNames } from "../../devs/contract/metrics";
import { piecedBytes } from "../../devs/mqtt/piecedBytes";
import { configurationCases } from "../shared/configuration.cases";
import { MemoryStorage, PowerCut } from "../support/memoryStorage";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds(
  "the configuration of a node",
  (t) => configurationCases(t, async () => new MemoryStorage()),
  "test/vm/configuration.main.ts",
);

const noPause = async (): Promise<void> => {};

async function opened(storage: MemoryStorage): Promise<ConfigStore> {
  const store = new ConfigStore(storage);
  await store.open();
  return store;
}

/** What the report says. */
async function said<T>(configuration: Configuration): Promise<T> {
  return JSON.parse(Buffer.concat(await configuration.report("in-force")).toString()) as T;
}

/** What is in force, as the report says it. */
async function inForce(storage: MemoryStorage): Promise<unknown> {
  const configuration = new Configuration(await opened(storage), noPause);
  const { version, config } = await said<{ version: number; config: unknown }>(configuration);
  return { version, config };
}

async function apply(storage: MemoryStorage, document: string): Promise<ConfigOutcome> {
  return new Configuration(await opened(storage), noPause).apply(
    piecedBytes(Buffer.from(document)),
  );
}

const FIRST = JSON.stringify({
  version: 1,
  channels: {
    pm25: { periodS: 30, alarms: [{ above: 35, clear: 30 }] },
    pm10: {
      calibrate: {
        points: [
          [0, 0],
          [100, 90.25],
          [200, 185],
          [400, 370],
          [800, 700],
        ],
      },
    },
    humidity: { on: false },
  },
});
const SECOND = JSON.stringify({
  version: 2,
  channels: {
    pm25: {
      periodS: 20,
      alarms: [
        { above: 50, clear: 40 },
        { above: 80, clear: 70, severity: "critical" },
      ],
    },
    pm10: null,
    LAF: { periodS: 2 },
  },
  health: { periodS: 120 },
});

describe("the configuration in flash", () => {
  it("is the old or the new one, whichever write the power is cut at", async () => {
    const before = new MemoryStorage();
    await apply(before, FIRST);
    const whole = new MemoryStorage(new Map(before.values));
    await apply(whole, SECOND);
    const old = await inForce(before);
    const fresh = await inForce(whole);
    expect(fresh).not.toEqual(old);
    const seen = new Set<unknown>();
    for (const cutAfterChange of [false, true])
      for (let cutAt = 1; cutAt <= whole.changes; cutAt++) {
        const flash = new MemoryStorage(new Map(before.values));
        flash.cutAt = cutAt;
        flash.cutAfterChange = cutAfterChange;
        await apply(flash, SECOND).catch((e: unknown) => expect(e).toBeInstanceOf(PowerCut));
        const now = await inForce(new MemoryStorage(flash.values));
        expect([old, fresh]).toContainEqual(now);
        seen.add(JSON.stringify(now));
        // A second try works, and leaves nothing lying about.
        const again = new MemoryStorage(flash.values);
        await apply(again, SECOND);
        expect(await inForce(again)).toEqual(fresh);
        await (await opened(again)).keep();
        const tidy = new MemoryStorage(new Map(whole.values));
        await (await opened(tidy)).keep();
        expect([...again.values.keys()].length).toBe([...tidy.values.keys()].length);
      }
    expect(seen.size).toBe(2);
  });

  it("is not tried a fourth time with a document that ends the program", async () => {
    const storage = new MemoryStorage();
    await apply(storage, FIRST);
    const old = await inForce(storage);
    for (let attempt = 1; attempt <= 3; attempt++) {
      const ends = async (): Promise<void> => {
        if ((await storage.read("cfgTry"))?.toString().includes(`"v":${attempt}`))
          throw new PowerCut();
      };
      const configuration = new Configuration(await opened(storage), ends);
      await expect(configuration.apply(piecedBytes(Buffer.from(SECOND)))).rejects.toBeInstanceOf(
        PowerCut,
      );
    }
    for (let boot = 1; boot <= 2; boot++) {
      const configuration = new Configuration(await opened(storage), noPause);
      expect(await configuration.apply(piecedBytes(Buffer.from(SECOND)))).toBe(
        ConfigOutcome.Refused,
      );
      expect(configuration.problems).toEqual([
        { path: "", reason: "ended the program 3 times, or lost the broker" },
      ]);
    }
    expect(await inForce(storage)).toEqual(old);
    // The next version is another document.
    expect(await apply(storage, SECOND.replace('"version":', '"version":1'))).toBe(
      ConfigOutcome.Applied,
    );
  });

  it("goes back to the last good one, whichever write the power is cut at", async () => {
    const changed = new MemoryStorage();
    await apply(changed, FIRST);
    const old = await inForce(changed);
    await (await opened(changed)).keep();
    await apply(changed, SECOND);
    const fresh = await inForce(changed);
    const whole = new MemoryStorage(new Map(changed.values));
    expect(await (await opened(whole)).rollBack()).toBe(true);
    expect(await inForce(whole)).toEqual(old);
    for (const cutAfterChange of [false, true])
      for (let cutAt = 1; cutAt <= whole.changes; cutAt++) {
        const flash = new MemoryStorage(new Map(changed.values));
        const store = await opened(flash);
        flash.cutAt = cutAt;
        flash.cutAfterChange = cutAfterChange;
        await expect(store.rollBack()).rejects.toBeInstanceOf(PowerCut);
        const after = new MemoryStorage(flash.values);
        const again = await opened(after);
        const now = await inForce(after);
        if (again.onTrial()) {
          expect(now).toEqual(fresh);
          expect(await again.rollBack()).toBe(true);
        }
        expect(await inForce(after)).toEqual(old);
      }
  });

  it("stays as it was where flash has no room", async () => {
    const storage = new MemoryStorage();
    await apply(storage, FIRST);
    const old = await inForce(storage);
    const keys = [...storage.values.keys()].length;
    storage.capacity = 500;
    const store = await opened(storage);
    const configuration = new Configuration(store, noPause);
    const long = {
      version: 3,
      channels: { pm1: { alarms: alarms(4) }, pm4: { alarms: alarms(4) } },
    };
    expect(await configuration.apply(piecedBytes(Buffer.from(JSON.stringify(long))))).toBe(
      ConfigOutcome.Refused,
    );
    expect(configuration.problems).toEqual([{ path: "", reason: "no room in flash" }]);
    expect(await inForce(storage)).toEqual(old);
    expect([...storage.values.keys()].length).toBeLessThanOrEqual(keys);
  });

  it("has a largest size", async () => {
    const storage = new MemoryStorage();
    const configuration = new Configuration(await opened(storage), noPause);
    const channels: Record<string, unknown> = {};
    for (const metric of metricNames()) channels[metric] = { alarms: alarms(4) };
    const text = JSON.stringify({ version: 1, channels });
    expect(text.length).toBeGreaterThan(CONFIGURATION_MAX_BYTES);
    expect(await configuration.apply(piecedBytes(Buffer.from(text)))).toBe(ConfigOutcome.Refused);
    expect(configuration.problems[0]?.reason).toMatch(
      /^the configuration would have \d+ bytes of 3600$/,
    );
    expect(storage.values.size).toBe(0);
  });

  it("is what it was, and says why, wherever the next document is cut", async () => {
    const before = new MemoryStorage();
    await apply(before, FIRST);
    const old = await inForce(before);
    for (let at = 0; at < SECOND.length; at++) {
      const flash = new MemoryStorage(new Map(before.values));
      const configuration = new Configuration(await opened(flash), noPause);
      const cut = piecedBytes(Buffer.from(SECOND.slice(0, at)));
      expect(await configuration.apply(cut), `${at} bytes`).toBe(ConfigOutcome.Refused);
      expect(configuration.problems.length).toBeGreaterThan(0);
      expect(await inForce(flash)).toEqual(old);
    }
  });

  it("knows the document that it was given last", async () => {
    const storage = new MemoryStorage();
    expect(await apply(storage, FIRST)).toBe(ConfigOutcome.Applied);
    const changes = storage.changes;
    expect(await apply(storage, FIRST)).toBe(ConfigOutcome.Known);
    expect(storage.changes).toBe(changes);
  });

  it("is valid, and answered for, after any document", async () => {
    const channel = fc.dictionary(
      fc.constantFrom("on", "periodS", "range", "report", "alarms", "smooth", "x"),
      fc.oneof(
        fc.jsonValue({ maxDepth: 4 }),
        fc.constantFrom<unknown>(null, true, 10, { min: 1 }, { deadband: 2 }, [
          { above: 5, clear: 4 },
        ]),
      ),
    );
    const document = fc.record(
      {
        version: fc.oneof(fc.integer({ min: -1, max: 9 }), fc.jsonValue({ maxDepth: 1 })),
        channels: fc.oneof(
          fc.dictionary(
            fc.constantFrom("pm25", "pm10", "LAF", "y"),
            fc.oneof(channel, fc.constant(null)),
          ),
          fc.jsonValue({ maxDepth: 2 }),
        ),
        health: fc.oneof(fc.record({ periodS: fc.integer() }), fc.jsonValue({ maxDepth: 2 })),
      },
      { requiredKeys: [] },
    );
    const text = fc.tuple(document, fc.option(fc.nat(200), { freq: 5 })).map(([value, cut]) => {
      const whole = JSON.stringify(value);
      return cut === null ? whole : whole.slice(0, cut);
    });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 6 }), async (texts) => {
        const storage = new MemoryStorage();
        const configuration = new Configuration(await opened(storage), noPause);
        for (const each of texts) {
          const before = await inForce(storage);
          const outcome = await configuration.apply(piecedBytes(Buffer.from(each)));
          const report = await said<{ config: object; refused?: object[] }>(configuration);
          expect(checkConfig(report.config)).toEqual([]);
          if (outcome === ConfigOutcome.Refused) {
            expect(configuration.problems.length).toBeGreaterThan(0);
            expect(await inForce(storage)).toEqual(before);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

function alarms(count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({
    above: 1000.5 + i,
    clear: 900.25,
    raiseDelayS: 60,
    severity: "critical",
  }));
}
