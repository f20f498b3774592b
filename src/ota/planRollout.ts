import { InputError } from "../inputError";
import type { Inventory, InventoryNode } from "../inventory/inventory";
import { namePattern } from "../operator/cityBook";
import { DEVICESCRIPT_VERSION } from "../toolchain/devicescriptBundle";
import { checkFits, ImageError } from "./image";
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
}

/** Major and minor version of the runtime that boards are flashed with. */
const RUNTIME = DEVICESCRIPT_VERSION.split(".").slice(0, 2).join(".");

/**
 * Plans a rollout over nodes of the inventory and begins it; the gateway carries it out.
 *
 * @returns its number
 * @throws InputError when a pattern matches nothing or a node has no key
 * @throws ImageError when the image does not fit a node
 * @throws InventoryError when another rollout is not over
 */
export function planRollout(
  inventory: Inventory,
  store: OtaStore,
  { image: wanted, city, patterns, plan }: RolloutRequest,
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
