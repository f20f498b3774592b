import type { PlaceMessage, StateMessage } from "../../devs/contract/messages";
import type { History } from "../history/history";
import type { Inventory, InventoryNode } from "../inventory/inventory";
import { nextState } from "../inventory/nodeStates";
import { checkNode } from "../field/checks";
import type { VisitAnswer, VisitCheck, VisitView } from "../web/api";
import type { CityView } from "./cityView";
import { placesAfter, type PlaceVisit } from "./places";
import { checkVisit } from "./visitCheck";
import type { Fields } from "./fields";

/** More than all poles of a big city are visited in twenty years. */
const VISITS_MAX = 1_000_000;

/** A visit cannot be taken, though it is well formed. */
export class VisitConflict extends Error {
  override readonly name = "VisitConflict";

  constructor(
    readonly code: "pole-taken" | "wrong-state" | "not-found" | "conflict",
    message: string,
    /** The node on the pole. */
    readonly node?: string,
  ) {
    super(message);
  }
}

export interface VisitDeskOptions {
  readonly view: CityView;
  readonly history: History;
  /** Without one, whatever node was heard may be accepted. */
  readonly inventory?: Inventory | undefined;
  /** Publishes `down/place`; rejects while there is no broker. */
  readonly publishPlace: (node: string, place: PlaceMessage | undefined) => Promise<void>;
  /** Called when the inventory does not follow what crews did; one plain sentence. */
  readonly onProblem: (problem: string) => void;
  /** UTC in milliseconds. */
  readonly now: () => number;
}

/**
 * Takes what crews did at poles. A visit is stored first; view, inventory and broker follow
 * from what is stored, and after a restart they are made to follow again.
 */
export class VisitDesk {
  readonly #options: VisitDeskOptions;
  readonly #visits: Pick<VisitView, keyof PlaceVisit | "by">[] = [];
  #places = new Map<string, PlaceMessage>();
  /** Nodes whose place the broker has not got yet. */
  readonly #unpublished = new Set<string>();

  private constructor(options: VisitDeskOptions) {
    this.#options = options;
  }

  /** Takes up what is stored. */
  static async open(options: VisitDeskOptions): Promise<VisitDesk> {
    const desk = new VisitDesk(options);
    desk.#visits.push(...(await options.history.visits(undefined, VISITS_MAX)));
    desk.#follow(new Set(desk.#visits.flatMap(nodesOf)));
    return desk;
  }

  /** Where nodes hang. */
  get places(): ReadonlyMap<string, PlaceMessage> {
    return this.#places;
  }

  /**
   * Takes a visit as it came from a phone.
   *
   * @param by who is signed in
   * @throws FieldProblem, VisitConflict
   */
  async take(fields: Fields, by: string): Promise<VisitAnswer> {
    const { history, now } = this.#options;
    const { visit: sent, photo } = checkVisit(fields, now());
    const { enteredBy, ...visit } = sent;
    const known = await history.visit(visit.id);
    if (known) return this.#already(known, visit, [by, enteredBy ?? by]);
    this.#checkPossible(visit);
    const stored: VisitView = {
      ...visit,
      atMs: Math.max(visit.atMs, 1 + this.#lastBy(by, visit)),
      by,
      ...(enteredBy === undefined || enteredBy === by ? {} : { enteredBy }),
      receivedMs: now(),
      cityChecks: visit.kind === "take-down" ? [] : this.#check(visit.node),
      hasPhoto: photo !== undefined,
    };
    if (!(await history.addVisit(stored, photo))) return { id: visit.id, already: true };
    this.#visits.push(stored);
    this.#follow(new Set([...nodesOf(stored), ...this.#holdersOf(visit.pole)]));
    void this.publish();
    return { id: visit.id, already: false };
  }

  /** Gives the broker the places that it has not got. To be called when there is a connection. */
  async publish(): Promise<void> {
    for (const node of [...this.#unpublished]) {
      this.#unpublished.delete(node);
      try {
        await this.#options.publishPlace(node, this.#places.get(node));
      } catch {
        // At the next connection.
        this.#unpublished.add(node);
        return;
      }
    }
  }

  /** Hears where a node says that it hangs; one that missed it is told again. */
  hear(node: string, { state, pole }: StateMessage): void {
    if (state !== "online" || pole === this.#places.get(node)?.pole) return;
    this.#unpublished.add(node);
    void this.publish();
  }

  #check(node: string): VisitCheck[] {
    const { view, now } = this.#options;
    const config = view.configOf(node) ?? null;
    return checkNode({ node: view.history(node), config, nowMs: now() }).map(
      ({ values: _, ...check }) => check,
    );
  }

  /**
   * When the same person was last at this pole or node. A phone sends visits in the order in
   * which they were made: one that says it was earlier has a clock that was set meanwhile.
   */
  #lastBy(by: string, visit: PlaceVisit): number {
    const nodes = nodesOf(visit);
    return this.#visits.reduce(
      (last, one) =>
        one.by === by &&
        (one.pole === visit.pole || nodesOf(one).some((node) => nodes.includes(node)))
          ? Math.max(last, one.atMs)
          : last,
      -1,
    );
  }

  /** The same id for something else is a mistake of the phone's, and must not pass for done; that somebody else sends it anew is none. */
  #already(known: VisitView, visit: PlaceVisit, by: readonly string[]): VisitAnswer {
    if (!by.includes(known.by) || known.node !== visit.node || known.kind !== visit.kind)
      throw new VisitConflict("conflict", `another visit has the id ${visit.id}`);
    return { id: known.id, already: true };
  }

  #checkPossible(visit: PlaceVisit): void {
    if (visit.kind === "take-down") {
      const place = this.#places.get(visit.node);
      if (!place) throw new VisitConflict("wrong-state", `${visit.node} hangs on no pole`);
      return;
    }
    this.#checkInstallable(visit.node);
    for (const holder of this.#holdersOf(visit.pole))
      if (holder !== visit.node && holder !== visit.replaces)
        throw new VisitConflict("pole-taken", `${holder} hangs on ${visit.pole}`, holder);
  }

  #checkInstallable(node: string): void {
    const { inventory, view } = this.#options;
    const known = inventory?.node(node);
    if (known && nextState(known.state, "installed") === undefined)
      throw new VisitConflict("wrong-state", `${node} is ${known.state} in the inventory`);
    if (!known && !view.node(node))
      throw new VisitConflict(
        "not-found",
        `no node called ${node} is in the inventory or was heard`,
      );
  }

  #holdersOf(pole: string): string[] {
    return [...this.#places].flatMap(([node, place]) => (place.pole === pole ? [node] : []));
  }

  /** Makes view, inventory and broker say of these nodes what the visits say. */
  #follow(nodes: ReadonlySet<string>): void {
    this.#places = placesAfter(this.#visits);
    for (const node of nodes) {
      this.#options.view.setPlace(node, this.#places.get(node));
      this.#unpublished.add(node);
    }
    this.#followInInventory(nodes);
  }

  #followInInventory(names: ReadonlySet<string>): void {
    const { inventory, onProblem } = this.#options;
    if (!inventory || names.size === 0) return;
    try {
      for (const node of inventory.nodes()) {
        const place = this.#places.get(node.name);
        if (!names.has(node.name) || agrees(node, place)) continue;
        if (place) inventory.installed(node.name, place.pole);
        else inventory.takenDown(node.name);
      }
    } catch (error) {
      onProblem(`the inventory does not say where nodes hang: ${(error as Error).message}`);
    }
  }
}

function agrees(node: InventoryNode, place: PlaceMessage | undefined): boolean {
  if (!place) return node.state !== "installed";
  return node.state === "installed" && node.pole === place.pole;
}

function nodesOf({ node, replaces }: PlaceVisit): string[] {
  return replaces === undefined ? [node] : [node, replaces];
}
