import { loadFirmware } from "../../src/toolchain/firmware";
import { OtaCity, otherVersion } from "../support/otaCity";
import type { Figure } from "./figure";

const MINUTE_MS = 60_000;
/** Rate at which `streetnode flash` writes, in baud; a byte takes ten bits on a serial line (8N1). */
const FLASH_BAUD = 921_600;
const BITS_A_BYTE = 10;
/** What the runtime's published images have, about: see `src/flash/runtimeCache.ts`. */
const RUNTIME_BYTES = 1_300_000;
const NODE = "bk-0001";

/** One update over the air, from the command until the node is back on the broker with it. */
export async function updateFigures(): Promise<Figure[]> {
  const city = new OtaCity(1);
  try {
    const { bytecode } = loadFirmware();
    city.add(bytecode, "0.1.0");
    const image = city.add(otherVersion(bytecode));
    await city.start();
    city.network.path(NODE).setConditions({ delayMs: 30 });
    await city.run(2 * MINUTE_MS);
    const before = city.gatewayBytes;
    city.rollout(image, { canary: 1 });
    const reaches = (state: string) =>
      city.until(() => city.step(NODE)?.state === state, 20 * MINUTE_MS);
    await reaches("asked");
    const askedMs = city.scheduler.nowMs;
    await reaches("watched");
    return [
      {
        what: "one update over the air, from the command until back on the broker, 30 ms each way",
        ours: (city.scheduler.nowMs - askedMs) / 1000,
        unit: "s",
      },
      {
        what: "bytes of one update over the air, both ways",
        ours: city.gatewayBytes - before,
        unit: "bytes",
      },
      {
        what: "a full re-flash over a serial line, runtime and program, at the line's rate alone",
        ours: ((RUNTIME_BYTES + bytecode.length) * BITS_A_BYTE) / FLASH_BAUD,
        unit: "s",
      },
    ];
  } finally {
    city.close();
  }
}
