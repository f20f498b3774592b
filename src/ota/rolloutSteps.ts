import type { BrokerPresence } from "./brokerPresence";
import type { OtaClock } from "./clock";
import type { KnownImages } from "./knownImages";
import type { NodePrograms } from "./nodePrograms";
import type { Rollout, RolloutStep } from "./otaStore";
import type { ProgramChoice } from "./programChoice";
import { hasFailed, nextStepState, type StepEvent } from "./rolloutStates";
import type { NodeSeen, SeenNodes } from "./seenNodes";
import type { UnsavedChanges } from "./unsavedChanges";

/** What the nodes of a rollout are judged by, and where that is written down. */
export interface RolloutStepsOptions {
  readonly clock: OtaClock;
  readonly broker: BrokerPresence;
  readonly nodes: SeenNodes;
  readonly images: KnownImages;
  readonly programs: NodePrograms;
  readonly choice: ProgramChoice;
  readonly changes: UnsavedChanges;
}

/** A channel that a node had may take so long to give a reading again, however short the watch is. */
const CHANNEL_BACK_MS = 10 * 60_000;
/** How often a node is asked before it counts as failed. */
const ATTEMPTS_MAX = 3;
const WAS_GOOD = ", after it was good";

/** Whether a node failed when the watch of it was over already. */
export function failedLate({ detail }: RolloutStep): boolean {
  return detail?.includes(WAS_GOOD) ?? false;
}

/** How each node of a rollout fares: what it says moves it on, and so does time. */
export class RolloutSteps {
  readonly #rollout: Rollout;
  readonly #steps: ReadonlyMap<string, RolloutStep>;
  readonly #options: RolloutStepsOptions;

  constructor(rollout: Rollout, steps: readonly RolloutStep[], options: RolloutStepsOptions) {
    this.#rollout = rollout;
    this.#steps = new Map(steps.map((step) => [step.node, step]));
    this.#options = options;
  }

  /** Every node of the rollout, in its order. */
  get all(): readonly RolloutStep[] {
    return [...this.#steps.values()];
  }

  /** Whether a node belongs to the rollout. */
  has(node: string): boolean {
    return this.#steps.has(node);
  }

  // --- what nodes say ---------------------------------------------------------------

  /** Takes what nodes have said before there was somebody to take it. */
  wakeUp(): void {
    for (const [node, { online, reason }] of this.#options.nodes)
      if (online) this.cameBack(node);
      else if (reason === "updating") this.left(node);
  }

  /** A node has left the broker for the gateway. */
  left(node: string): void {
    const step = this.#steps.get(node);
    // Somebody else may have sent the command to one that was not asked here.
    if (!step || step.attempts === 0) return;
    if (step.state === "asked" || step.state === "waiting")
      step.leftMs = this.#options.clock.nowMs();
    this.happened(step, "left");
  }

  /** A node has given a reading. */
  readingCame(node: string, channel: string, timeMs: number): void {
    const step = this.#steps.get(node);
    // What was measured before the update comes later out of the node's flash.
    if (step?.state !== "watched" || timeMs < step.leftMs || !step.missing.includes(channel))
      return;
    step.missing = step.missing.filter((missing) => missing !== channel);
    this.#options.changes.stepChanged(step);
  }

  /** A node is on the broker: which program brought it there? */
  cameBack(node: string): void {
    const step = this.#steps.get(node);
    if (!step) return;
    const { nodes, images } = this.#options;
    const seen = nodes.of(node);
    const image = images.get(this.#rollout.image);
    const before = images.get(step.before);
    if (image && seen.program === image.shortHash) this.#cameWithNew(step, seen);
    else if (before && seen.program === before.shortHash) this.#cameWithOld(step, seen);
    else if (step.state !== "waiting") {
      // Somebody has written it by a cable: nothing is known of how it goes.
      this.broke(step, "runs a program that is neither the old nor the new one");
    }
  }

  #cameWithNew(step: RolloutStep, seen: NodeSeen): void {
    const again = (step.state === "watched" || step.state === "good") && step.boot !== seen.boot;
    if (again && seen.start === "power-on") {
      // The mains failed, not the program.
      step.boot = seen.boot;
      this.#options.changes.stepChanged(step);
    } else if (seen.safeMode) this.broke(step, "crashes until it is in safe mode");
    else if (again) this.broke(step, `restarted by itself (${seen.start})`);
    else if (step.state === "asked" || step.state === "away") {
      step.boot = seen.boot;
      step.missing = step.channels;
      this.happened(step, "back-new");
    }
  }

  #cameWithOld(step: RolloutStep, seen: NodeSeen): void {
    // What is said of the boot in which it was asked is older than the command: the broker
    // says it again to a gateway that has just begun.
    const wasAway = seen.boot !== step.boot || seen.reason === "not-updated";
    if (step.state === "away" || (step.state === "asked" && wasAway))
      this.#cameInVain(step, seen.reason);
    else if (step.state !== "asked") {
      // Somebody has written it by a cable, say.
      if (step.state !== "returning") step.detail = "is back with its old program";
      this.happened(step, "back-old");
    }
  }

  #cameInVain(step: RolloutStep, reason: string): void {
    if (this.#options.choice.takeWithheld(step.node)) step.attempts--;
    else if (step.attempts >= ATTEMPTS_MAX)
      return this.broke(step, `came back ${step.attempts} times without the new program`);
    step.detail = reason === "not-updated" ? "no program came in time" : `came back: ${reason}`;
    this.happened(step, "back-old");
  }

  /** A node is being rescued from its program. */
  rescued(node: string): void {
    const step = this.#steps.get(node);
    if (step) this.broke(step, "crashes at every start");
  }

  // --- what time tells --------------------------------------------------------------

  /** Looks at each node whether it is late, lacks something, or is good. */
  judge(): void {
    for (const step of this.#steps.values())
      if (step.state === "asked" || step.state === "away") this.#judgeAbsence(step);
      else if (step.state === "watched") this.#judgeWatched(step);
  }

  #judgeAbsence(step: RolloutStep): void {
    const { broker, nodes } = this.#options;
    const { backMs } = this.#rollout.plan;
    // A gateway or broker that was away proves nothing against a node.
    if (broker.heardForMs(step.sinceMs) <= backMs) return;
    if (step.state === "asked" && nodes.of(step.node).online && step.attempts < ATTEMPTS_MAX) {
      step.detail = "did not answer the command";
      this.happened(step, "back-old");
    } else this.broke(step, `not back within ${backMs / 60_000} minutes`);
  }

  #judgeWatched(step: RolloutStep): void {
    const { broker, clock, nodes } = this.#options;
    const { waitMs, canaryWaitMs, backMs } = this.#rollout.plan;
    const heldMs = clock.nowMs() - step.sinceMs;
    if (heldMs < (step.stage === 0 ? canaryWaitMs : waitMs)) return;
    const { online, sinceMs, checks } = nodes.of(step.node);
    if (!online) {
      // It may just be reconnecting; it is given the time that a node has to come back.
      if (broker.heardForMs(sinceMs) > backMs) this.broke(step, "lost its broker");
      return;
    }
    const failedChecks = checks.filter((check) => check.includes("="));
    if (step.missing.length > 0 && broker.heardForMs(step.sinceMs) < CHANNEL_BACK_MS) return;
    if (step.missing.length > 0) this.broke(step, `no readings of ${step.missing.join(", ")}`);
    else if (failedChecks.length > 0) this.broke(step, `self-test: ${failedChecks.join(", ")}`);
    else this.#passed(step);
  }

  #passed(step: RolloutStep): void {
    const { image } = this.#rollout;
    this.#options.programs.set(step.node, { wanted: image, good: image, forced: false });
    step.detail = undefined;
    this.happened(step, "passed");
  }

  // --- where that leads -------------------------------------------------------------

  /** A node has failed for this reason. */
  broke(step: RolloutStep, detail: string): void {
    if (hasFailed(step.state)) return;
    step.detail = step.state === "good" ? `${detail}${WAS_GOOD}` : detail;
    this.happened(step, "broke");
  }

  /** Brings a node where this leads it. */
  happened(step: RolloutStep, event: StepEvent): void {
    const { clock, programs, changes } = this.#options;
    const next = nextStepState(step.state, event);
    if (next === step.state) return;
    step.state = next;
    step.sinceMs = clock.nowMs();
    // From here on it may be given another program by hand.
    if (next === "returned" && step.before !== "") programs.keepOld(step.node, step.before);
    changes.stepChanged(step);
    changes.note(`update-${next}`, step.node, step.detail);
  }
}
