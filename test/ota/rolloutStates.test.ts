import { expect, it } from "vitest";
import {
  hasFailed,
  isOver,
  isUnderWay,
  nextRolloutState,
  nextStepState,
  type RolloutEvent,
  type RolloutState,
  type StepEvent,
  type StepState,
} from "../../src/ota/rolloutStates";

// prettier-ignore
const ROLLOUT: [RolloutState, RolloutEvent, RolloutState][] = [
  ["canary",       "stage-back",      "waiting"],
  ["canary",       "too-many-failed", "rolling-back"],
  ["canary",       "pause",           "paused"],
  ["canary",       "abort",           "rolling-back"],
  ["waiting",      "next-stage",      "batch"],
  ["waiting",      "finished",        "done"],
  ["waiting",      "too-many-failed", "rolling-back"],
  ["waiting",      "pause",           "paused"],
  ["waiting",      "abort",           "rolling-back"],
  ["batch",        "stage-back",      "waiting"],
  ["batch",        "too-many-failed", "rolling-back"],
  ["batch",        "pause",           "paused"],
  ["batch",        "abort",           "rolling-back"],
  ["paused",       "resume-canary",   "canary"],
  ["paused",       "resume-batch",    "batch"],
  ["paused",       "too-many-failed", "rolling-back"],
  ["paused",       "abort",           "rolling-back"],
  ["rolling-back", "all-returned",    "stopped"],
];
const ROLLOUT_STATES: RolloutState[] = [
  "canary",
  "waiting",
  "batch",
  "paused",
  "rolling-back",
  "stopped",
  "done",
];
const ROLLOUT_EVENTS = [...new Set(ROLLOUT.map(([, event]) => event))];

// prettier-ignore
const STEP: [StepState, StepEvent, StepState][] = [
  ["waiting",   "ask",       "asked"],
  ["waiting",   "left",      "away"],
  ["waiting",   "back-new",  "watched"],
  ["waiting",   "broke",     "returned"],
  ["asked",     "left",      "away"],
  ["asked",     "back-new",  "watched"],
  ["asked",     "back-old",  "waiting"],
  ["asked",     "broke",     "failed"],
  ["away",      "back-new",  "watched"],
  ["away",      "back-old",  "waiting"],
  ["away",      "broke",     "failed"],
  ["watched",   "passed",    "good"],
  ["watched",   "back-old",  "failed"],
  ["watched",   "broke",     "failed"],
  ["good",      "broke",     "failed"],
  ["good",      "back-old",  "failed"],
  ["failed",    "give-back", "returning"],
  ["returning", "back-old",  "returned"],
];
const STEP_STATES = [...new Set(STEP.flatMap(([from, , to]) => [from, to]))];
const STEP_EVENTS = [...new Set(STEP.map(([, event]) => event))];

it("leads a rollout where the table says, and nowhere else", () => {
  for (const state of ROLLOUT_STATES)
    for (const event of ROLLOUT_EVENTS) {
      const row = ROLLOUT.find(([from, what]) => from === state && what === event);
      expect(nextRolloutState(state, event), `${state} ${event}`).toBe(row?.[2] ?? state);
    }
  expect(ROLLOUT_STATES.filter(isOver)).toEqual(["stopped", "done"]);
});

it("leads a node where the table says, and nowhere else", () => {
  for (const state of STEP_STATES)
    for (const event of STEP_EVENTS) {
      const row = STEP.find(([from, what]) => from === state && what === event);
      expect(nextStepState(state, event), `${state} ${event}`).toBe(row?.[2] ?? state);
    }
  expect(STEP_STATES.filter(hasFailed).sort()).toEqual(["failed", "returned", "returning"]);
  expect(STEP_STATES.filter(isUnderWay).sort()).toEqual(["asked", "away", "watched"]);
});
