import { checkChain } from "../../devs/contract/config";
import type { CaseRunner } from "./caseRunner";

/** Descriptions that are refused, each with the only problem in it. */
const REFUSED: string[][] = [
  ['{"alarms":[{"above":1,"clear":0},{"above":35,"clear":40}]}', "alarms[1].clear: must be below above (35), got 40"], // prettier-ignore
  ['{"alarms":[{"below":5,"clear":5}]}', "alarms[0].clear: must be above below (5), got 5"],
  ['{"alarms":[{"above":5}]}', "alarms[0].clear: is missing"],
  ['{"alarms":[{"clear":5}]}', "alarms[0]: must have exactly one of above, below"],
  ['{"alarms":[{"above":5,"clear":4,"severity":"loud"}]}', "alarms[0].severity: must be one of info, warning, critical"], // prettier-ignore
  ['{"alarms":[{"above":5,"clear":4,"during":["noon"]}]}', "alarms[0].during[0]: must be one of day, evening, night"], // prettier-ignore
  ['{"alarms":[{"above":5,"clear":4,"raiseDelayS":-1}]}', "alarms[0].raiseDelayS: must be a number from 0 to 604800, got -1"], // prettier-ignore
  ['{"alarms":[{"above":2,"clear":1},{"above":2,"clear":1},{"above":2,"clear":1},{"above":2,"clear":1},{"above":2,"clear":1}]}', "alarms: must be a list of 0 to 4"], // prettier-ignore
  ['{"alarms":{}}', "alarms: must be a list of 0 to 4"],
  ['{"spike":{"median":4}}', "spike.median: must be an odd number from 3 to 7, got 4"],
  ['{"spike":{}}', "spike: must have exactly one of median, hampel"],
  ['{"spike":{"hampel":{"window":6,"k":3}}}', "spike.hampel.window: must be an odd number from 3 to 15, got 6"], // prettier-ignore
  ['{"report":{"deadband":-2}}', "report.deadband: must be a number from 0 to 1000000000, got -2"],
  ['{"report":{"deadband":"2"}}', "report.deadband: must be a number from 0 to 1000000000"],
  ['{"report":{"deadband":2,"swingingDoor":2}}', "report.swingingDoor: must stand without deadband"], // prettier-ignore
  [
    '{"report":{"swingingDoor":0}}',
    "report.swingingDoor: must be a number above 0, up to 1000000000, got 0",
  ],
  ['{"report":{"shortestS":60,"heartbeatS":30}}', "report.heartbeatS: must be at least shortestS (60), got 30"], // prettier-ignore
  ['{"report":5}', "report: must be an object"],
  ['{"range":{"min":10,"max":5}}', "range.max: must be above min (10), got 5"],
  ['{"rate":{"maxPerS":0}}', "rate.maxPerS: must be a number above 0, up to 1000000000, got 0"],
  ['{"rate":{}}', "rate.maxPerS: is missing"],
  [
    '{"calibrate":{"gain":0}}',
    "calibrate.gain: must be a nonzero number from -1000000 to 1000000, got 0",
  ],
  ['{"calibrate":{"points":[[0,0]]}}', "calibrate.points: must be a list of 2 to 5"], // prettier-ignore
  ['{"calibrate":{"points":[[1,0],[1,5]]}}', "calibrate.points[1][0]: must be above the one before (1), got 1"], // prettier-ignore
  ['{"calibrate":{"points":[[0,0],[1,1]],"gain":2}}', "calibrate.points: must stand without gain"], // prettier-ignore
  ['{"calibrate":{"humidity":{"kappa":9}}}', "calibrate.humidity.kappa: must be a number from 0 to 1.5, got 9"], // prettier-ignore
  ['{"smooth":{"timeConstantS":60,"average":3}}', "smooth: must have exactly one of timeConstantS, average, median"], // prettier-ignore
  ['{"smooth":{"average":1}}', "smooth.average: must be a whole number from 2 to 15, got 1"],
  [
    '{"statistics":{"windowS":0.5}}',
    "statistics.windowS: must be a number from 1 to 86400, got 0.5",
  ],
  ['{"statistics":{"windowS":60,"energyMean":1}}', "statistics.energyMean: must be true or false"],
  ['{"smoth":{}}', "smoth: is not known; expected range, rate, spike, calibrate, smooth, report, alarms, statistics"], // prettier-ignore
  ['{"range":{"low":1}}', "range.low: is not known; expected min, max"],
  ['{"rate":{"max":1,"maxPerS":1}}', "rate.max: is not known; expected maxPerS"],
];

/** Descriptions that are good. */
const GOOD: string[] = [
  "{}",
  '{"range":{"min":0,"max":1000},"smooth":{"timeConstantS":60},"report":{"swingingDoor":2,"heartbeatS":900}}',
  '{"report":{"deadband":2,"deadbandPct":5,"shortestS":10,"heartbeatS":900}}',
  '{"spike":{"hampel":{"window":7,"k":3}},"calibrate":{"points":[[0,1],[10,12],[20,20]],"humidity":{"kappa":0.4}},"smooth":{"median":5}}',
  '{"alarms":[{"above":35,"clear":30,"raiseDelayS":60,"clearDelayS":60,"severity":"critical","during":["day","night"]},{"below":1,"clear":2}],"statistics":{"windowS":600,"energyMean":true}}',
];

/** What the check of a description says. */
export async function filterCheckCases(t: CaseRunner): Promise<void> {
  for (const refused of REFUSED) {
    const text = refused[0];
    const expected = refused[1];
    const problems = checkChain(JSON.parse(text), "");
    let got = problems.length + " problems";
    if (problems.length === 1) got = problems[0].path + ": " + problems[0].reason;
    t.check("refused " + expected, got === expected, got);
    await t.pause();
  }
  for (const text of GOOD) {
    t.check("good " + text, checkChain(JSON.parse(text), "channels.pm25").length === 0);
    await t.pause();
  }
  const problems = checkChain(
    JSON.parse('{"alarms":[{"above":1,"clear":0},{"above":35,"clear":40}]}'),
    "channels.pm25",
  );
  t.check("the path is put in front", problems[0].path === "channels.pm25.alarms[1].clear");
  t.check("no object at all", checkChain(null, "x")[0].reason === "must be an object");
  t.check("two problems are both told", checkChain({ a: 1, b: 2 }, "").length === 2);
}
