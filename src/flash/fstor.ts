/**
 * The runtime's store of settings and program in flash, made and read here as the runtime
 * itself does it. Layout: `jd_fstor.c` of jacdac-c and `devsmgr.c` of the DeviceScript 2.16.4
 * runtime. Two areas of settings (one in use, one for the next tidying up), then pages of data
 * for large values. An area holds a header, entries that grow upwards, and values that grow
 * downwards from its end.
 */

const MAGIC0 = 0x52545346;
const MAGIC1 = 0x6becea0a;
const HEADER_BYTES = 24;
const ENTRY_BYTES = 24;
const KEY_BYTES = 16;
const VALUE_ALIGN = 8;
const ERASED = 0xff;

/** Key of the program among the large values. */
const PROGRAM_KEY = "*prog";
const PROGRAM_MAGIC0 = 0x8d8abd53;
const PROGRAM_MAGIC1 = 0xb27c4b2b;
const PROGRAM_HEADER_BYTES = 128;
/** A program's size is a multiple of this. */
const PROGRAM_ALIGN = 32;

/** Size of the store and of a page of flash, in bytes. */
export interface FstorSize {
  readonly bytes: number;
  readonly pageBytes: number;
}

/** What a store holds. */
export interface FstorContent {
  /** Values by the runtime's own keys: a program's settings start with ':'. */
  readonly settings: ReadonlyMap<string, Uint8Array>;
  readonly program: Uint8Array | undefined;
}

/** Pages of one area of settings: a sixteenth of the store, as in `jd_fstor_init`. */
function areaPages(size: FstorSize): number {
  return Math.min(0xf0, Math.max(1, Math.floor(size.bytes / size.pageBytes / 16)));
}

function aligned(bytes: number): number {
  return Math.max(VALUE_ALIGN, Math.ceil(bytes / VALUE_ALIGN) * VALUE_ALIGN);
}

/** FNV-1a, 32 bits: the hash that the runtime keeps beside its program. */
export function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x1000193);
  return hash >>> 0;
}

/**
 * A store as the runtime would leave it after it wrote these values.
 *
 * @throws Error when a key or value does not fit.
 */
export function makeFstor(size: FstorSize, content: FstorContent): Uint8Array {
  const image = new Uint8Array(size.bytes).fill(ERASED);
  const view = new DataView(image.buffer);
  const pages = areaPages(size);
  view.setUint32(0, MAGIC0, true);
  view.setUint32(4, MAGIC1, true);
  view.setUint32(8, 1, true);
  view.setUint32(12, size.pageBytes, true);
  view.setUint16(16, size.bytes / size.pageBytes, true);
  view.setUint16(18, pages, true);
  view.setUint32(20, 0, true);

  let entryAt = HEADER_BYTES;
  let valueAt = pages * size.pageBytes;
  const addEntry = (key: string, offset: number, bytes: number) => {
    const name = Buffer.from(key);
    if (name.length === 0 || name.length >= KEY_BYTES)
      throw new Error(`setting ${key}: its key has ${name.length} bytes, 1 to 15 are possible`);
    // As the runtime, keep one entry's room between entries and values.
    if (entryAt + 2 * ENTRY_BYTES > valueAt)
      throw new Error(`setting ${key}: the ${pages * size.pageBytes} bytes for settings are full`);
    image.fill(0, entryAt, entryAt + KEY_BYTES);
    image.set(name, entryAt);
    view.setUint32(entryAt + KEY_BYTES, offset, true);
    view.setUint32(entryAt + KEY_BYTES + 4, bytes, true);
    entryAt += ENTRY_BYTES;
  };

  for (const [key, value] of content.settings) {
    if (key.startsWith("*")) throw new Error(`setting ${key}: '*' is for large values`);
    valueAt -= aligned(value.length);
    addEntry(key, valueAt, value.length);
    image.set(value, valueAt);
  }

  const { program } = content;
  if (program) {
    if (program.length === 0 || program.length % PROGRAM_ALIGN !== 0)
      throw new Error(
        `the program has ${program.length} bytes, expected a multiple of ${PROGRAM_ALIGN}`,
      );
    const at = 2 * pages * size.pageBytes;
    if (at + PROGRAM_HEADER_BYTES + program.length > size.bytes)
      throw new Error(
        `the program has ${program.length} bytes, ${size.bytes - at - PROGRAM_HEADER_BYTES} fit`,
      );
    addEntry(PROGRAM_KEY, at, PROGRAM_HEADER_BYTES + program.length);
    image.fill(0, at, at + PROGRAM_HEADER_BYTES);
    view.setUint32(at, PROGRAM_MAGIC0, true);
    view.setUint32(at + 4, program.length, true);
    view.setUint32(at + 8, PROGRAM_MAGIC1, true);
    view.setUint32(at + 12, fnv1a(program), true);
    image.set(program, at + PROGRAM_HEADER_BYTES);
  }
  return image;
}

/** What a store holds, or undefined when the runtime would format it. */
export function readFstor(size: FstorSize, image: Uint8Array): FstorContent | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const areaBytes = areaPages(size) * size.pageBytes;
  if (image.length < 2 * areaBytes) return undefined;
  let area: number | undefined;
  for (const at of [0, areaBytes]) {
    if (view.getUint32(at, true) !== MAGIC0 || view.getUint32(at + 4, true) !== MAGIC1) continue;
    if (area === undefined || view.getUint32(at + 8, true) > view.getUint32(area + 8, true))
      area = at;
  }
  if (area === undefined) return undefined;

  const settings = new Map<string, Uint8Array>();
  let program: Uint8Array | undefined;
  for (let at = area + HEADER_BYTES; at + ENTRY_BYTES <= area + areaBytes; at += ENTRY_BYTES) {
    const offset = view.getUint32(at + KEY_BYTES, true);
    const bytes = view.getUint32(at + KEY_BYTES + 4, true);
    if (offset === 0xffffffff) break;
    if (offset + bytes > image.length) return undefined;
    const name = image.subarray(at, at + KEY_BYTES);
    const key = Buffer.from(name.subarray(0, name.indexOf(0))).toString();
    if (!key.startsWith("*")) settings.set(key, image.slice(offset, offset + bytes));
    else if (key === PROGRAM_KEY)
      program = image.slice(offset + PROGRAM_HEADER_BYTES, offset + bytes);
  }
  return { settings, program };
}
