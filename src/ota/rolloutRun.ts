import type { CommandMessage } from "../../devs/contract/messages";
import { DOWN_COMMAND, nodeTopic } from "../../devs/contract/topics";
import type { Gateway } from "./gateway";
import type { Image } from "./image";
import type { Rollout, RolloutStep, RolloutWish } from "./otaStore";
import { hasFailed, isUnderWay, nextRolloutState, type RolloutEvent } from "./rolloutStates";
import { failedLate, RolloutSteps, type RolloutStepsOptions } from "./rolloutSteps";

/** What a rollout works with. */
export interface RolloutRunOptions extends RolloutStepsOptions {
  readonly city: string;
  readonly gateway: Pick<Gateway, "look">;
  /** Publishes with QoS 1, not retained. */
  readonly publish: (topic: string, payload: string) => void;
  /** Nodes that are under way to a program at the same time. */
  readonly nodesAtOnce: number;
}

/** How long a node leaves its socket to its runtime, in minutes. */
const UPDATE_MINUTES = 5;
/** A node that has not taken its old program back is asked again so often. */
const ASK_BACK_EVERY_MS = 60_000;
/**
 * A node that was not begun, and is not there for so long, gives its place to another. Longer
 * than it takes to come back when the broker was away.
 */
const ABSENT_MS = 5 * 60_000;
const ABSENT = "not on the broker";
const ASKED_BACK = "; asked to take its old program back";
const NO_WAY_BACK =
  "there is no way back until streetnode ota add was given the signed image of it";

/** A rollout that goes on: asks node after node, stage after stage, or takes the program back. */
export class RolloutRun {
  readonly rollout: Rollout;
  readonly steps: RolloutSteps;
  readonly #options: RolloutRunOptions;

  constructor(rollout: Rollout, steps: readonly RolloutStep[], options: RolloutRunOptions) {
    this.rollout = rollout;
    this.steps = new RolloutSteps(rollout, steps, options);
    this.#options = options;
  }

  /** Carries out what a person wishes. */
  wished(wish: RolloutWish): void {
    if (wish === "resume") this.#turn(this.rollout.stage === 0 ? "resume-canary" : "resume-batch");
    else this.#turn(wish, wish === "abort" ? "aborted" : undefined);
  }

  /** Does what is to be done now; to be called while the broker is there. */
  advance(): void {
    const { rollout } = this;
    this.steps.judge();
    const steps = this.steps.all;
    if (rollout.state === "rolling-back") return this.#rollBack(steps);
    this.#countFailures(steps);
    for (const step of steps) if (step.state === "failed") this.#giveBack(step);
    const stage = steps.filter((step) => step.stage === rollout.stage);
    if (rollout.state === "canary" || rollout.state === "batch") {
      this.#passOver(steps, stage);
      this.#askNext(stage);
      const out = stage.some(({ state }) => ["waiting", "asked", "away"].includes(state));
      if (!out) this.#turn("stage-back");
    }
    if (rollout.state !== "waiting" || stage.some(({ state }) => state === "watched")) return;
    if (steps.some((step) => step.stage > rollout.stage)) {
      rollout.stage++;
      this.#turn("next-stage");
    } else if (!steps.some(({ state }) => state === "returning")) this.#turn("finished");
  }

  #turn(event: RolloutEvent, reason?: string): void {
    const { rollout } = this;
    const { changes } = this.#options;
    const next = nextRolloutState(rollout.state, event);
    if (next === rollout.state) return;
    rollout.state = next;
    if (reason !== undefined) rollout.reason = reason;
    changes.rolloutChanged();
    changes.note(`rollout-${next}`, undefined, `${rollout.id}${reason ? `: ${reason}` : ""}`);
  }

  #countFailures(steps: readonly RolloutStep[]): void {
    const { rollout } = this;
    const touched = steps.filter(({ state }) => state !== "waiting").length;
    const failed = steps.filter(({ state }) => hasFailed(state));
    // A canary that fails when it was already good stops everything, too.
    const limit = failed.some(({ stage }) => stage === 0) ? 0 : rollout.plan.limit;
    // A share of few nodes says little: the first failure of a stage counts against its size.
    const of = Math.max(touched, steps.filter(({ stage }) => stage <= rollout.stage).length);
    if (failed.length === 0 || failed.length / of <= limit) return;
    this.#turn(
      "too-many-failed",
      `${failed.length} of ${of} failed: ${failed[0]?.node} ${failed[0]?.detail ?? ""}`,
    );
    if (!failed.some(failedLate) || rollout.state !== "rolling-back") return;
    // The watch was too short for this fault: who has passed it may have the fault as well.
    for (const step of steps)
      if (step.state === "good") this.steps.broke(step, "another node failed with it");
  }

  // --- who is next ------------------------------------------------------------------

  /** Lets nodes that are not there change places with some that are: a dead pole holds nobody up. */
  #passOver(steps: readonly RolloutStep[], stage: readonly RolloutStep[]): void {
    const { nodes, changes } = this.#options;
    for (const step of steps)
      if (step.detail === ABSENT && nodes.of(step.node).online) {
        step.detail = undefined;
        changes.stepChanged(step);
      }
    const absent = stage.filter((step) => this.#isAbsent(step));
    if (absent.length === 0) return;
    const later = steps.filter(
      (step) =>
        step.state === "waiting" &&
        step.stage > (absent[0]?.stage ?? Infinity) &&
        nodes.of(step.node).online,
    );
    later.sort((a, b) => a.stage - b.stage);
    for (const step of absent) {
      const other = later.shift();
      if (step.detail !== ABSENT) {
        step.detail = ABSENT;
        changes.stepChanged(step);
      }
      if (!other) continue;
      [step.stage, other.stage] = [other.stage, step.stage];
      changes.stepChanged(step);
      changes.stepChanged(other);
      changes.note("update-postponed", step.node, `not on the broker: ${other.node} comes first`);
    }
  }

  #isAbsent({ node, state, attempts }: RolloutStep): boolean {
    const { nodes, broker } = this.#options;
    const { online, sinceMs } = nodes.of(node);
    if (state !== "waiting" || attempts > 0 || online) return false;
    return broker.heardForMs(sinceMs) > ABSENT_MS;
  }

  #askNext(stage: readonly RolloutStep[]): void {
    const { nodes, images, programs, nodesAtOnce } = this.#options;
    const image = images.get(this.rollout.image);
    if (!image) return;
    let out = stage.filter(({ state }) => state === "asked" || state === "away").length;
    for (const step of stage) {
      if (out >= nodesAtOnce) return;
      const { online, program, boot } = nodes.of(step.node);
      if (step.state !== "waiting" || !online) continue;
      const before = images.ofShortHash(program ?? -1);
      if (!before) {
        this.steps.broke(step, `runs a program that is unknown: ${NO_WAY_BACK}`);
        continue;
      }
      step.boot = boot;
      if (before.hash === image.hash) {
        step.before = programs.of(step.node).good ?? image.hash;
        this.steps.happened(step, "back-new");
        continue;
      }
      out++;
      step.before = before.hash;
      this.#ask(step, image);
    }
  }

  #ask(step: RolloutStep, image: Image): void {
    const { clock, nodes, programs, choice } = this.#options;
    // What was withheld before is of an earlier visit.
    choice.takeWithheld(step.node);
    step.attempts++;
    const nowMs = clock.nowMs();
    step.leftMs = nowMs;
    if (step.channels.length === 0) step.channels = nodes.recentChannels(step.node, nowMs);
    programs.set(step.node, { good: step.before, wanted: image.hash, forced: false });
    this.steps.happened(step, "ask");
    this.#command(step, image);
  }

  #command({ node }: RolloutStep, { shortHash }: Image): void {
    const { city, clock, publish, changes } = this.#options;
    const command: CommandMessage & { program: number } = {
      // A node does nothing for an id that it has seen.
      id: `ota-${this.rollout.id}-${Math.floor(clock.nowMs() / 1000)}-${shortHash}`,
      command: "update" as CommandMessage["command"],
      minutes: UPDATE_MINUTES,
      program: shortHash,
    };
    const topic = nodeTopic(city, node, DOWN_COMMAND);
    changes.sendAfterSave(() => publish(topic, JSON.stringify(command)));
  }

  // --- the way back -----------------------------------------------------------------

  #rollBack(steps: readonly RolloutStep[]): void {
    for (const step of steps) {
      if (isUnderWay(step.state)) this.steps.broke(step, "the rollout was stopped");
      // The command may still wait for it at the broker.
      if (step.state === "waiting" && step.attempts > 0)
        this.#options.programs.keepOld(step.node, step.before);
      if (step.state === "failed") this.#giveBack(step);
      if (step.state === "returning") this.#askBack(step);
    }
    if (steps.some(({ state }) => state === "returning" || state === "failed")) return;
    this.#turn("all-returned");
  }

  /** Lets the old program go to a node in any way there is. */
  #giveBack(step: RolloutStep): void {
    const { nodes, images, programs, gateway } = this.#options;
    const { node, before: hash } = step;
    programs.set(node, { wanted: hash, good: hash, forced: true });
    this.steps.happened(step, "give-back");
    gateway.look(node);
    const { online, program } = nodes.of(node);
    const before = images.get(hash);
    if (online && before && program === before.shortHash) this.steps.happened(step, "back-old");
    else this.#askBack(step);
  }

  /** Asks a node that is on the broker with the new program to fetch the old one. */
  #askBack(step: RolloutStep): void {
    const { clock, nodes, images, changes } = this.#options;
    const { online, program } = nodes.of(step.node);
    const before = images.get(step.before);
    if (!before || !online || program === before.shortHash) return;
    const nowMs = clock.nowMs();
    const asked = step.detail?.endsWith(ASKED_BACK);
    if (nowMs - step.sinceMs < ASK_BACK_EVERY_MS && step.attempts > 0 && asked) return;
    step.sinceMs = nowMs;
    step.attempts++;
    if (!asked) step.detail = `${step.detail ?? ""}${ASKED_BACK}`;
    changes.stepChanged(step);
    this.#command(step, before);
  }
}
