/**
 * Two services of the runtime itself that DeviceScript's declarations leave out: the one that
 * asks the update gateway for a program whenever the one socket is free, and the one that
 * keeps the program. Specifications: Jacdac `cloudconfiguration` and `devicescriptmanager`.
 */
import * as ds from "@devicescript/core";

declare module "@devicescript/core" {
  class CloudConfiguration extends ds.Role {
    disconnect(): Promise<void>;
  }
  class DeviceScriptManager extends ds.Role {
    /** FNV-1a of the program, 32 bits. */
    readonly programHash: ds.Register<number>;
  }
}

const gateway = new ds.CloudConfiguration();
const manager = new ds.DeviceScriptManager();

/** Time that the runtime needs to carry out a command, in milliseconds. */
const COMMAND_MS = 50;

/**
 * Makes the runtime leave its gateway; to be called before the program opens its socket. Else
 * the runtime takes that one for its own still: after 16 s it writes into it, and after 32 s it
 * closes it (`wssk_health.c` of the DeviceScript 2.16.4 runtime).
 */
export async function leaveGateway(): Promise<void> {
  if (!gateway.isBound) return;
  await gateway.disconnect();
  await ds.sleep(COMMAND_MS);
}

/** FNV-1a hash of the program that runs, 32 bits. */
export async function programHash(): Promise<number> {
  return await manager.programHash.read();
}
