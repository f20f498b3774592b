import type { ChainDescription, ReportDescription } from "../../devs/contract/chain";
import type { FilterChain } from "../../devs/filter/chain";
import { createChain } from "../../devs/filter/createChain";
import { dayPartAt } from "../../devs/filter/dayPart";
import { Outcome } from "../../devs/filter/outcome";
import type { CaseRunner } from "./caseRunner";

/** One chain fed by hand, stage by stage. */
export async function filterChainCases(t: CaseRunner): Promise<void> {
  const chain = createChain({
    range: { min: 0, max: 100 },
    report: { deadband: 2, heartbeatS: 60 },
  });
  const both = Outcome.Accepted | Outcome.Report;
  t.check("the first sample is reported", chain.accept(10, 0) === both);
  t.check("a small change is not", chain.accept(12, 10) === Outcome.Accepted);
  t.check("a greater one is", chain.accept(7.9, 20) === both && chain.reportValue === 7.9);
  t.check("below the range", chain.accept(-0.1, 30) === Outcome.Rejected);
  t.check("above the range", chain.accept(100.1, 30) === Outcome.Rejected);
  t.check("no number", chain.accept(NaN, 30) === Outcome.Rejected);
  t.check("infinite", chain.accept(Infinity, 30) === Outcome.Rejected);
  t.check("the rejected are counted", chain.rejected === 4 && chain.value === 7.9);
  for (let timeS = 30; timeS < 80; timeS += 10)
    t.check("before the heartbeat, " + timeS, chain.accept(8, timeS) === Outcome.Accepted);
  t.check("at the heartbeat", chain.accept(8, 80) === both);
  t.check("after a jump back", chain.accept(8, 5) === both && chain.reportTimeS === 5);
  t.check("at the same time", chain.accept(8, 5) === Outcome.Accepted);
  const bare = createChain({});
  t.check(
    "without stages all is reported",
    bare.accept(1, 0) === both && bare.accept(1, 1) === both,
  );
  t.check("even so, an infinity is not", bare.accept(-Infinity, 2) === Outcome.Rejected);
  await t.pause();

  const median = createChain({ spike: { median: 3 } });
  t.check("a spike", took(median, [5, 5, 99, 5, 6, 6]) === "5 5 5 5 6 6");
  const wide = createChain({ spike: { median: 5 } });
  t.check("two spikes", took(wide, [5, 5, 5, 99, 98, 5, 6]) === "5 5 5 5 5 5 6");
  const hampel = createChain({ spike: { hampel: { window: 5, k: 3 } } });
  t.check("an outlier", took(hampel, [1, 2, 3, 4, 50, 5, 6]) === "1 1 1 4 3 5 6");
  const linear = createChain({ calibrate: { gain: 2, offset: -1 } });
  t.check("gain and offset", took(linear, [0, 3]) === "-1 5");
  await t.pause();
  const points = createChain({
    calibrate: {
      points: [
        [0, 0],
        [10, 20],
        [20, 30],
      ],
    },
  });
  t.check("points", took(points, [-1, 5, 10, 15, 30]) === "-2 10 20 25 40");
  const average = createChain({ smooth: { average: 3 } });
  t.check("moving average", took(average, [3, 3, 6, 9, 9]) === "3 3 4 6 8");
  const dry = createChain({ calibrate: { humidity: { kappa: 0.4 } } });
  dry.accept(100, 0);
  t.check("humidity unknown", dry.value === 100);
  dry.setHumidity(80);
  dry.accept(100, 10);
  // 100 / (1 + 0.4 / 1.65 / (1 / 0.8 - 1)), by hand.
  t.check("humidity", near(dry.value, 50.769231));
  dry.setHumidity(NaN);
  dry.accept(100, 20);
  t.check("humidity lost", dry.value === 100);
  await t.pause();

  const smooth = createChain({ smooth: { timeConstantS: 60 } });
  smooth.accept(0, 0);
  for (let timeS = 10; timeS <= 60; timeS += 10) smooth.accept(1, timeS);
  t.check("a step after the time constant", near(smooth.value, 1 - 1 / 2.718281828));
  const uneven = createChain({ smooth: { timeConstantS: 60 } });
  uneven.accept(0, 0);
  for (const timeS of [1, 1, 7, 30, 60]) uneven.accept(1, timeS);
  t.check("the same at uneven times", near(uneven.value, smooth.value));
  const quick = createChain({ smooth: { timeConstantS: 1.5 }, report: { shortestS: 2.5 } });
  quick.accept(0, 0);
  t.check("a shortest interval of half a second more", quick.accept(1, 1.5) === Outcome.Accepted);
  t.check("a time constant of half a second more", near(quick.value, 1 - 1 / 2.718281828));
  smooth.accept(7, 86400);
  t.check("a day leaves nothing of it", near(smooth.value, 7));
  await t.pause();

  const stats = createChain({ statistics: { windowS: 60 }, report: { deadband: 100 } });
  for (let timeS = 0; timeS < 60; timeS += 10) stats.accept(timeS / 10, timeS);
  t.check("a window runs", !!stats.statistics && stats.statistics.count === 0);
  t.check("a window is over", (stats.accept(50, 60) & Outcome.Statistics) !== 0);
  const figures = stats.statistics;
  t.check("its figures", !!figures && figures.count === 6 && figures.mean === 2.5);
  t.check("its extremes", !!figures && figures.smallest === 0 && figures.greatest === 5);
  t.check("its deviation", !!figures && near(figures.deviation, 1.7078251));
  t.check("its start", !!figures && figures.startS === 0);
  const level = createChain({ statistics: { windowS: 60, energyMean: true } });
  for (let timeS = 0; timeS <= 60; timeS += 10) level.accept(timeS < 30 ? 60 : 70, timeS);
  // 10 lg((10^6 + 10^7) / 2), by hand.
  t.check("mean of the energy", !!level.statistics && near(level.statistics.mean, 67.403627));
  await t.pause();

  const door = createChain({ report: { swingingDoor: 1 } });
  let reports = "";
  const hill = [0, 1, 2, 3, 4, 4, 4, 4];
  for (let i = 0; i < hill.length; i++)
    if ((door.accept(hill[i], i * 10) & Outcome.Report) !== 0)
      reports += door.reportTimeS + ":" + Math.round(door.reportValue * 1000) + " ";
  // By hand: the door from 0 at 0 s ends between 4.5 and 5 at 60 s.
  t.check("a hill", reports === "0:0 60:4500 ", reports);
  t.check("the rest is flushed", door.flush() === Outcome.Report && door.reportTimeS === 70);
  t.check("once", door.flush() === 0);
  const silent = createChain({ report: { swingingDoor: 1, heartbeatS: 900 } });
  for (let timeS = 0; timeS <= 50; timeS += 10) silent.accept(5, timeS);
  const after = silent.accept(9, 86400);
  t.check("both ends of a silence", after === (both | Outcome.EarlierReport));
  t.check("the first end", silent.earlierTimeS === 50 && silent.earlierValue === 5);
  t.check("the second end", silent.reportTimeS === 86400 && silent.reportValue === 9);
  await t.pause();

  const night = createChain({
    report: { deadband: 1000 },
    alarms: [
      { above: 55, clear: 50, during: ["night"] },
      { above: 90, clear: 80, severity: "critical" },
    ],
  });
  t.check("an hour unknown", night.accept(60, 0) === both);
  night.setDayPart(4);
  t.check("at night", night.accept(60, 10) === (Outcome.Accepted | Outcome.Alarm));
  t.check("the first alarm", !!night.alarms && night.alarms.raised === 1);
  t.check(
    "both alarms",
    night.accept(95, 20) === 17 && !!night.alarms && night.alarms.raised === 3,
  );
  night.setDayPart(1);
  t.check("by day it is over", night.accept(95, 30) === 17);
  t.check("the other goes on", !!night.alarms && night.alarms.raised === 2);
  t.check("its severity", !!night.alarms && night.alarms.severity(1) === "critical");
  await t.pause();

  const rules: ReportDescription[] = [
    { deadband: 5, heartbeatS: 100 },
    { swingingDoor: 5, heartbeatS: 100 },
  ];
  for (const rule of rules)
    for (const smoothed of [false, true]) {
      const description: ChainDescription = { report: rule };
      if (smoothed) description.smooth = { timeConstantS: 30 };
      const name = (rule.deadband ? "deadband" : "door") + (smoothed ? ", smoothed" : "");
      const paused = createChain(description);
      paused.accept(20, 0);
      for (let timeS = 10; timeS < 50; timeS += 10) paused.accept(21, timeS);
      paused.interrupt();
      paused.accept(22, 51);
      t.check(
        name + ": at once after a fault",
        paused.reportTimeS === 51 && paused.reportValue === 22,
      );
      paused.accept(21, 61);
      paused.accept(21, 71);
      const outcome = paused.accept(21, 301);
      t.check(
        name + ": at once after a long pause",
        (outcome & Outcome.Report) !== 0 && paused.reportTimeS === 301,
      );
      await t.pause();
    }
  const stages: ChainDescription[] = [
    {},
    { smooth: { timeConstantS: 30 } },
    { statistics: { windowS: 60, energyMean: false } },
  ];
  for (const rule of rules)
    for (const stage of stages) {
      const slowed = createChain({
        report: rule,
        smooth: stage.smooth,
        statistics: stage.statistics,
      });
      slowed.accept(20, 0);
      slowed.accept(20, 1);
      // A silence, and from then on samples as far apart as the silence was long.
      for (let timeS = 21; timeS <= 141; timeS += 20) slowed.accept(60, timeS);
      t.check(
        "a heartbeat at a pace that is as long as a silence",
        slowed.reportTimeS >= 101,
        "last at " + slowed.reportTimeS,
      );
      await t.pause();
    }
  const known = createChain({ report: { swingingDoor: 5 } });
  known.accept(20, 0);
  known.accept(21, 10);
  t.check("a fault reports what is known", known.interrupt() === Outcome.Report);
  t.check("up to the last sample", known.reportTimeS === 10);
  t.check("once", known.interrupt() === 0);

  // 2026-11-23 is a Monday; local time is an hour ahead.
  const midnightS = 1795392000;
  const parts: string[] = [];
  for (const hour of [0, 5.99, 6, 17.99, 18, 21.99, 22, 23.5])
    parts.push("" + dayPartAt(midnightS + hour * 3600, 60));
  t.check("the parts of the day", parts.join(" ") === "4 4 1 1 2 2 4 4", parts.join(" "));
  t.check("west of Greenwich", dayPartAt(midnightS, -60) === 4);
  t.check("an unknown time", dayPartAt(NaN, 60) === 0);
}

/** Filtered values of samples 10 s apart. */
function took(chain: FilterChain, samples: number[]): string {
  const values: string[] = [];
  for (let i = 0; i < samples.length; i++) {
    chain.accept(samples[i], i * 10);
    values.push("" + chain.value);
  }
  return values.join(" ");
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.abs(b);
}
