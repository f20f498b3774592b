import { describe, expect, it } from "vitest";
import { ChipLoader } from "../../src/flash/chipLoader";
import { seededRandom } from "../../src/sim/random";
import { EmulatedEsp } from "../support/espLoader/emulatedEsp";
import { EmulatedPorts } from "../support/espLoader/emulatedPorts";

const MAC = "24:6f:28:ab:cd:01";
describe("x", () => {
  it.each([
    ["esp32", "bridge"],
    ["esp32s3", "bridge"],
    ["esp32s3", "usb"],
    ["esp32c3", "usb"],
  ] as const)("%s over %s", async (chip, wiring) => {
    const esp = new EmulatedEsp({ chip, mac: MAC, wiring, app: () => {} });
    const ports = new EmulatedPorts();
    ports.plug("/dev/ttyUSB0", esp);
    const [facts] = await ports.list();
    const loader = new ChipLoader({ access: ports, facts, baud: 921_600 });
    const found = await loader.connect();
    expect(found).toEqual({ archId: chip, name: esp.chip.name, mac: MAC, flashBytes: 4 << 20 });
    expect(esp.state).toBe("stub");
    const random = seededRandom(1);
    const content = Uint8Array.from({ length: 100_000 }, (_, i) =>
      i < 80_000 ? Math.floor(random() * 256) : 0xff,
    );
    await loader.write({ offset: esp.chip.bootloaderOffset, content }, () => {});
    expect(
      Buffer.from(await loader.read(esp.chip.bootloaderOffset, content.length)).equals(content),
    ).toBe(true);
    await loader.restart(115200);
    expect(esp.state).toBe("app");
    await loader.close();
  });
});
