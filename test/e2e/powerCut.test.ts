import { expect, it } from "vitest";
import type { HealthMessage } from "../../devs/contract/messages";
import { METRIC_COUNT, metricName } from "../../devs/contract/metrics";
import { SAVED_RECORDS } from "../../devs/outbox/journaling";
import { judgeDelivery, type DeliveryVerdict } from "../support/deliveryProof";
import { startCity } from "../support/simulatedCity";

const SECOND_MS = 1000;
/** A node is without power for so long. */
const DARK_MS = 3000;
/** The broker is away long enough for the journal, and then there for all that it holds. */
const BEFORE_MS = 75_000;
const OUTAGE_MS = 120_000;
const AFTER_MS = 160_000;
/** The journal is used by now; turns of the node's loop and of this test add a second each. */
const JOURNAL_MS = BEFORE_MS + 64_000;
/** Turns of the node's loop and of this test. */
const TURNS_MS = 2000;

/**
 * What a power cut costs at most, in time before it: what only RAM has. With the broker there,
 * or just back, a reading waits for 5 s; of an outage the journal has nothing for the first
 * minute, and then all but the pack that is not full yet, 24 readings, which are 24 s of this node.
 */
function costMs(cutMs: number): number {
  const away = cutMs > BEFORE_MS && cutMs <= BEFORE_MS + OUTAGE_MS;
  const inRamMs = cutMs <= JOURNAL_MS && away ? cutMs - BEFORE_MS : SAVED_RECORDS * SECOND_MS;
  return inRamMs + RELEASE_MS + TURNS_MS;
}
const TEST_MS = 300_000;
/** How a pack lies in flash: see `journalBlock.ts`. */
const BLOCK_FORMAT = 0xa3;
const BLOCK_HEADER_BYTES = 15;
const RELEASE_MS = 5000;

/** Two channels, each a reading every two seconds; the others sleep. An alarm is raised in the outage. */
const CONFIGURATION = {
  release: { periodS: RELEASE_MS / SECOND_MS },
  lamp: { on: false },
  channels: Object.fromEntries(
    Array.from({ length: METRIC_COUNT }, (_, i) => metricName(i)).map((name) => [
      name,
      name === "illuminance" || name === "lampPower"
        ? {
            periodS: 2,
            report: { deadband: 0, heartbeatS: 2 },
            alarms: name === "lampPower" ? [] : [{ above: 0.5, clear: 0.1, raiseDelayS: 100 }],
          }
        : { on: false },
    ]),
  ),
};

interface Outcome extends DeliveryVerdict {
  /** Writes of the flash since the program was in it. */
  readonly writes: number;
  /** When the power went, in virtual time; NaN when it did not. */
  readonly cutMs: number;
  readonly boots: number;
  /** Readings of the first boot from the oldest on that is lost. */
  readonly sinceLost: number;
  /** Alarms of the first boot that the city learned of. */
  readonly alarms: number;
  readonly problems: number;
}

/** An outage during which the power goes at one of the flash writes, or not at all. */
async function outage(cut?: {
  readonly write: number;
  readonly stored: boolean;
}): Promise<Outcome> {
  const city = await startCity({ trace: true, configuration: CONFIGURATION });
  const [node] = city.city.nodes;
  if (!node) throw new Error("the city has no node");
  // The bench's own writes, which put the program and the settings there, are not of interest.
  while (node.boots === 0) await city.run(10);
  const written = node.flashWrites;
  if (cut) node.cutPowerAt(written + cut.write, cut.stored);
  let cutMs = NaN;
  const pass = async (ms: number) => {
    const endMs = city.scheduler.nowMs + ms;
    while (city.scheduler.nowMs < endMs) {
      await city.run(SECOND_MS);
      if (node.powered) continue;
      cutMs = city.scheduler.nowMs;
      await city.run(DARK_MS);
      await node.powerOn();
    }
  };
  await pass(BEFORE_MS);
  city.broker.stop({ sessions: "kept" });
  await pass(OUTAGE_MS);
  city.broker.start();
  await pass(AFTER_MS);
  const { gaps, bad } = city.receiver.counters;
  const verdict = judgeDelivery(city);
  const oldestLostMs = Math.min(...verdict.lost.map(({ timeMs }) => timeMs));
  const outcome = {
    ...verdict,
    sinceLost: city.reports.filter(({ boot, timeMs }) => boot === 1 && timeMs >= oldestLostMs)
      .length,
    writes: node.flashWrites - written,
    cutMs,
    boots: node.boots,
    alarms: city.events.filter(({ event }) => event.boot === 1 && event.event === "alarm-raised")
      .length,
    problems: gaps + bad + node.panics,
  };
  await city.close();
  return outcome;
}

it(
  "loses only what no flash had yet when the power goes at any single flash write of an outage, and no alarm",
  async () => {
    const whole = await outage();
    expect(whole).toMatchObject({ boots: 1, lost: [], invented: [], disordered: [], problems: 0 });
    expect(whole.alarms).toBe(1);
    // The boot count, the alarm, a pack every 24 s of the outage, and their removal.
    expect(whole.writes).toBeGreaterThanOrEqual(8);
    let spared = 0;
    let alarmKept = false;
    for (let write = 1; write <= whole.writes; write++)
      for (const stored of [false, true]) {
        const outcome = await outage({ write, stored });
        const at = `write ${write}, ${stored ? "stored" : "not stored"}`;
        expect(outcome, at).toMatchObject({ boots: 2, invented: [], disordered: [], problems: 0 });
        for (const report of outcome.lost) {
          expect(report.boot, at).toBe(1);
          expect(outcome.cutMs - report.timeMs, at).toBeLessThan(costMs(outcome.cutMs));
        }
        // They are the newest of all: of what was in flash, and so is older, none is missing.
        expect(outcome.lost.length, at).toBe(outcome.sinceLost);
        // The alarm is lost before it is in flash, never after, and it is the first to go there.
        if (outcome.cutMs > JOURNAL_MS) alarmKept = true;
        if (alarmKept) expect(outcome.alarms, at).toBe(1);
        // Without its boot count a node is in its first boot again.
        alarmKept ||= outcome.cutMs > BEFORE_MS && outcome.alarms === 1;
        if (outcome.lost.length === 0) spared++;
      }
    // Right after a pack was written nothing was lost.
    expect(spared).toBeGreaterThanOrEqual(4);
  },
  TEST_MS,
);

it("says of a pack that was damaged in flash that it is lost, and sends the others", async () => {
  const city = await startCity({ trace: true, configuration: CONFIGURATION });
  const health: HealthMessage[] = [];
  city.broker.onPublish((topic, payload) => {
    if (topic.endsWith("/up/health"))
      health.push(JSON.parse(Buffer.from(payload).toString()) as HealthMessage);
  });
  const [node] = city.city.nodes;
  if (!node) throw new Error("a city without nodes");
  await city.run(BEFORE_MS);
  city.broker.stop({ sessions: "kept" });
  await city.run(OUTAGE_MS);
  node.powerOff();
  const flash = Buffer.from(node.flash.buffer, node.flash.byteOffset, node.flash.length);
  const packs: number[] = [];
  const head = Buffer.from([BLOCK_FORMAT, 0, 0, 0, 1]);
  for (let at = flash.indexOf(head); at >= 0; at = flash.indexOf(head, at + 1)) packs.push(at);
  expect(packs.length).toBeGreaterThan(1);
  // One bit of its first record.
  const first = (packs[0] ?? NaN) + BLOCK_HEADER_BYTES;
  flash[first] = (flash[first] ?? 0) ^ 1;
  city.broker.start();
  await node.powerOn();
  await city.run(AFTER_MS);
  const { lost, invented } = judgeDelivery(city);
  await city.close();

  expect(invented).toEqual([]);
  expect(lost.length).toBeGreaterThan(0);
  expect(health.at(-1)).toMatchObject({ boot: 2, damagedPacks: 1 });
  expect(health.at(-1)?.flashErrors).toBeUndefined();
  expect(node.panics).toBe(0);
}, 120_000);
