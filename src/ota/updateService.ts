import type { StateMessage } from "../../devs/contract/messages";
import { Receiver } from "../city/receiver";
import { InventoryError } from "../inventory/inventoryError";
import { BrokerPresence } from "./brokerPresence";
import type { OtaClock } from "./clock";
import { Gateway, type GatewayEvent } from "./gateway";
import { KnownImages } from "./knownImages";
import { NodePrograms } from "./nodePrograms";
import type { OtaStore } from "./otaStore";
import { ProgramChoice } from "./programChoice";
import { RolloutRun, type RolloutRunOptions } from "./rolloutRun";
import { isOver } from "./rolloutStates";
import { SeenNodes } from "./seenNodes";
import { Troubles } from "./troubles";
import { UnsavedChanges, type UpdateNote } from "./unsavedChanges";
import { UpdateKeys } from "./updateKeys";

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

const NODES_AT_ONCE = 8;
/** The state of a rollout moves on so often. */
const TICK_MS = 1000;
/** What a person wishes is read so often. */
const WISH_EVERY_TICKS = 5;

/** The gateway, and the rollouts that decide what it serves. */
export class UpdateService {
  readonly gateway: Gateway;
  readonly #options: UpdateServiceOptions;
  readonly #receiver: Receiver;
  readonly #changes: UnsavedChanges;
  readonly #troubles: Troubles;
  readonly #keys: UpdateKeys;
  readonly #images: KnownImages;
  readonly #nodes = new SeenNodes();
  readonly #broker: BrokerPresence;
  readonly #programs: NodePrograms;
  readonly #choice: ProgramChoice;
  readonly #runOptions: RolloutRunOptions;
  #run: RolloutRun | undefined;
  #timer: { cancel(): void } | undefined;
  #ticks = 0;
  /** Of the inventory, when wishes were last read. */
  #mark = "";
  /** Why the last turn was not done. */
  #problem: string | undefined;

  constructor(options: UpdateServiceOptions) {
    this.#options = options;
    const { city, store, clock, link, nodesAtOnce = NODES_AT_ONCE } = options;
    this.#changes = new UnsavedChanges(store, options.onNote);
    this.#troubles = new Troubles(clock, this.#changes);
    this.#keys = new UpdateKeys(store, clock);
    this.#images = new KnownImages(store);
    this.#broker = new BrokerPresence(clock, () => link.connected());
    this.#programs = new NodePrograms(store, this.#changes);
    const known = {
      clock,
      broker: this.#broker,
      nodes: this.#nodes,
      images: this.#images,
      programs: this.#programs,
      changes: this.#changes,
    };
    this.#choice = new ProgramChoice({ ...known, troubles: this.#troubles });
    this.gateway = new Gateway({
      clock,
      keyOf: (node) => this.#keys.keyOf(node),
      programFor: (contact) => this.#choice.programFor(contact),
      onEvent: (event) => this.#gatewayEvent(event),
      nodesAtOnce,
      ...(options.bytesPerS === undefined ? {} : { bytesPerS: options.bytesPerS }),
    });
    this.#runOptions = {
      ...known,
      choice: this.#choice,
      city,
      gateway: this.gateway,
      publish: (topic, payload) => link.publish(topic, payload),
      nodesAtOnce,
    };
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
    this.#nodes.remember(node, metric, timeMs);
  }

  /** Ends everything; what was begun goes on with the next service. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.gateway.close();
    try {
      this.#changes.save(this.#run?.rollout);
    } catch (error) {
      if (!(error instanceof InventoryError)) throw error;
      this.#hasTrouble(error.message);
    }
  }

  // --- what comes from nodes --------------------------------------------------------

  #stateCame(node: string, said: StateMessage, arrivedMs: number): void {
    const isNews = this.#nodes.stateCame(node, said, arrivedMs);
    if (said.state === "online") {
      if (isNews) this.#run?.steps.cameBack(node);
    } else {
      if (said.reason === "updating") this.#run?.steps.left(node);
      this.gateway.look(node);
    }
  }

  #readingCame(node: string, metric: string, timeMs: number): void {
    this.#nodes.readingCame(node, metric, timeMs);
    this.#run?.steps.readingCame(node, metric, timeMs);
  }

  #gatewayEvent(event: GatewayEvent): void {
    if (event.event === "refused") this.#refused(event.node, event.problem, event.detail);
    else if (event.event === "started") {
      const isRescue = this.#choice.transferStarted(event.node, event.hash);
      if (isRescue) this.#run?.steps.rescued(event.node);
    } else if (event.event === "transferred")
      this.#changes.note("program-transferred", event.node, `${event.hash} in ${event.tookMs} ms`);
    else if (event.event === "failed")
      this.#changes.note("transfer-failed", event.node, `${event.hash}: ${event.detail}`);
  }

  #refused(node: string, problem: string, detail: string): void {
    const known = this.#keys.has(node);
    // Whoever comes without a name that is known is one more of the same: they could be many.
    const who = known || node === "" ? "" : `${node} `;
    this.#troubles.write("node-refused", known ? node : "", `${problem}: ${who}${detail}`, problem);
  }

  // --- turn after turn --------------------------------------------------------------

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
    if (this.#broker.look()) {
      const nowMs = this.#options.clock.nowMs();
      const isJudged = (node: string) => this.#run?.steps.has(node) ?? false;
      this.#programs.learnGood(this.#nodes, this.#images, nowMs, isJudged);
      this.#run?.advance();
    }
    this.#changes.save(this.#run?.rollout);
    if (this.#run && isOver(this.#run.rollout.state)) this.#run = undefined;
  }

  #readWishes(): void {
    const { store } = this.#options;
    const mark = store.mark();
    if (mark === this.#mark) return;
    const { rollout, wish, keys, images } = store.changes();
    this.#keys.replace(keys);
    this.#images.update(images);
    if (rollout && rollout.id !== this.#run?.rollout.id) {
      this.#run = new RolloutRun(rollout, store.steps(rollout.id), this.#runOptions);
      this.#run.steps.wakeUp();
    }
    if (wish && this.#run) {
      this.#run.wished(wish);
      this.#changes.wishDone(wish);
    }
    // What could not be read is read again.
    this.#mark = mark;
  }
}
