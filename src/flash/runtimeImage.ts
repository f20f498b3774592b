import { createHash } from "node:crypto";
import { InputError } from "../inputError";

/**
 * DeviceScript's runtime as its releases bring it: bootloader, partition table, board
 * configuration and application in one file, from the bootloader's place in flash on.
 * Formats: ESP-IDF Programming Guide, "App Image Format" and "Partition Tables"; layout of the
 * partitions: `boards/partitions.csv` of microsoft/devicescript-esp32.
 */

const IMAGE_MAGIC = 0xe9;
const SEGMENT_COUNT_OFFSET = 1;
const CHIP_ID_OFFSET = 12;
const HASH_APPENDED_OFFSET = 23;
const HEADER_BYTES = 24;
const SEGMENT_HEADER_BYTES = 8;
const HASH_BYTES = 32;
const PARTITION_TABLE_OFFSET = 0x8000;
const PARTITION_MAGIC = 0x50aa;
const PARTITION_BYTES = 32;
const PARTITIONS_MAX = 95;
const TYPE_APP = 0x00;
/** Type of the runtime's own two partitions, and which is which. */
const TYPE_DEVICESCRIPT = 0x8a;
const SUBTYPE_DCFG = 0x00;
const SUBTYPE_FSTOR = 0x01;
/** The application's description follows the header and the first segment's header. */
const APP_DESCRIPTION_OFFSET = 32;
const APP_DESCRIPTION_MAGIC = 0xabcd5432;
const APP_VERSION_OFFSET = 16;
const APP_VERSION_BYTES = 32;
const SECTOR = 4096;

/** `esp_chip_id_t` of ESP-IDF, by the name that DeviceScript gives the chip. */
const CHIP_IDS: Readonly<Record<string, number>> = { esp32: 0, esp32s2: 2, esp32c3: 5, esp32s3: 9 };

/** A part of the flash, in bytes from its start. */
export interface FlashRegion {
  readonly offset: number;
  readonly bytes: number;
}

/** A runtime image that was looked through. */
export interface RuntimeImage {
  /** Chip that it is for, as DeviceScript names it. */
  readonly archId: string;
  /** Where in flash its first byte belongs. */
  readonly offset: number;
  readonly content: Uint8Array;
  readonly sha256: string;
  /** Version that the application names. */
  readonly version: string;
  /** Where the board configuration belongs. */
  readonly dcfg: FlashRegion;
  /** Where settings and program belong. */
  readonly fstor: FlashRegion;
}

/**
 * Looks a runtime image through.
 *
 * @param name how the image is called in messages.
 * @param archId the chip that it must be for.
 * @param offset where in flash it starts.
 * @throws InputError when it is none, or one for another chip.
 */
export function readRuntimeImage(
  name: string,
  archId: string,
  offset: number,
  content: Uint8Array,
): RuntimeImage {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  if (content.length < PARTITION_TABLE_OFFSET || content[0] !== IMAGE_MAGIC)
    throw new InputError(
      `${name}: is no runtime image for flash address 0x${offset.toString(16)}, expected such as devicescript-${archId}-${archId}_bare-0x${offset.toString(16)}.bin`,
    );
  checkChip(name, archId, view, 0);
  const partitions = readPartitions(view, PARTITION_TABLE_OFFSET - offset);
  const own = (subtype: number, what: string) => {
    const found = partitions.find(
      (p) => p.type === TYPE_DEVICESCRIPT && p.subtype === subtype && p.offset % SECTOR === 0,
    );
    if (!found) throw new InputError(`${name}: has no partition for ${what}`);
    return { offset: found.offset, bytes: found.bytes };
  };
  const dcfg = own(SUBTYPE_DCFG, "the board configuration");
  const fstor = own(SUBTYPE_FSTOR, "settings and program");
  const app = partitions.find((p) => p.type === TYPE_APP);
  if (!app || content[app.offset - offset] !== IMAGE_MAGIC)
    throw new InputError(`${name}: has no application`);
  checkChip(name, archId, view, app.offset - offset);
  checkApp(name, content, view, app.offset - offset);
  if (content.length > fstor.offset - offset)
    throw new InputError(`${name}: reaches into the place of settings and program`);
  return {
    archId,
    offset,
    content,
    sha256: createHash("sha256").update(content).digest("hex"),
    version: appVersion(view, app.offset - offset),
    dcfg,
    fstor,
  };
}

function checkChip(name: string, archId: string, view: DataView, header: number): void {
  const chipId = view.getUint16(header + CHIP_ID_OFFSET, true);
  if (chipId === CHIP_IDS[archId]) return;
  const other = Object.entries(CHIP_IDS).find(([, id]) => id === chipId)?.[0];
  throw new InputError(
    `${name}: is for ${other ?? `a chip with number ${chipId}`}, expected one for ${archId}`,
  );
}

/** Follows the application's segments to its end, and checks the hash that stands there. */
function checkApp(name: string, content: Uint8Array, view: DataView, app: number): void {
  let at = app + HEADER_BYTES;
  for (let i = 0; i < view.getUint8(app + SEGMENT_COUNT_OFFSET); i++) {
    if (at + SEGMENT_HEADER_BYTES > content.length)
      throw new InputError(`${name}: is cut off: fetch it again`);
    at += SEGMENT_HEADER_BYTES + view.getUint32(at + 4, true);
  }
  // The checksum is the last byte of a block of 16.
  const end = app + Math.ceil((at - app + 1) / 16) * 16;
  const hashed = view.getUint8(app + HASH_APPENDED_OFFSET) === 1;
  if (end + (hashed ? HASH_BYTES : 0) > content.length)
    throw new InputError(`${name}: is cut off: fetch it again`);
  if (!hashed) return;
  const hash = createHash("sha256").update(content.subarray(app, end)).digest();
  if (!hash.equals(content.subarray(end, end + HASH_BYTES)))
    throw new InputError(`${name}: is damaged (its own SHA-256 differs): fetch it again`);
}

function readPartitions(view: DataView, at: number) {
  const partitions: { type: number; subtype: number; offset: number; bytes: number }[] = [];
  for (let i = 0; i < PARTITIONS_MAX; i++) {
    const entry = at + i * PARTITION_BYTES;
    if (entry + PARTITION_BYTES > view.byteLength) break;
    if (view.getUint16(entry, true) !== PARTITION_MAGIC) break;
    partitions.push({
      type: view.getUint8(entry + 2),
      subtype: view.getUint8(entry + 3),
      offset: view.getUint32(entry + 4, true),
      bytes: view.getUint32(entry + 8, true),
    });
  }
  return partitions;
}

function appVersion(view: DataView, app: number): string {
  const at = app + APP_DESCRIPTION_OFFSET;
  if (at + APP_VERSION_OFFSET + APP_VERSION_BYTES > view.byteLength) return "unknown";
  if (view.getUint32(at, true) !== APP_DESCRIPTION_MAGIC) return "unknown";
  const text = Buffer.from(
    view.buffer,
    view.byteOffset + at + APP_VERSION_OFFSET,
    APP_VERSION_BYTES,
  ).toString("latin1");
  return /^[\x21-\x7e]+/.exec(text)?.[0] ?? "unknown";
}
