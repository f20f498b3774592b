import * as ds from "@devicescript/core";

/** What the runtime says where there is no network. */
export const NO_WIFI_DBM = -128;

/** Register `reading` of the Jacdac Wi-Fi service: the strength of the signal in dBm, one signed byte. */
const GET_READING = 0x1101;

let role: ds.Wifi | undefined;
let dbm: number | undefined;

/**
 * The strength of the Wi-Fi signal as the runtime told it last, in dBm; undefined where it
 * has no Wi-Fi service, or has not answered yet. Asks for the next one.
 */
export async function wifiDbm(): Promise<number | undefined> {
  if (!role) {
    role = new ds.Wifi();
    // In place of the registers of the role, which take a kilobyte of the heap.
    ds.Wifi.prototype._onPacket = async function (packet: ds.Packet | undefined) {
      if (packet && packet.isReport && packet.serviceCommand === GET_READING)
        dbm = packet.payload.getAt(0, "i8");
    };
  }
  if (role.isBound) await role.sendCommand(GET_READING);
  return dbm;
}
