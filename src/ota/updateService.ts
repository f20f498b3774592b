import { DOWN_COMMAND, nodeTopic } from "../../devs/contract/topics";
import type { CommandMessage, StateMessage } from "../../devs/contract/messages";
import { BACKOFF_LONGEST_MS } from "../../devs/mqtt/backoff";
import { Receiver } from "../city/receiver";
import { InventoryError } from "../inventory/inventoryError";
import type { OtaClock } from "./clock";
import { Gateway, type Contact, type GatewayEvent } from "./gateway";
import type { Image } from "./image";
import type { NodeProgram, OtaStore, Rollout, RolloutStep, RolloutWish } from "./otaStore";
import {
  hasFailed,
  isUnderWay,
  nextRolloutState,
  nextStepState,
  type RolloutEvent,
  type StepEvent,
} from "./rolloutStates";
import { NO_PROGRAM, type Program } from "./transfer";

/** How the city's nodes are spoken to. */
export interface CityLink {
  /** Whether messages reach the broker now; while they do not, no node is judged. */
  connected(): boolean;
  /** Publishes with QoS 1, not retained. */
  publish(topic: string, payload: string): void;
}

/** What updates over the air work with. */
export interface UpdateServiceOptions {
  readonly city: string;
  readonly store: OtaStore;
  readonly clock: OtaClock;
  readonly link: CityLink;
  /** Nodes that get a program at the same time; 8 when left out. */
  readonly nodesAtOnce?: number;
  /** Bytes of programs a second, over all nodes; 64,000 when left out. */
  readonly bytesPerS?: number;
  /** Gets a sentence when the inventory cannot be used; everything waits until it can. */
  readonly onProblem?: (problem: string) => void;
  /** Gets a line for each thing that a person may want to know at once. */
  readonly onNote?: (note: UpdateNote) => void;
}

/** Something that happened to a node or a rollout; the same goes into the audit log. */
export interface UpdateNote {
  readonly what: string;
  readonly node?: string;
  readonly detail?: string;
}

/** What the city knows of a node from its own messages. */
interface NodeSeen {
  online: boolean;
  reason: string;
  boot: number;
  /** Why its program started. */
  start: string;
  safeMode: boolean;
  program: number | undefined;
  checks: readonly string[];
  /** When its state last came, and since when it has been on the broker with this boot. */
  sinceMs: number;
  /** When each channel last gave a reading. */
  readonly channels: Map<string, number>;
}

const NODES_AT_ONCE = 8;
/** The state of a rollout moves on so often. */
const TICK_MS = 1000;
/** What a person wishes is read so often. */
const WISH_EVERY_TICKS = 5;
/** A channel counts as one that a node has when it gave a reading in this time. */
export const CHANNEL_RECENT_MS = 20 * 60_000;
/** A channel that a node had may take so long to give a reading again, however short the watch is. */
const CHANNEL_BACK_MS = 10 * 60_000;
/** A program is good for a node that has stayed on the broker with it for so long. */
const GOOD_AFTER_MS = 10 * 60_000;
/** Starts of a program under the gateway's eyes, without ever taking the socket, that make a crash loop. */
const CRASH_STARTS = 3;
/** How often a node is asked before it counts as failed. */
const ATTEMPTS_MAX = 3;
/** How long a node leaves its socket to its runtime, in minutes. */
const UPDATE_MINUTES = 5;
/** The same trouble of the same node is written down again after this time only. */
const TROUBLE_EVERY_MS = 3_600_000;
/**
 * A node that was not begun, and is not there for so long, gives its place to another. Longer
 * than it takes to come back when the broker was away.
 */
const ABSENT_MS = 5 * 60_000;
const ABSENT = "not on the broker";

/** The gateway, and the rollouts that decide what it serves. */
export class UpdateService {
  readonly gateway: Gateway;
  readonly #options: UpdateServiceOptions;
  readonly #receiver: Receiver;
  readonly #seen = new Map<string, NodeSeen>();
  #images = new Map<string, Image>();
  #imagesByShortHash = new Map<number, Image>();
  /** Hashes of what the store held when images were last read. */
  #imagesRead = "";
  readonly #programs: Map<string, NodeProgram>;
  /** When each trouble of a node was last written down. */
  readonly #troubledMs = new Map<string, number>();
  readonly #startedMs: number;
  #keys: Map<string, Uint8Array>;
  #keysReadMs: number;
  #rollout: Rollout | undefined;
  #steps = new Map<string, RolloutStep>();
  /** Nodes that were at the gateway since they were asked, and got nothing for the sake of their readings. */
  readonly #withheld = new Set<string>();
  #ticks = 0;
  /** Why the last turn was not done. */
  #problem: string | undefined;
  /** Since when the broker is there; endless while it is away. */
  #brokerSinceMs = -Infinity;
  /** Of the inventory, when wishes were last read. */
  #mark = "";
  #timer: { cancel(): void } | undefined;
  /** What the next transaction writes. */
  #dirtySteps = new Set<RolloutStep>();
  #dirtyPrograms = new Map<string, NodeProgram>();
  #rolloutDirty = false;
  #wishDone: RolloutWish | undefined;
  #log: UpdateNote[] = [];
  #commands: (() => void)[] = [];

  constructor(options: UpdateServiceOptions) {
    this.#options = options;
    const { store, clock } = options;
    this.#keys = store.updateKeys();
    this.#keysReadMs = clock.nowMs();
    this.#startedMs = clock.nowMs();
    this.#programs = store.programs();
    this.#readImages();
    this.gateway = new Gateway({
      clock,
      keyOf: (node) => this.#keyOf(node),
      programFor: (contact) => this.#programFor(contact),
      onEvent: (event) => this.#gatewayEvent(event),
      nodesAtOnce: options.nodesAtOnce ?? NODES_AT_ONCE,
      ...(options.bytesPerS === undefined ? {} : { bytesPerS: options.bytesPerS }),
    });
    this.#receiver = new Receiver({
      state: ({ node, state, arrivedMs }) => this.#stateCame(node, state, arrivedMs),
      reading: ({ node, metric, timeMs }) => this.#readingCame(node, metric, timeMs),
    });
    this.#timer = clock.after(TICK_MS, () => this.#tick());
  }

  /** Takes a message of the city's broker; those that are no node's are passed over. */
  hear(topic: string, payload: Uint8Array): void {
    this.#receiver.receive(topic, payload, this.#options.clock.nowMs());
  }

  /** Takes note of a reading that came before this service began. */
  remember(node: string, metric: string, timeMs: number): void {
    const { channels } = this.#seenOf(node);
    channels.set(metric, Math.max(timeMs, channels.get(metric) ?? -Infinity));
  }

  /** Ends everything; what was begun goes on with the next service. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.gateway.close();
    try {
      this.#save();
    } catch (error) {
      if (!(error instanceof InventoryError)) throw error;
      this.#hasTrouble(error.message);
    }
  }

  // --- what is known of the nodes ---------------------------------------------------

  #seenOf(node: string): NodeSeen {
    let seen = this.#seen.get(node);
    if (!seen) {
      seen = {
        online: false,
        reason: "",
        boot: 0,
        start: "",
        safeMode: false,
        program: undefined,
        checks: [],
        sinceMs: 0,
        channels: new Map(),
      };
      this.#seen.set(node, seen);
    }
    return seen;
  }

  #stateCame(node: string, said: StateMessage, arrivedMs: number): void {
    const seen = this.#seenOf(node);
    const online = said.state === "online";
    const isNew = online !== seen.online || said.boot !== seen.boot;
    // The broker says again what it retains whenever the city connects anew.
    const isNews = isNew || said.reason !== seen.reason;
    if (isNew) seen.sinceMs = arrivedMs;
    seen.online = online;
    seen.reason = said.reason;
    seen.boot = said.boot;
    if (online) {
      seen.program = said.program;
      seen.start = said.start ?? "";
      seen.safeMode = said.safeMode ?? false;
      seen.checks = said.checks ?? [];
      if (isNews) this.#cameBack(node, seen);
    } else {
      if (said.reason === "updating") this.#left(node);
      this.gateway.look(node);
    }
  }

  #left(node: string): void {
    const step = this.#steps.get(node);
    // Somebody else may have sent the command to one that was not asked here.
    if (!step || step.attempts === 0) return;
    if (step.state === "asked" || step.state === "waiting")
      step.leftMs = this.#options.clock.nowMs();
    this.#happened(node, "left");
  }

  #readingCame(node: string, metric: string, timeMs: number): void {
    this.#seenOf(node).channels.set(metric, timeMs);
    const step = this.#steps.get(node);
    // What was measured before the update comes later out of the node's flash.
    if (step?.state !== "watched" || timeMs < step.leftMs || !step.missing.includes(metric)) return;
    step.missing = step.missing.filter((channel) => channel !== metric);
    this.#dirtySteps.add(step);
  }

  /** A node is on the broker: which program brought it there? */
  #cameBack(node: string, seen: NodeSeen): void {
    const step = this.#steps.get(node);
    if (!step || !this.#rollout) return;
    const image = this.#images.get(this.#rollout.image);
    const before = this.#images.get(step.before);
    if (image && seen.program === image.shortHash) {
      const again = (step.state === "watched" || step.state === "good") && step.boot !== seen.boot;
      if (again && seen.start === "power-on") {
        // The mains failed, not the program.
        step.boot = seen.boot;
        this.#dirtySteps.add(step);
      } else if (seen.safeMode) this.#broke(step, "crashes until it is in safe mode");
      else if (again) this.#broke(step, `restarted by itself (${seen.start})`);
      else if (step.state === "asked" || step.state === "away") {
        step.boot = seen.boot;
        step.missing = step.channels;
        this.#happened(node, "back-new");
      }
    } else if (before && seen.program === before.shortHash) {
      // What is said of the boot in which it was asked is older than the command: the broker
      // says it again to a gateway that has just begun.
      const wasAway = seen.boot !== step.boot || seen.reason === "not-updated";
      if (step.state === "away" || (step.state === "asked" && wasAway))
        this.#cameWithOld(step, seen.reason);
      else if (step.state !== "asked") this.#happened(node, "back-old");
    } else if (step.state !== "waiting") {
      // Somebody has written it by a cable: nothing is known of how it goes.
      this.#broke(step, "runs a program that is neither the old nor the new one");
    }
  }

  #cameWithOld(step: RolloutStep, reason: string): void {
    if (this.#withheld.delete(step.node)) step.attempts--;
    else if (step.attempts >= ATTEMPTS_MAX)
      return this.#broke(step, `came back ${step.attempts} times without the new program`);
    step.detail = reason === "not-updated" ? "no program came in time" : `came back: ${reason}`;
    this.#happened(step.node, "back-old");
  }

  // --- the gateway's questions ----------------------------------------------------

  #keyOf(node: string): Uint8Array | undefined {
    const { store, clock } = this.#options;
    const known = this.#keys.get(node);
    // A board may have been written since; a flood of unknown names reads the keys once a second.
    if (known || clock.nowMs() - this.#keysReadMs < TICK_MS) return known;
    this.#keysReadMs = clock.nowMs();
    try {
      this.#keys = store.updateKeys();
    } catch (error) {
      // The node asks again.
      if (!(error instanceof InventoryError)) throw error;
    }
    return this.#keys.get(node);
  }

  #programFor(contact: Contact): Program | undefined {
    const { node, hash, starts } = contact;
    const { wanted, good, forced } = this.#programs.get(node) ?? NOTHING;
    const meant = wanted ?? good;
    const crashing = starts >= CRASH_STARTS;
    if (crashing && good === undefined)
      this.#trouble(
        "node-crashes",
        node,
        `${contact.panic || "restarts again and again"}: it was well with no known program, and must be flashed`,
      );
    if (meant === undefined) return undefined;
    if (hash === meant) return crashing && good !== hash ? this.#images.get(good ?? "") : undefined;
    let free = hash === NO_PROGRAM || crashing;
    if (!free && (forced || this.#isUpdating(node))) {
      free = !this.#mayHoldReadings(contact);
      if (!free) this.#withheld.add(node);
    }
    return free ? this.#images.get(crashing && hash !== good ? (good ?? meant) : meant) : undefined;
  }

  /**
   * Whether a node may be here only because it has no broker: what it measured last is in its
   * RAM then, and a new program would be the end of that. Between two attempts to connect it
   * stays for two minutes at most.
   */
  #mayHoldReadings({ sinceMs }: Contact): boolean {
    if (this.#options.clock.nowMs() - sinceMs > BACKOFF_LONGEST_MS) return false;
    return !this.#options.link.connected() || sinceMs - this.#brokerSinceMs < BACKOFF_LONGEST_MS;
  }

  #isUpdating(node: string): boolean {
    const seen = this.#seen.get(node);
    return seen?.reason === "updating" && !seen.online;
  }

  #gatewayEvent(event: GatewayEvent): void {
    if (event.event === "refused") this.#refused(event.node, event.problem, event.detail);
    else if (event.event === "started") this.#transferStarted(event.node, event.hash);
    else if (event.event === "transferred")
      this.#note("program-transferred", event.node, `${event.hash} in ${event.tookMs} ms`);
    else if (event.event === "failed")
      this.#note("transfer-failed", event.node, `${event.hash}: ${event.detail}`);
  }

  #refused(node: string, problem: string, detail: string): void {
    const known = this.#keys.has(node);
    // Whoever comes without a name that is known is one more of the same: they could be many.
    const who = known || node === "" ? "" : `${node} `;
    this.#trouble("node-refused", known ? node : "", `${problem}: ${who}${detail}`, problem);
  }

  /** Writes down what may come again every few seconds. */
  #trouble(what: string, node: string, detail: string, kind = what): void {
    const nowMs = this.#options.clock.nowMs();
    const key = `${node} ${kind}`;
    if (nowMs - (this.#troubledMs.get(key) ?? -Infinity) < TROUBLE_EVERY_MS) return;
    this.#troubledMs.set(key, nowMs);
    this.#note(what, node || undefined, detail);
  }

  /** A program other than the meant one goes out only to rescue a node from that. */
  #transferStarted(node: string, hash: string): void {
    const program = this.#programs.get(node) ?? NOTHING;
    const meant = program.wanted ?? program.good;
    if (meant === hash) return;
    this.#setProgram(node, { ...program, wanted: hash, forced: false });
    this.#note("node-rescued", node, `its program ${meant} crashes at every start: gets ${hash}`);
    const step = this.#steps.get(node);
    if (step) this.#broke(step, "crashes at every start");
  }

  // --- the rollout -----------------------------------------------------------------

  #tick(): void {
    try {
      this.#turnOnce();
      this.#hasTrouble(undefined);
    } catch (error) {
      // What could not be stored is stored in a later turn, and nothing is sent before.
      if (!(error instanceof InventoryError)) throw error;
      this.#hasTrouble(error.message);
      this.#ticks = 0;
    }
    if (this.#timer) this.#timer = this.#options.clock.after(TICK_MS, () => this.#tick());
  }

  #hasTrouble(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem)
      this.#options.onProblem?.(`updates wait: ${problem}`);
    this.#problem = problem;
  }

  #turnOnce(): void {
    if (this.#ticks++ % WISH_EVERY_TICKS === 0) this.#readWishes();
    if (!this.#options.link.connected()) this.#brokerSinceMs = Infinity;
    else {
      if (this.#brokerSinceMs === Infinity) this.#brokerSinceMs = this.#options.clock.nowMs();
      this.#learnGood();
      if (this.#rollout) this.#advance(this.#rollout);
    }
    this.#save();
  }

  #readWishes(): void {
    const mark = this.#options.store.mark();
    if (mark === this.#mark) return;
    const { rollout, wish, keys, images } = this.#options.store.changes();
    this.#mark = mark;
    this.#keys = keys;
    if (images.join() !== this.#imagesRead) this.#readImages();
    this.#imagesRead = images.join();
    if (rollout && rollout.id !== this.#rollout?.id) {
      this.#rollout = rollout;
      this.#steps = new Map(this.#options.store.steps(rollout.id).map((step) => [step.node, step]));
      this.#wakeUp();
    }
    if (wish && this.#rollout) {
      this.#wished(this.#rollout, wish);
      this.#wishDone = wish;
    }
  }

  #readImages(): void {
    this.#images = this.#options.store.images();
    this.#imagesByShortHash = new Map(
      [...this.#images.values()].map((image) => [image.shortHash, image]),
    );
  }

  /** What came before this service began counts, too. */
  #wakeUp(): void {
    for (const [node, seen] of this.#seen)
      if (seen.online) this.#cameBack(node, seen);
      else if (seen.reason === "updating") this.#left(node);
  }

  #wished(rollout: Rollout, wish: RolloutWish): void {
    if (wish === "resume")
      this.#turn(rollout, rollout.stage === 0 ? "resume-canary" : "resume-batch");
    else this.#turn(rollout, wish, wish === "abort" ? "aborted" : undefined);
  }

  #turn(rollout: Rollout, event: RolloutEvent, reason?: string): void {
    const next = nextRolloutState(rollout.state, event);
    if (next === rollout.state) return;
    rollout.state = next;
    if (reason !== undefined) rollout.reason = reason;
    this.#rolloutDirty = true;
    this.#note(`rollout-${next}`, undefined, `${rollout.id}${reason ? `: ${reason}` : ""}`);
  }

  #advance(rollout: Rollout): void {
    for (const step of this.#steps.values()) this.#judge(rollout, step);
    const steps = [...this.#steps.values()];
    if (rollout.state === "rolling-back") return this.#rollBack(rollout, steps);
    this.#countFailures(rollout, steps);
    for (const step of steps) if (step.state === "failed") this.#giveBack(step);
    const stage = steps.filter((step) => step.stage === rollout.stage);
    if (rollout.state === "canary" || rollout.state === "batch") {
      this.#passOver(steps, stage);
      this.#askNext(rollout, stage);
      const out = stage.some(({ state }) => ["waiting", "asked", "away"].includes(state));
      if (!out) this.#turn(rollout, "stage-back");
    }
    if (rollout.state !== "waiting" || stage.some(({ state }) => state === "watched")) return;
    if (steps.some((step) => step.stage > rollout.stage)) {
      rollout.stage++;
      this.#turn(rollout, "next-stage");
    } else if (!steps.some(({ state }) => state === "returning")) {
      this.#turn(rollout, "finished");
      this.#over();
    }
  }

  #countFailures(rollout: Rollout, steps: readonly RolloutStep[]): void {
    const touched = steps.filter(({ state }) => state !== "waiting").length;
    const failed = steps.filter(({ state }) => hasFailed(state));
    // A canary that fails when it was already good stops everything, too.
    const limit = failed.some(({ stage }) => stage === 0) ? 0 : rollout.plan.limit;
    // A share of few nodes says little: the first failure of a stage counts against its size.
    const of = Math.max(touched, steps.filter(({ stage }) => stage <= rollout.stage).length);
    if (failed.length === 0 || failed.length / of <= limit) return;
    this.#turn(
      rollout,
      "too-many-failed",
      `${failed.length} of ${of} failed: ${failed[0]?.node} ${failed[0]?.detail ?? ""}`,
    );
    const late = failed.some(({ detail }) => detail?.includes(WAS_GOOD));
    if (!late || rollout.state !== "rolling-back") return;
    // The watch was too short for this fault: who has passed it may have the fault as well.
    for (const step of steps)
      if (step.state === "good") this.#broke(step, "another node failed with it");
  }

  #rollBack(rollout: Rollout, steps: readonly RolloutStep[]): void {
    for (const step of steps) {
      if (isUnderWay(step.state)) this.#broke(step, "the rollout was stopped");
      // The command may still wait for it at the broker.
      if (step.state === "waiting" && step.attempts > 0) this.#keepOld(step);
      if (step.state === "failed") this.#giveBack(step);
      if (step.state === "returning") this.#askBack(step);
    }
    if (steps.some(({ state }) => state === "returning" || state === "failed")) return;
    this.#turn(rollout, "all-returned");
    this.#over();
  }

  /** Nothing is left to do: what is known of the rollout is on disk with the next save. */
  #over(): void {
    this.#save();
    this.#rollout = undefined;
    this.#steps = new Map();
  }

  /** Lets nodes that are not there change places with some that are: a dead pole holds nobody up. */
  #passOver(steps: readonly RolloutStep[], stage: readonly RolloutStep[]): void {
    for (const step of steps)
      if (step.detail === ABSENT && this.#seen.get(step.node)?.online) {
        step.detail = undefined;
        this.#dirtySteps.add(step);
      }
    const absent = stage.filter((step) => this.#isAbsent(step));
    if (absent.length === 0) return;
    const later = steps.filter(
      (step) =>
        step.state === "waiting" &&
        step.stage > (absent[0]?.stage ?? Infinity) &&
        this.#seen.get(step.node)?.online,
    );
    later.sort((a, b) => a.stage - b.stage);
    for (const step of absent) {
      const other = later.shift();
      if (step.detail !== ABSENT) {
        step.detail = ABSENT;
        this.#dirtySteps.add(step);
      }
      if (!other) continue;
      [step.stage, other.stage] = [other.stage, step.stage];
      this.#dirtySteps.add(step).add(other);
      this.#note("update-postponed", step.node, `not on the broker: ${other.node} comes first`);
    }
  }

  #isAbsent({ node, state, attempts }: RolloutStep): boolean {
    const seen = this.#seen.get(node);
    if (state !== "waiting" || attempts > 0 || seen?.online) return false;
    return this.#heardForMs(seen?.sinceMs ?? 0) > ABSENT_MS;
  }

  /** How long something has been so while it could have been heard that it is not. */
  #heardForMs(sinceMs: number): number {
    const nowMs = this.#options.clock.nowMs();
    return nowMs - Math.max(sinceMs, this.#startedMs, this.#brokerSinceMs);
  }

  #askNext(rollout: Rollout, stage: readonly RolloutStep[]): void {
    const image = this.#images.get(rollout.image);
    if (!image) return;
    let out = stage.filter(({ state }) => state === "asked" || state === "away").length;
    for (const step of stage) {
      if (out >= (this.#options.nodesAtOnce ?? NODES_AT_ONCE)) return;
      const seen = this.#seen.get(step.node);
      if (step.state !== "waiting" || !seen?.online) continue;
      const before = this.#imagesByShortHash.get(seen.program ?? -1);
      if (!before) {
        this.#broke(step, `runs a program that is unknown: ${NO_WAY_BACK}`);
        continue;
      }
      if (before.hash === image.hash) {
        step.before = this.#programs.get(step.node)?.good ?? image.hash;
        step.boot = seen.boot;
        this.#happened(step.node, "back-new");
        continue;
      }
      out++;
      this.#withheld.delete(step.node);
      step.before = before.hash;
      step.boot = seen.boot;
      step.attempts++;
      const nowMs = this.#options.clock.nowMs();
      step.leftMs = nowMs;
      if (step.channels.length === 0)
        step.channels = [...seen.channels]
          .filter(([, atMs]) => nowMs - atMs < CHANNEL_RECENT_MS)
          .map(([channel]) => channel)
          .sort();
      this.#setProgram(step.node, { good: step.before, wanted: image.hash, forced: false });
      this.#happened(step.node, "ask");
      this.#command(step, image);
    }
  }

  /** Sends the command after the next save: what was sent must not be forgotten. */
  #command(step: RolloutStep, image: Image): void {
    const { city, clock, link } = this.#options;
    const command: CommandMessage & { program: number } = {
      // A node does nothing for an id that it has seen.
      id: `ota-${this.#rollout?.id}-${Math.floor(clock.nowMs() / 1000)}-${image.shortHash}`,
      command: "update" as CommandMessage["command"],
      minutes: UPDATE_MINUTES,
      program: image.shortHash,
    };
    const topic = nodeTopic(city, step.node, DOWN_COMMAND);
    this.#commands.push(() => link.publish(topic, JSON.stringify(command)));
  }

  /** Gives a node no other program than the one it came from. */
  #keepOld({ node, before }: RolloutStep): void {
    const { wanted, forced } = this.#programs.get(node) ?? NOTHING;
    if (wanted === before && !forced) return;
    this.#setProgram(node, { wanted: before, good: before, forced: false });
  }

  /** Lets the old program go to a node in any way there is. */
  #giveBack(step: RolloutStep): void {
    this.#setProgram(step.node, { wanted: step.before, good: step.before, forced: true });
    this.#happened(step.node, "give-back");
    this.gateway.look(step.node);
    const seen = this.#seen.get(step.node);
    const before = this.#images.get(step.before);
    if (seen?.online && before && seen.program === before.shortHash)
      this.#happened(step.node, "back-old");
    else this.#askBack(step);
  }

  /** Asks a node that is on the broker with the new program to fetch the old one, once a minute. */
  #askBack(step: RolloutStep): void {
    const before = this.#images.get(step.before);
    const seen = this.#seen.get(step.node);
    if (!before || !seen?.online || seen.program === before.shortHash) return;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - step.sinceMs < 60_000 && step.attempts > 0 && step.detail?.endsWith(ASKED_BACK))
      return;
    step.sinceMs = nowMs;
    step.attempts++;
    if (!step.detail?.endsWith(ASKED_BACK)) step.detail = `${step.detail ?? ""}${ASKED_BACK}`;
    this.#dirtySteps.add(step);
    this.#command(step, before);
  }

  /** Looks whether a node is late, lacks something, or is good. */
  #judge(rollout: Rollout, step: RolloutStep): void {
    // A gateway or broker that was away proves nothing against a node.
    const heardMs = this.#heardForMs(step.sinceMs);
    const heldMs = this.#options.clock.nowMs() - step.sinceMs;
    const seen = this.#seen.get(step.node);
    if (step.state === "asked" || step.state === "away") {
      if (heardMs <= rollout.plan.backMs) return;
      if (step.state === "asked" && seen?.online && step.attempts < ATTEMPTS_MAX) {
        step.detail = "did not answer the command";
        this.#happened(step.node, "back-old");
      } else this.#broke(step, `not back within ${rollout.plan.backMs / 60_000} minutes`);
    }
    const { waitMs, canaryWaitMs, backMs } = rollout.plan;
    if (step.state !== "watched" || heldMs < (step.stage === 0 ? canaryWaitMs : waitMs)) return;
    if (!seen?.online) {
      // It may just be reconnecting; it is given the time that a node has to come back.
      if (this.#heardForMs(seen?.sinceMs ?? 0) > backMs) this.#broke(step, "lost its broker");
      return;
    }
    const failedChecks = seen.checks.filter((check) => check.includes("="));
    if (step.missing.length > 0 && heardMs < CHANNEL_BACK_MS) return;
    if (step.missing.length > 0) this.#broke(step, `no readings of ${step.missing.join(", ")}`);
    else if (failedChecks.length > 0) this.#broke(step, `self-test: ${failedChecks.join(", ")}`);
    else this.#passed(rollout, step);
  }

  #passed(rollout: Rollout, step: RolloutStep): void {
    this.#setProgram(step.node, { wanted: rollout.image, good: rollout.image, forced: false });
    step.detail = undefined;
    this.#happened(step.node, "passed");
  }

  #broke(step: RolloutStep, detail: string): void {
    if (hasFailed(step.state)) return;
    step.detail = step.state === "good" ? `${detail}${WAS_GOOD}` : detail;
    this.#happened(step.node, "broke");
  }

  #happened(node: string, event: StepEvent): void {
    const step = this.#steps.get(node);
    if (!step) return;
    const next = nextStepState(step.state, event);
    if (next === step.state) return;
    step.state = next;
    step.sinceMs = this.#options.clock.nowMs();
    // From here on it may be given another program by hand.
    if (next === "returned" && step.before !== "") this.#keepOld(step);
    this.#dirtySteps.add(step);
    this.#note(`update-${next}`, node, step.detail);
  }

  /** A program that a node has been well with for long enough is one to come back to. */
  #learnGood(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [node, { online, sinceMs, program }] of this.#seen) {
      if (!online || program === undefined || nowMs - sinceMs < GOOD_AFTER_MS) continue;
      if (this.#steps.has(node)) continue;
      const known = this.#programs.get(node) ?? NOTHING;
      const image = this.#imagesByShortHash.get(program);
      if (!image || known.good === image.hash) continue;
      // It may have been written by a cable since it was last updated over the air.
      const wanted = known.good === undefined ? known.wanted : image.hash;
      this.#setProgram(node, { wanted, good: image.hash, forced: false });
    }
  }

  #setProgram(node: string, program: NodeProgram): void {
    this.#programs.set(node, program);
    this.#dirtyPrograms.set(node, program);
  }

  #note(what: string, node?: string, detail?: string): void {
    const note = {
      what,
      ...(node === undefined ? {} : { node }),
      ...(detail === undefined ? {} : { detail }),
    };
    this.#log.push(note);
    this.#options.onNote?.(note);
  }

  /** Writes what has changed in one transaction, then sends what follows from it. */
  #save(): void {
    const commands = this.#commands;
    if (
      this.#rolloutDirty ||
      this.#wishDone ||
      this.#dirtySteps.size + this.#dirtyPrograms.size + this.#log.length > 0
    )
      this.#options.store.save({
        ...(this.#rollout ? { rollout: this.#rollout } : {}),
        done: this.#wishDone,
        steps: [...this.#dirtySteps],
        programs: this.#dirtyPrograms,
        log: this.#log,
      });
    this.#rolloutDirty = false;
    this.#wishDone = undefined;
    this.#dirtySteps = new Set();
    this.#dirtyPrograms = new Map();
    this.#log = [];
    this.#commands = [];
    for (const send of commands) send();
  }
}

const NOTHING: NodeProgram = { wanted: undefined, good: undefined, forced: false };
const ASKED_BACK = "; asked to take its old program back";
const WAS_GOOD = ", after it was good";
const NO_WAY_BACK =
  "there is no way back until streetnode ota add was given the signed image of it";
