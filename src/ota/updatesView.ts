import type { AuditEntry } from "../inventory/inventory";
import { InventoryError } from "../inventory/inventoryError";
import type { OtaStore, Rollout, RolloutStep } from "./otaStore";
import { hasFailed, isOver, type RolloutState, type StepState } from "./rolloutStates";

/** How a rollout goes, for people who watch the city. */
export interface RolloutView {
  readonly id: number;
  /** Version of the image. */
  readonly version: string;
  readonly state: RolloutState;
  /** Why it stopped, in English; `null` while it goes on. */
  readonly reason: string | null;
  /** 0 for the canaries. */
  readonly stage: number;
  readonly stages: number;
  /** UTC in milliseconds. */
  readonly createdMs: number;
  /** How many nodes are in each state; states without any are left out. */
  readonly nodes: Readonly<Partial<Record<StepState, number>>>;
  /** What share of the program each node has that gets it now, 0..1. */
  readonly transfers: readonly { readonly node: string; readonly share: number }[];
  readonly failures: readonly { readonly node: string; readonly detail: string }[];
}

/** A node whose program crashed at every start, and that got another one. */
export interface Rescue {
  readonly node: string;
  readonly atMs: number;
}

/** What people are told about updates over the air. */
export interface UpdatesView {
  /** The one that goes on, or that was over less than a day ago. */
  readonly rollout: RolloutView | null;
  /** Of the last day. */
  readonly rescues: readonly Rescue[];
}

const SHOWN_MS = 24 * 3600_000;
/** More than that nobody reads on a page; `streetnode ota status` has all. */
const FAILURES_MAX = 20;

/** Answers how updates go from what is stored; reads it again only when somebody has written. */
export class UpdatesDesk {
  readonly #store: OtaStore;
  readonly #audit: () => readonly AuditEntry[];
  readonly #progress: (node: string) => number | undefined;
  readonly #now: () => number;
  #mark = "";
  #latest: Rollout | undefined;
  #version = "";
  #steps: readonly RolloutStep[] = [];
  #rescues: readonly Rescue[] = [];

  constructor(
    store: OtaStore,
    audit: () => readonly AuditEntry[],
    progress: (node: string) => number | undefined,
    now: () => number = Date.now,
  ) {
    this.#store = store;
    this.#audit = audit;
    this.#progress = progress;
    this.#now = now;
  }

  /** What there is to tell now. */
  view(): UpdatesView {
    try {
      this.#read();
    } catch (error) {
      // People see what was known, and whoever runs the server is told elsewhere.
      if (!(error instanceof InventoryError)) throw error;
    }
    const sinceMs = this.#now() - SHOWN_MS;
    const latest = this.#latest;
    const shown = latest && (!isOver(latest.state) || latest.changedMs >= sinceMs);
    return {
      rollout: shown ? this.#rolloutView(latest) : null,
      rescues: this.#rescues.filter(({ atMs }) => atMs >= sinceMs),
    };
  }

  #read(): void {
    const mark = this.#store.mark();
    if (mark === this.#mark) return;
    this.#latest = this.#store.rollouts()[0];
    this.#steps = this.#latest ? this.#store.steps(this.#latest.id) : [];
    this.#version = this.#latest ? (this.#store.version(this.#latest.image) ?? "") : "";
    this.#rescues = this.#audit()
      .filter(({ what }) => what === "node-rescued")
      .map(({ name = "", atMs }) => ({ node: name, atMs }));
    this.#mark = mark;
  }

  #rolloutView({ id, state, reason, stage, createdMs }: Rollout): RolloutView {
    const nodes: Partial<Record<StepState, number>> = {};
    for (const step of this.#steps) nodes[step.state] = (nodes[step.state] ?? 0) + 1;
    const transfers = this.#steps.flatMap(({ node }) => {
      const share = this.#progress(node);
      return share === undefined ? [] : [{ node, share: Math.round(share * 100) / 100 }];
    });
    const failures = this.#steps
      .filter((step) => hasFailed(step.state))
      .slice(0, FAILURES_MAX)
      .map(({ node, detail = "" }) => ({ node, detail }));
    const stages = 1 + Math.max(0, ...this.#steps.map((step) => step.stage));
    return {
      id,
      version: this.#version,
      state,
      reason: reason ?? null,
      stage,
      stages,
      createdMs,
      nodes,
      transfers,
      failures,
    };
  }
}
