import type { Inventory } from "../inventory/inventory";
import type { ListenOptions } from "../net/listen";
import { realOtaClock } from "./clock";
import { openDevicePort } from "./messageSocket";
import { OtaStore } from "./otaStore";
import { UpdateService, type CityLink, type UpdateNote } from "./updateService";

/** The usual port of the update gateway. */
export const GATEWAY_PORT = 7011;

/** What the update gateway of a city needs. */
export interface GatewayStart extends ListenOptions {
  readonly city: string;
  /** Holds keys, images and rollouts. */
  readonly inventory: Inventory;
  readonly link: CityLink;
  readonly host: string;
  readonly port: number;
  readonly onNote?: (note: UpdateNote) => void;
}

/** A running update gateway. */
export interface RunningGateway {
  readonly port: number;
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
  const { city, inventory, link, host, port, onNote } = options;
  const service = new UpdateService({
    city,
    store: new OtaStore(inventory.file, "update gateway"),
    clock: realOtaClock,
    link,
    ...(onNote ? { onNote } : {}),
  });
  try {
    const devices = await openDevicePort(host, port, service.gateway.accept, options);
    return {
      port: devices.port,
      hear: (topic, payload) => service.hear(topic, payload),
      close: async () => {
        service.close();
        await devices.close();
      },
    };
  } catch (error) {
    service.close();
    throw error;
  }
}
