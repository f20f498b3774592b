import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChainDescription } from "../../devs/contract/chain";
import { createChain } from "../../devs/filter/createChain";
import {
  alarmFault,
  ChainRun,
  deadbandFault,
  doorFault,
  heartbeatFault,
} from "../shared/filterGuarantees";

const RUNS = 1000;

interface Sample {
  readonly intervalS: number;
  readonly value: number;
}

/** Values as sensors give them: levels, ramps, noise, steps, and now and then nonsense. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -50, max: 150, noNaN: true }) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e300) },
);

/** Intervals that never go back: even, equal times, jitter, silences of up to a day. */
const interval = fc.oneof(
  { weight: 12, arbitrary: fc.constant(10) },
  { weight: 2, arbitrary: fc.double({ min: 9.95, max: 10.05, noNaN: true }) },
  { weight: 2, arbitrary: fc.double({ min: 0.01, max: 60, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(200, 3600, 86400) },
);

const evenSignal = fc.array(fc.record({ intervalS: fc.constant(10), value }), { maxLength: 120 });
const signal = fc.array(fc.record({ intervalS: interval, value }), { maxLength: 120 });
const wildSignal = fc.array(
  fc.record({
    intervalS: fc.oneof(
      interval,
      fc.double(),
      fc.constantFrom(-10, -3600, -1e9, NaN, Infinity, -Infinity, 1e12),
    ),
    value,
  }),
  { maxLength: 120 },
);

const range = fc.constantFrom(undefined, { min: -40, max: 125 }, { max: 120 });
const shape = fc.record(
  {
    range: range.filter((r) => r !== undefined),
    rate: fc.record({ maxPerS: fc.double({ min: 0.1, max: 20, noNaN: true }) }),
    spike: fc.oneof(
      fc.record({ median: fc.constantFrom(3, 5, 7) }),
      fc.record({ hampel: fc.constantFrom({ window: 5, k: 3 }, { window: 7, k: 2 }) }),
    ),
    calibrate: fc.constantFrom<NonNullable<ChainDescription["calibrate"]>>(
      { offset: 3, gain: -1.5 },
      { points: [[0, 1], [50, 40], [100, 120]] }, // prettier-ignore
    ),
    smooth: fc.oneof(
      fc.record({ timeConstantS: fc.constantFrom(1, 60, 5000) }),
      fc.record({ average: fc.integer({ min: 2, max: 6 }) }),
      fc.record({ median: fc.constantFrom(3, 5) }),
    ),
    statistics: fc.record({ windowS: fc.constantFrom(60, 3600), energyMean: fc.boolean() }),
  },
  { requiredKeys: [] },
);

async function runOf(description: ChainDescription, samples: readonly Sample[]): Promise<ChainRun> {
  const run = new ChainRun();
  const times: number[] = [];
  let timeS = 5;
  for (const sample of samples) times.push((timeS += sample.intervalS));
  await run.take(
    description,
    samples.map((sample) => sample.value),
    times,
    async () => {},
  );
  expect(run.fault).toBe("");
  return run;
}

describe("a chain's guarantees, whatever its other stages", () => {
  it("deadband: value and last report differ by at most the band", () =>
    fc.assert(
      fc.asyncProperty(
        shape,
        signal,
        fc.nat({ max: 30 }),
        fc.nat({ max: 20 }),
        async (s, x, band, pct) => {
          const run = await runOf(
            { ...s, report: { deadband: band, deadbandPct: pct, heartbeatS: 600 } },
            x,
          );
          expect(deadbandFault(run, band, pct)).toBe("");
          expect(heartbeatFault(run, 600)).toBe("");
        },
      ),
      { numRuns: RUNS },
    ));

  it("swinging door: the lines between the reports pass every value within the bound", () =>
    fc.assert(
      fc.asyncProperty(
        shape,
        signal,
        fc.double({ min: 0.01, max: 60, noNaN: true }),
        async (s, x, bound) => {
          const run = await runOf({ ...s, report: { swingingDoor: bound, heartbeatS: 600 } }, x);
          expect(doorFault(run, bound)).toBe("");
          expect(heartbeatFault(run, 600)).toBe("");
        },
      ),
      { numRuns: RUNS },
    ));

  it("shortest interval: reports keep their distance, and the band holds where they do", () =>
    fc.assert(
      fc.asyncProperty(shape, evenSignal, fc.boolean(), async (s, x, door) => {
        const report = door ? { swingingDoor: 2 } : { deadband: 2 };
        const run = await runOf({ ...s, report: { ...report, shortestS: 45 } }, x);
        // What a flush adds at the end keeps no distance.
        const reports = run.reportsAfter.at(-1) ?? 0;
        for (let k = 1; k < reports; k++)
          expect(run.reportTimeS[k] - run.reportTimeS[k - 1]).toBeGreaterThanOrEqual(45);
        if (door) return;
        run.value.forEach((y, i) => {
          const last = run.reportsAfter[i] - 1;
          const held = run.timeS[i] - run.reportTimeS[last] < 45;
          if (!held) expect(Math.abs(y - run.report[last])).toBeLessThanOrEqual(2);
        });
      }),
      { numRuns: RUNS },
    ));

  it("alarms: exactly the events of the slow reckoning, strictly alternating", () =>
    fc.assert(
      fc.asyncProperty(
        shape,
        evenSignal,
        fc.constantFrom(0, 10, 35),
        fc.constantFrom(0, 20),
        fc.boolean(),
        async (s, x, raiseDelayS, clearDelayS, door) => {
          // Samples that are rejected make long intervals: without them there is no silence.
          const run = await runOf(
            {
              ...s,
              report: door ? { swingingDoor: 50 } : { deadband: 50 },
              alarms: [
                { above: 30, clear: 20, raiseDelayS, clearDelayS },
                { below: 0, clear: 5 },
              ],
            },
            x.filter((sample) => Math.abs(sample.value) < 120),
          );
          fc.pre(run.rejected < 8);
          expect(alarmFault(run, 30, 20, raiseDelayS, clearDelayS)).toBe("");
        },
      ),
      { numRuns: RUNS },
    ));

  it("time that jumps and values that are none: no wrong value, and no stuck state", () =>
    fc.assert(
      fc.asyncProperty(shape, wildSignal, fc.boolean(), async (s, x, door) => {
        const description: ChainDescription = {
          ...s,
          range: { min: -40, max: 125 },
          report: door ? { swingingDoor: 1, heartbeatS: 600 } : { deadband: 1, heartbeatS: 600 },
          alarms: [{ above: 30, clear: 20, raiseDelayS: 30, clearDelayS: 30 }],
        };
        const chain = createChain(description);
        let timeS = 5;
        for (const sample of x) {
          const before = chain.timeS;
          if (chain.accept(sample.value, (timeS += sample.intervalS)) === 2)
            expect(chain.timeS).toBe(before);
          if (!Number.isFinite(timeS)) timeS = 7;
        }
        // A day of a constant value: the chain comes to it, reports it, and is calm.
        timeS = Number.isFinite(chain.timeS) ? Math.max(-1e9, Math.min(chain.timeS, 9e9)) : 0;
        const reported: number[] = [];
        for (let i = 0; i < 8640; i++)
          if (chain.accept(25, (timeS += 10)) & 4) reported.push(chain.reportTimeS);
        const plain = createChain({ calibrate: s.calibrate ?? {} });
        plain.accept(25, 0);
        expect(chain.value).toBeCloseTo(
          plain.value,
          s.smooth && "timeConstantS" in s.smooth && s.smooth.timeConstantS === 5000 ? -1 : 6,
        );
        expect(Math.abs(chain.reportValue - chain.value)).toBeLessThanOrEqual(1.001);
        expect(timeS - (reported.at(-1) ?? NaN)).toBeLessThanOrEqual(600);
        expect(reported.length).toBeGreaterThanOrEqual(8640 / 60);
      }),
      { numRuns: 60 },
    ));

  it("range and rate: what is refused is counted, and leaves no trace", () =>
    fc.assert(
      fc.property(signal, (x) => {
        const chain = createChain({
          range: { min: -40, max: 125 },
          rate: { maxPerS: 2 },
          smooth: { timeConstantS: 1 },
        });
        let timeS = 0;
        let last: { value: number; timeS: number } | undefined;
        let refused = 0;
        for (const { value, intervalS } of x) {
          timeS += intervalS;
          const plausible =
            value >= -40 &&
            value <= 125 &&
            (!last || Math.abs(value - last.value) <= 2 * (timeS - last.timeS));
          if (!plausible) refused++;
          else last = { value, timeS };
          expect(chain.accept(value, timeS) === 2).toBe(!plausible);
          expect(chain.rejected ?? 0).toBe(refused);
        }
      }),
      { numRuns: RUNS },
    ));

  it("statistics: the figures of each window are those of its values", () =>
    fc.assert(
      fc.property(shape, signal, fc.boolean(), (s, x, energyMean) => {
        const chain = createChain({
          ...s,
          range: { min: -40, max: 125 },
          report: { deadband: 1 },
          statistics: { windowS: 60, energyMean },
        });
        let timeS = 5;
        let window: number[] = [];
        let startS = NaN;
        for (const { value, intervalS } of x) {
          const outcome = chain.accept(value, (timeS += intervalS));
          if (outcome === 2) continue;
          const begins = Math.floor(timeS / 60) * 60;
          expect((outcome & 32) !== 0).toBe(begins !== startS && window.length > 0);
          if (begins !== startS && window.length > 0) {
            const got = chain.statistics;
            const mean = window.reduce((a, b) => a + b) / window.length;
            const energy = window.reduce((a, b) => a + 10 ** (b / 10), 0) / window.length;
            expect(got?.count).toBe(window.length);
            expect(got?.startS).toBe(startS);
            expect(got?.smallest).toBe(Math.min(...window));
            expect(got?.greatest).toBe(Math.max(...window));
            expect(got?.mean).toBeCloseTo(energyMean ? 10 * Math.log10(energy) : mean, 6);
            const variance = window.reduce((a, b) => a + (b - mean) ** 2, 0) / window.length;
            expect(got?.deviation).toBeCloseTo(Math.sqrt(variance), 4);
          }
          if (begins !== startS) window = [];
          startS = begins;
          window.push(chain.value);
        }
      }),
      { numRuns: RUNS },
    ));

  it("is of one size, whatever it is fed", () =>
    fc.assert(
      fc.property(shape, wildSignal, (s, x) => {
        const chain = createChain({ ...s, alarms: [{ above: 30, clear: 20 }] });
        const size = sizeOf(chain);
        let timeS = 0;
        for (const sample of x) chain.accept(sample.value, (timeS += sample.intervalS));
        expect(sizeOf(chain)).toBe(size);
      }),
      { numRuns: 60 },
    ));
});

/** Fields of an object and of all that hangs on it. */
function sizeOf(thing: unknown): number {
  if (typeof thing !== "object" || thing === null) return 1;
  return Object.values(thing).reduce((sum: number, part) => sum + sizeOf(part), 1);
}
