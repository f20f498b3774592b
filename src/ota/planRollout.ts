import { InputError } from "../inputError";
import type { Inventory, InventoryNode } from "../inventory/inventory";
import { namePattern } from "../operator/cityBook";
import { DEVICESCRIPT_VERSION } from "../toolchain/devicescriptBundle";
import { checkFits, ImageError, type Image } from "./image";
import type { OtaStore, RolloutPlan, RolloutStep } from "./otaStore";

export type { RolloutWish } from "./otaStore";

/** What a rollout is to be. */
export interface RolloutRequest {
  /** Hash of an image in the store, or the first digits of it. */
  readonly image: string;
  readonly city: string;
  /** Names and patterns with `*`. */
  readonly patterns: readonly string[];
  readonly plan: RolloutPlan;
  /** Whether nodes may get an older version than they are known to run. */
  readonly older?: boolean;
}

/** Major and minor version of the runtime that boards are flashed with. */
const RUNTIME = DEVICESCRIPT_VERSION.split(".").slice(0, 2).join(".");

/**
 * Plans a rollout over nodes of the inventory and begins it; the gateway carries it out.
 *
 * @returns its number
 * @throws InputError when a pattern matches nothing, a node has no key, or runs a newer version
 * @throws ImageError when the image does not fit a node
 * @throws InventoryError when another rollout is not over
 */
export function planRollout(
  inventory: Inventory,
  store: OtaStore,
  { image: wanted, city, patterns, plan, older = false }: RolloutRequest,
): number {
  const [image, other] = [...store.images().values()].filter(({ hash }) => hash.startsWith(wanted));
  if (!image) throw new InputError(`no image ${wanted} is known: streetnode ota add adds one`);
  if (other)
    throw new InputError(`${wanted} begins the hash of more than one image: give more of it`);
  const nodes = select(inventory.nodes({ city, states: ["flashed", "installed"] }), patterns, city);
  const keys = store.updateKeys();
  const keyless = nodes.filter(({ name }) => !keys.has(name));
  if (keyless.length > 0)
    throw new InputError(
      `${someNames(keyless)} ${keyless.length === 1 ? "has" : "have"} no update key: flashed without --gateway, to be flashed again, or left out by --nodes`,
    );
  for (const { name, board } of nodes)
    try {
      checkFits(image, { board, runtime: RUNTIME });
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      throw new ImageError(error.problem, `${error.message} (${name})`);
    }
  const ahead = older ? [] : nodesAhead(store, nodes, image);
  if (ahead.length > 0)
    throw new InputError(
      `${someNames(ahead)} ${ahead.length === 1 ? "runs" : "run"} a newer version than ${image.header.version}: --older brings it all the same`,
    );
  const steps = nodes.map(({ name }, i): RolloutStep => {
    const stage = i < plan.canary ? 0 : 1 + Math.floor((i - plan.canary) / plan.batch);
    return {
      node: name,
      stage,
      state: "waiting",
      before: "",
      channels: [],
      missing: [],
      attempts: 0,
      boot: undefined,
      sinceMs: Date.now(),
      leftMs: 0,
      detail: undefined,
    };
  });
  return store.begin(image.hash, plan, steps);
}

/** Which nodes are known to run a newer version than this image. */
function nodesAhead(store: OtaStore, nodes: readonly InventoryNode[], image: Image) {
  const images = store.images();
  const programs = store.programs();
  return nodes.filter(({ name }) => {
    const running = images.get(programs.get(name)?.good ?? "");
    return running && compareVersions(running.header.version, image.header.version) > 0;
  });
}

/** As numbers where they are: 0.10.0 is newer than 0.9.0. */
function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** Names three at most. */
function someNames(nodes: readonly InventoryNode[]): string {
  const names = nodes.slice(0, 3).map(({ name }) => name);
  const more = nodes.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function select(
  nodes: readonly InventoryNode[],
  patterns: readonly string[],
  city: string,
): InventoryNode[] {
  const chosen = new Set<InventoryNode>();
  for (const pattern of patterns) {
    const expression = namePattern(pattern);
    const found = nodes.filter(({ name }) => expression.test(name));
    if (found.length === 0)
      throw new InputError(
        `--nodes ${pattern}: matches none of the ${nodes.length} flashed or installed nodes of ${city} (--city)`,
      );
    for (const node of found) chosen.add(node);
  }
  return [...chosen];
}
