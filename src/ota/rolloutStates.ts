/** The states of a rollout and of a node in it, what can happen to them, and where that leads. */

/** Where a rollout stands. */
export type RolloutState =
  /** The first few nodes are getting the program. */
  | "canary"
  /** Every node of the stage is back or failed; those that are back are being watched. */
  | "waiting"
  /** A further stage is getting the program. */
  | "batch"
  /** No further node is begun; those that were begun go on. */
  | "paused"
  /** Nodes that are not good are getting their old program back. */
  | "rolling-back"
  /** Ended early; nobody runs the new program who was not good with it. */
  | "stopped"
  | "done";

/** What can happen to a rollout. */
export type RolloutEvent =
  | "stage-back"
  | "next-stage"
  | "finished"
  | "too-many-failed"
  | "pause"
  | "resume-canary"
  | "resume-batch"
  | "abort"
  | "all-returned";

/** What happens leads here; what is not named leaves the state as it is. */
const ROLLOUT: Record<RolloutState, Partial<Record<RolloutEvent, RolloutState>>> = {
  canary: {
    "stage-back": "waiting",
    "too-many-failed": "rolling-back",
    pause: "paused",
    abort: "rolling-back",
  },
  waiting: {
    "next-stage": "batch",
    finished: "done",
    "too-many-failed": "rolling-back",
    pause: "paused",
    abort: "rolling-back",
  },
  batch: {
    "stage-back": "waiting",
    "too-many-failed": "rolling-back",
    pause: "paused",
    abort: "rolling-back",
  },
  paused: {
    "resume-canary": "canary",
    "resume-batch": "batch",
    "too-many-failed": "rolling-back",
    abort: "rolling-back",
  },
  "rolling-back": { "all-returned": "stopped" },
  stopped: {},
  done: {},
};

/** Where an event leads a rollout. */
export function nextRolloutState(state: RolloutState, event: RolloutEvent): RolloutState {
  return ROLLOUT[state][event] ?? state;
}

/** Whether nothing will happen to it any more. */
export function isOver(state: RolloutState): boolean {
  return state === "stopped" || state === "done";
}

/** Where a node of a rollout stands. */
export type StepState =
  /** Not begun. */
  | "waiting"
  /** The command was sent. */
  | "asked"
  /** It has left the broker for the gateway. */
  | "away"
  /** Back with the new program, and watched. */
  | "watched"
  | "good"
  /** Not good, and it may still have the new program. */
  | "failed"
  /** It is to get its old program back. */
  | "returning"
  /** Not good, and on the broker with its old program. */
  | "returned";

/** What can happen to a node of a rollout. */
export type StepEvent =
  | "ask"
  | "left"
  | "back-new"
  /** On the broker with the program that it had. */
  | "back-old"
  | "passed"
  | "broke"
  | "give-back";

const STEP: Record<StepState, Partial<Record<StepEvent, StepState>>> = {
  // One that was asked before may still do as it was told.
  waiting: { ask: "asked", left: "away", "back-new": "watched", broke: "returned" },
  asked: { left: "away", "back-new": "watched", "back-old": "waiting", broke: "failed" },
  away: { "back-new": "watched", "back-old": "waiting", broke: "failed" },
  watched: { passed: "good", "back-old": "failed", broke: "failed" },
  good: { broke: "failed", "back-old": "failed" },
  failed: { "give-back": "returning" },
  returning: { "back-old": "returned" },
  returned: {},
};

/** Where an event leads a node. */
export function nextStepState(state: StepState, event: StepEvent): StepState {
  return STEP[state][event] ?? state;
}

/** Whether a node counts as failed. */
export function hasFailed(state: StepState): boolean {
  return state === "failed" || state === "returning" || state === "returned";
}

/** Whether a node is under way to the new program, or watched with it. */
export function isUnderWay(state: StepState): boolean {
  return state === "asked" || state === "away" || state === "watched";
}
