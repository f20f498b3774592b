import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UP_DATA, UP_STATE, nodeTopic } from "../../devs/contract/topics";
import { Inventory } from "../../src/inventory/inventory";
import { newSigningKey, signImage, type Image } from "../../src/ota/image";
import { OtaStore, type RolloutPlan, type RolloutStep } from "../../src/ota/otaStore";
import { planRollout } from "../../src/ota/planRollout";
import type { UpdateNote } from "../../src/ota/unsavedChanges";
import { UpdateService } from "../../src/ota/updateService";
import { Scheduler } from "../../src/sim/scheduler";
import { clockWhile } from "./clockWhile";

export const BOARD = "streetnode_esp32_devkitc";
const CITY = "berkane";
const START_MS = 1_800_000_000_000;

/** The head of DeviceScript bytecode for the runtime 2.16.4, and a body. */
export function headOfProgram(body: number): Uint8Array {
  const bytes = Buffer.alloc(320, body);
  Buffer.from("446576530a6e29f104001002", "hex").copy(bytes);
  return new Uint8Array(bytes);
}

/** Updates over the air with nodes that say what the test says, in virtual time: no VM runs. */
export class ScriptedUpdates {
  readonly scheduler = new Scheduler();
  readonly folder = mkdtempSync(join(tmpdir(), "streetnode-updates-"));
  readonly inventory = new Inventory(join(this.folder, "inventory.db"), "test", () => this.nowMs);
  readonly store = new OtaStore(this.inventory.file, "test", () => this.nowMs);
  readonly key = newSigningKey();
  readonly before: Image;
  readonly image: Image;
  readonly notes: UpdateNote[] = [];
  readonly problems: string[] = [];
  /** Commands as they were published. */
  readonly commands: { readonly node: string; readonly program: number }[] = [];
  brokerRuns = true;
  service!: UpdateService;
  #generation = 0;
  readonly #boots = new Map<string, number>();
  readonly #packs = new Map<string, number>();
  /** What the broker retains. */
  readonly #states = new Map<string, string>();

  constructor(readonly names: readonly string[]) {
    this.inventory.create();
    this.inventory.add(names.map((name) => ({ name, city: CITY, board: BOARD })));
    names.forEach((name, i) => {
      this.inventory.claim({
        mac: `02:00:00:00:00:${(i + 1).toString(16).padStart(2, "0")}`,
        name,
      });
      this.inventory.flashed(name);
      this.store.updateKey(name);
    });
    this.store.trust(this.key.publicKey);
    this.before = this.add(1, "1.0.0");
    this.image = this.add(2, "2.0.0");
    this.startGateway();
  }

  get nowMs(): number {
    return START_MS + this.scheduler.nowMs;
  }

  /** Signs a program, and gives it to the gateway. */
  add(body: number, version: string, key = this.key.privateKey): Image {
    return this.store.addImage(
      signImage({ bytecode: headOfProgram(body), version, boards: [BOARD] }, key),
    );
  }

  startGateway(): void {
    const generation = ++this.#generation;
    this.service = new UpdateService({
      city: CITY,
      store: this.store,
      clock: clockWhile(
        () => generation === this.#generation,
        this.scheduler,
        () => this.nowMs,
      ),
      link: {
        connected: () => this.brokerRuns,
        publish: (topic, payload) =>
          this.commands.push({
            node: topic.split("/")[3] ?? "",
            program: (JSON.parse(payload) as { program: number }).program,
          }),
      },
      onNote: (note) => this.notes.push(note),
      onProblem: (problem) => this.problems.push(problem),
    });
    for (const [topic, payload] of this.#states) this.service.hear(topic, Buffer.from(payload));
  }

  /** Ends the gateway as `kill -9` does. */
  killGateway(): void {
    this.#generation++;
  }

  rollout(plan: Partial<RolloutPlan> = {}, image = this.image.hash, older = false): number {
    return planRollout(this.inventory, this.store, {
      image,
      city: CITY,
      patterns: ["*"],
      older,
      plan: {
        canary: 1,
        batch: 1,
        waitMs: 60_000,
        canaryWaitMs: 60_000,
        limit: 0.1,
        backMs: 600_000,
        ...plan,
      },
    });
  }

  /** A node starts with a program, and is on the broker. */
  starts(node: string, image: Image, said: object = {}): void {
    const boot = (this.#boots.get(node) ?? 0) + 1;
    this.#boots.set(node, boot);
    this.says(node, {
      state: "online",
      reason: "boot",
      boot,
      program: image.shortHash,
      checks: ["sen55"],
      start: "update",
      ...said,
    });
  }

  /** A node's last word before it leaves. */
  leaves(node: string, reason = "updating"): void {
    this.says(node, { state: "offline", reason, boot: this.#boots.get(node) ?? 1 });
  }

  says(node: string, state: object): void {
    const topic = nodeTopic(CITY, node, UP_STATE);
    const text = JSON.stringify(state);
    this.#states.set(topic, text);
    this.service.hear(topic, Buffer.from(text));
  }

  reads(node: string, channel = "pm25"): void {
    const seq = (this.#packs.get(node) ?? 0) + 1;
    this.#packs.set(node, seq);
    const record = { bn: `${CITY}/${node}/`, bu: "ug/m3", boot: 1, seq, n: channel, v: 1, t: 0 };
    const pack = JSON.stringify([{ ...record, bt: Math.floor(this.nowMs / 1000) }]);
    this.service.hear(nodeTopic(CITY, node, UP_DATA), Buffer.from(pack));
  }

  run(ms: number): void {
    this.scheduler.runUntil(this.scheduler.nowMs + ms);
  }

  step(node: string): RolloutStep {
    const [latest] = this.store.rollouts();
    return this.store.steps(latest?.id ?? 0).find((step) => step.node === node) as RolloutStep;
  }

  get state(): string | undefined {
    return this.store.rollouts()[0]?.state;
  }

  close(): void {
    this.killGateway();
    rmSync(this.folder, { recursive: true });
  }
}
