import { failedCheck, selfTestReport } from "../../../devs/contract/selfTest";
import { readFstor } from "../../../src/flash/fstor";
import type { EspApp } from "./emulatedEsp";

const PAGE_BYTES = 4096;

/** Where the partition table in a flash says that settings and program are. */
function fstorOf(flash: Uint8Array): Uint8Array {
  const view = new DataView(flash.buffer);
  for (let at = 0x8000; view.getUint16(at, true) === 0x50aa; at += 32)
    if (flash[at + 2] === 0x8a && flash[at + 3] === 1) {
      const offset = view.getUint32(at + 4, true);
      return flash.subarray(offset, offset + view.getUint32(at + 8, true));
    }
  return new Uint8Array(0);
}

/**
 * The log of a start as a board prints it: runtime and firmware, with the name that is in the
 * flash. The start itself is what `flashedNode.test.ts` gives to the VM.
 *
 * @param checks the self-test's checks.
 */
export function loggedStart(checks: string[] = ["sen55", "veml7700"]): EspApp {
  return ({ flash, print, after }) => {
    print("starting devicescript-esp32 v2.16.1");
    print("fstor: mounted; 15712 free");
    after(1100, () => {
      const image = fstorOf(flash);
      const store = readFstor({ bytes: image.length, pageBytes: PAGE_BYTES }, image);
      const identity = store?.settings.get(":identity");
      if (!store?.program || !identity) {
        print("! streetnode cannot start: not provisioned: no identity or broker in flash");
        return;
      }
      print("* start: streetnode 0.1.0");
      const { node } = JSON.parse(Buffer.from(identity).toString()) as { node: string };
      after(700, () => {
        for (const line of selfTestReport(node, checks).split("\n")) print(`> ${line}`);
      });
    });
  };
}

/** A start whose self-test finds a chip that does not answer. */
export const START_WITH_A_MISSING_CHIP = loggedStart([
  failedCheck("sen55", "no-answer"),
  "veml7700",
]);

/** The runtime starts, and no program follows. */
export const START_WITHOUT_VERDICT: EspApp = ({ print }) =>
  print("starting devicescript-esp32 v2.16.1");
