import { describe, expect, it } from "vitest";
import type { AlarmDescription } from "../../../devs/contract/chain";
import { AlarmTruth, type AlarmJudge } from "../../../src/sim/verdict/alarmTruth";

const MINUTE_MS = 60_000;
/** Noon in Berkane. */
const NOON_UTC_MS = Date.UTC(2026, 2, 20, 11);
const HOT: AlarmDescription = { above: 38, clear: 37, raiseDelayS: 120 };

/** What is made of a world that is so warm at a minute of the run, and of what the city heard. */
function judged(
  warmCel: (minute: number) => number,
  heard: readonly {
    readonly raised: boolean;
    /** Minutes of the run: when it happened, and when the city knew. */
    readonly at: number;
    readonly known?: number;
  }[],
  more: Partial<AlarmJudge> = {},
  alarm = HOT,
) {
  const truth = new AlarmTruth(10 * MINUTE_MS);
  for (const { raised, at, known = at } of heard) {
    const event = raised ? "alarm-raised" : "alarm-cleared";
    const told = { event, channel: "temperature", threshold: 38, boot: 1, seq: 1 };
    truth.event(told, at * MINUTE_MS, known * MINUTE_MS);
  }
  return truth.account({
    world: {
      value: (metric, timeMs) => (metric === "temperature" ? warmCel(timeMs / MINUTE_MS) : 0),
    },
    configuration: { channels: { temperature: { alarms: [alarm] } } },
    excuses: [],
    startUtcMs: NOON_UTC_MS,
    endMs: 180 * MINUTE_MS,
    ...more,
  });
}

/** Warm between two pairs of minutes. */
const twice = (minute: number) =>
  (minute >= 20 && minute < 40) || (minute >= 100 && minute < 120) ? 40 : 30;
const raised = (at: number, known = at) => ({ raised: true, at, known });
const cleared = (at: number) => ({ raised: false, at });

describe("the alarms that a city heard of", () => {
  it("are as many as the world asked for", () => {
    const heard = [raised(22.2), cleared(40), raised(102.2), cleared(120)];
    expect(judged(twice, heard)).toEqual({ due: 2, missed: 0, false: 0, late: 0, slowestS: 0 });
  });

  it("are missed where nothing came, also of the second after one that was over", () => {
    expect(judged(twice, [])).toMatchObject({ due: 2, missed: 2 });
    expect(judged(twice, [raised(22.2), cleared(40)])).toMatchObject({ due: 2, missed: 1 });
    // It was not told that the first was over: the city still knows.
    expect(judged(twice, [raised(22.2)])).toMatchObject({ due: 2, missed: 0 });
  });

  it("are false where the world was on the good side", () => {
    const heard = [raised(22.2), cleared(40), raised(70), cleared(71), raised(102.2)];
    expect(judged(twice, heard)).toMatchObject({ missed: 0, false: 1 });
  });

  it("are late where the city knew long after", () => {
    const heard = [raised(22.2, 25), cleared(40), raised(102.2, 140)];
    const { late, slowestS, missed } = judged(twice, heard);
    expect([late, missed]).toEqual([1, 0]);
    expect(slowestS).toBeGreaterThan(37 * 60);
    expect(slowestS).toBeLessThan(39 * 60);
  });

  it("are dated by their arrival where a wrong beacon put them ahead", () => {
    const heard = [{ raised: true, at: 142.2, known: 22.2 }, cleared(40), raised(102.2)];
    expect(judged(twice, heard)).toMatchObject({ missed: 0, false: 0 });
  });

  it("are not asked for outside of their part of the day, and false there", () => {
    const atNight = { ...HOT, during: ["night"] };
    expect(judged(twice, [], {}, atNight)).toMatchObject({ due: 0 });
    expect(judged(twice, [raised(22.2)], {}, atNight)).toMatchObject({ due: 0, false: 1 });
    const startUtcMs = Date.UTC(2026, 2, 20, 22);
    expect(judged(twice, [], { startUtcMs }, atNight)).toMatchObject({ due: 2, missed: 2 });
    const configuration = {
      time: { utcOffsetMin: 0 },
      channels: { temperature: { alarms: [atNight] } },
    };
    const abroad = judged(twice, [], { startUtcMs, configuration });
    expect(abroad, "an hour behind, the first is in the evening").toMatchObject({ due: 1 });
  });

  it("are not asked for where the world came back between two looks", () => {
    const dips = (minute: number) => (minute >= 20 && minute % 2 > 0.1 ? 40 : 30);
    expect(judged(dips, [])).toMatchObject({ due: 0 });
  });

  it("are not asked for under a fault of their chip, but of another one's", () => {
    const excuse = { fromMs: 0, toMs: 180 * MINUTE_MS };
    const under = (chip: string) => judged(twice, [], { excuses: [{ ...excuse, chip }] });
    expect(under("sen55")).toMatchObject({ due: 0 });
    expect(under("ina226")).toMatchObject({ due: 2, missed: 2 });
  });
});
