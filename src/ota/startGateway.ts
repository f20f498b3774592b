import type { Inventory } from "../inventory/inventory";
import type { ListenOptions } from "../net/listen";
import { realOtaClock } from "./clock";
import { openDevicePort, type OnDevice } from "./messageSocket";
import { OtaStore } from "./otaStore";
import { UpdateService, type CityLink, type UpdateNote } from "./updateService";
import { UpdatesDesk, type UpdatesView } from "./updatesView";

/** The usual port of the update gateway. */
export const GATEWAY_PORT = 7011;

/** What the update gateway of a city needs. */
export interface GatewayStart extends ListenOptions {
  readonly city: string;
  /** Holds keys, images and rollouts. */
  readonly inventory: Inventory;
  readonly link: CityLink;
  /** Where devices connect; without it they come by `accept` only, as simulated ones do. */
  readonly at?: { readonly host: string; readonly port: number };
  readonly onNote?: (note: UpdateNote) => void;
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
 * @throws PortTakenError
 */
export async function startGateway(options: GatewayStart): Promise<RunningGateway> {
  const { city, inventory, link, at, onNote } = options;
  const store = new OtaStore(inventory.file, "update gateway");
  const service = new UpdateService({
    city,
    store,
    clock: realOtaClock,
    link,
    ...(onNote ? { onNote } : {}),
  });
  try {
    const { gateway } = service;
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
      hear: (topic, payload) => service.hear(topic, payload),
      close: async () => {
        service.close();
        await devices?.close();
      },
    };
  } catch (error) {
    service.close();
    throw error;
  }
}
