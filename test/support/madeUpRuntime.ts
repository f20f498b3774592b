import { createHash } from "node:crypto";
import { seededRandom } from "../../src/sim/random";

/** Where the parts of a made-up runtime lie. */
export interface RuntimeLayout {
  readonly fstorOffset: number;
  readonly fstorBytes: number;
  readonly appBytes: number;
}

/** As `boards/partitions.csv` of microsoft/devicescript-esp32, with a small application. */
export const RELEASE_LAYOUT: RuntimeLayout = {
  fstorOffset: 0x1c0000,
  fstorBytes: 0x40000,
  appBytes: 200_000,
};

const CHIPS: Readonly<Record<string, { id: number; offset: number }>> = {
  esp32: { id: 0, offset: 0x1000 },
  esp32c3: { id: 5, offset: 0 },
  esp32s3: { id: 9, offset: 0 },
};

/** Where in flash the runtime of a chip starts. */
export function runtimeOffset(archId: string): number {
  return CHIPS[archId].offset;
}

/**
 * A file with the headers and partitions of a runtime image and noise in place of machine code:
 * the official images cannot be part of the project's tests, and nothing here runs them.
 */
export function madeUpRuntime(archId: string, layout: RuntimeLayout = RELEASE_LAYOUT): Uint8Array {
  const { id, offset } = CHIPS[archId];
  const file = new Uint8Array(0x10000 - offset + layout.appBytes).fill(0xff);
  const view = new DataView(file.buffer);
  const random = seededRandom(id + 1);
  const header = (at: number, bytes: number) => {
    for (let i = at; i < at + bytes; i++) file[i] = Math.floor(random() * 256);
    file[at] = 0xe9;
    view.setUint16(at + 12, id, true);
  };
  header(0, 0x5000);
  const partition = (i: number, type: number, subtype: number, at: number, bytes: number) => {
    const entry = 0x8000 - offset + 32 * i;
    file.fill(0, entry, entry + 32);
    view.setUint16(entry, 0x50aa, true);
    view.setUint8(entry + 2, type);
    view.setUint8(entry + 3, subtype);
    view.setUint32(entry + 4, at, true);
    view.setUint32(entry + 8, bytes, true);
  };
  partition(0, 0x8a, 0, 0x9000, 0x2000);
  partition(1, 1, 2, 0xb000, 0x4000);
  partition(2, 0, 0, 0x10000, layout.fstorOffset - 0x10000);
  partition(3, 0x8a, 1, layout.fstorOffset, layout.fstorBytes);
  const app = 0x10000 - offset;
  // One segment up to the block of 16 that ends with the checksum; behind it the hash.
  const end = app + Math.floor((layout.appBytes - 32) / 16) * 16;
  header(app, end - app);
  file[app + 1] = 1;
  file[app + 23] = 1;
  view.setUint32(app + 28, end - app - 33, true);
  view.setUint32(app + 32, 0xabcd5432, true);
  file.fill(0, app + 48, app + 80);
  file.set(Buffer.from("v2.16.1"), app + 48);
  file.set(createHash("sha256").update(file.subarray(app, end)).digest(), end);
  return file;
}
