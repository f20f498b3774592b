import { InputError } from "../inputError";
import { fileLockHolder, takeFileLock } from "../inventory/fileLock";
import type { Inventory } from "../inventory/inventory";
import { InventoryError } from "../inventory/inventoryError";
import { PortTakenError, type ListenOptions } from "../net/listen";
import { realOtaClock } from "./clock";
import { openDevicePort, type OnDevice } from "./messageSocket";
import { OtaStore } from "./otaStore";
import type { UpdateNote } from "./unsavedChanges";
import { UpdateService, type CityLink } from "./updateService";
import { UpdatesDesk, type UpdatesView } from "./updatesView";

/** The usual port of the update gateway. */
export const GATEWAY_PORT = 7011;

/** What is held for as long as a gateway serves an inventory. */
function gatewayLock(inventory: Inventory): string {
  return `${inventory.file}.gateway`;
}

/** Names the process whose gateway serves this inventory now; nothing where none does. */
export function servingGateway(inventory: Inventory): string | undefined {
  return fileLockHolder(gatewayLock(inventory));
}

/** Two gateways would each carry out the same rollout in their own way. */
function takeInventory(inventory: Inventory): () => void {
  try {
    return takeFileLock(gatewayLock(inventory), 0);
  } catch (error) {
    if (!(error instanceof InventoryError) || error.code !== "busy") throw error;
    throw new InputError(
      `the inventory ${inventory.file} has an update gateway already (${servingGateway(inventory) ?? "it has just ended"}): end that one first`,
    );
  }
}

/** A reading that came before the gateway began. */
export interface RecentReading {
  readonly node: string;
  readonly metric: string;
  readonly timeMs: number;
}

/** What the update gateway of a city needs. */
export interface GatewayStart extends ListenOptions {
  readonly city: string;
  /** Holds keys, images and rollouts. */
  readonly inventory: Inventory;
  readonly link: CityLink;
  /** Where devices connect; without it they come by `accept` only, as simulated ones do. */
  readonly at?: { readonly host: string; readonly port: number };
  readonly onNote?: (note: UpdateNote) => void;
  readonly onProblem?: (problem: string) => void;
  /** What nodes gave not long ago: a node must go on giving that after its update. */
  readonly recentReadings?: readonly RecentReading[];
  /** Nodes that get a program at the same time; 8 when left out. */
  readonly nodesAtOnce?: number | undefined;
  /** Bytes of programs a second, over all nodes; 64,000 when left out. */
  readonly bytesPerS?: number | undefined;
}

/** A running update gateway. */
export interface RunningGateway {
  /** Undefined without a port. */
  readonly port: number | undefined;
  /** Takes a device that has connected by another way than the port. */
  readonly accept: OnDevice;
  /** How updates go. */
  view(): UpdatesView;
  /** To be given every message that comes from the city's broker. */
  hear(topic: string, payload: Uint8Array): void;
  close(): Promise<void>;
}

/**
 * Starts the update gateway, and goes on with a rollout that is not over.
 *
 * @throws InputError when the port is taken, or the inventory has another gateway
 */
export async function startGateway(options: GatewayStart): Promise<RunningGateway> {
  const { city, inventory, link, at, onNote, onProblem, nodesAtOnce, bytesPerS } = options;
  const release = takeInventory(inventory);
  let service: UpdateService | undefined;
  try {
    const store = new OtaStore(inventory.file, "update gateway");
    const running = new UpdateService({
      city,
      store,
      clock: realOtaClock,
      link,
      ...(onNote ? { onNote } : {}),
      ...(onProblem ? { onProblem } : {}),
      ...(nodesAtOnce === undefined ? {} : { nodesAtOnce }),
      ...(bytesPerS === undefined ? {} : { bytesPerS }),
    });
    service = running;
    for (const { node, metric, timeMs } of options.recentReadings ?? [])
      running.remember(node, metric, timeMs);
    const { gateway } = running;
    const devices = at && (await openDevicePort(at.host, at.port, gateway.accept, options));
    const desk = new UpdatesDesk(
      store,
      () => inventory.audit(),
      (node) => gateway.progress(node),
    );
    return {
      port: devices?.port,
      accept: gateway.accept,
      view: () => desk.view(),
      hear: (topic, payload) => running.hear(topic, payload),
      close: async () => {
        running.close();
        await devices?.close();
        release();
      },
    };
  } catch (error) {
    service?.close();
    release();
    if (error instanceof PortTakenError)
      throw new InputError(`--updates-port: ${error.message}; choose another one`);
    throw error;
  }
}
