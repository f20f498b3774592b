/**
 * Reads the VM's garbage-collected heap and its sleeping fibers out of the WASM
 * memory. Layout: `gc_alloc.c` and `devs_internal.h` of the DeviceScript 2.16.4
 * runtime; the WASM build has the 32-bit object layout of the device, so the
 * figures are the device's.
 */

/** Use of the GC heap, in bytes. */
export interface HeapUse {
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly largestFreeBytes: number;
  readonly objects: number;
  /** How many of the objects are frames of calls. */
  readonly frames: number;
  /**
   * What was in use right after the last collection: since then the collector has freed
   * nothing, so it is the use without what was allocated since. 0 before the first one.
   */
  readonly liveBytes: number;
}

/** The largest uses of a GC heap over a time, in bytes. */
export interface HeapPeaks {
  /** Largest use right after a collection: what the program really holds. */
  readonly liveBytes: number;
  /** Largest use at any time: garbage that the collector has not taken yet included. */
  readonly highWaterBytes: number;
}

/** 64 KB in words, divided by the collector's fraction of 4: `gc_threshold`. */
const GC_THRESHOLD_WORDS = 4096;
const TAG_FREE = 1;
const TAG_ACTIVATION = 8;
/** The bits of a tag that say the kind of a block; above them: scanned, pinned, pending. */
const TAG_KIND_MASK = 0x0f;
const WORD = 4;

/** Offsets in `struct _devs_gc_t`. */
const GC_FIRST_CHUNK = 1;
const GC_THRESHOLD = 3;
const GC_ALLOCATED_WORDS = 4;
const GC_CONTEXT = 5;

/** Offsets in `devs_fiber_t`, in words. */
const FIBER_NEXT = 0;
const FIBER_WAKE_TIME = 6;
const FIBER_CONTEXT = 11;

/** Words of `devs_ctx_t` among which the list of fibers is looked for. */
const CONTEXT_SCAN_WORDS = 512;

/** The memory is looked through in vain while no program runs: not at every turn. */
const LOOKS_LEFT_OUT = 20;
/** The collector's record is among the first things that the runtime allocates: in the first 2 of 16 MB. */
const LOOKED_THROUGH_WORDS = 524_288;

/** A view of one VM's memory. */
export class VmMemory {
  readonly #bytes: () => Uint8Array;
  #gc = 0;
  #looksLeftOut = 0;
  #fibersAt = 0;
  #view: Uint32Array = new Uint32Array(0);

  /** `bytes` gives the memory as it is now: the array is replaced when it grows. */
  constructor(bytes: () => Uint8Array) {
    this.#bytes = bytes;
  }

  #words(): Uint32Array {
    const { buffer, length } = this.#bytes();
    if (this.#view.buffer !== buffer) this.#view = new Uint32Array(buffer, 0, length >> 2);
    return this.#view;
  }

  /** Use of the heap now, or undefined when no program runs. */
  heapUse(): HeapUse | undefined {
    const words = this.#words();
    const gc = this.#findGc(words);
    if (!gc) return undefined;
    let usedWords = 0;
    let freeWords = 0;
    let largestFreeWords = 0;
    let objects = 0;
    let frames = 0;
    for (
      let chunk = (words[gc + GC_FIRST_CHUNK] ?? 0) >> 2;
      chunk;
      chunk = (words[chunk] ?? 0) >> 2
    ) {
      const end = (words[chunk + 1] ?? 0) >> 2;
      for (let block = chunk + 2; block < end;) {
        const header = words[block] ?? 0;
        const size = header & 0xffffff;
        if (size === 0) return undefined;
        const kind = (header >>> 24) & TAG_KIND_MASK;
        if (kind === TAG_FREE) {
          freeWords += size;
          largestFreeWords = Math.max(largestFreeWords, size);
        } else {
          usedWords += size;
          objects++;
          if (kind === TAG_ACTIVATION) frames++;
        }
        block += size;
      }
    }
    return {
      usedBytes: usedWords * WORD,
      freeBytes: freeWords * WORD,
      largestFreeBytes: largestFreeWords * WORD,
      objects,
      frames,
      liveBytes: Math.max(0, usedWords - (words[gc + GC_ALLOCATED_WORDS] ?? 0)) * WORD,
    };
  }

  /**
   * Words allocated since the last collection, which sets them to 0; undefined when no
   * program runs. Far cheaper than `heapUse`.
   */
  allocatedWords(): number | undefined {
    const words = this.#words();
    const gc = this.#findGc(words);
    return gc ? words[gc + GC_ALLOCATED_WORDS] : undefined;
  }

  /** Whether a program is known to run; it is found some turns after its start. */
  get hasProgram(): boolean {
    return this.#gc !== 0;
  }

  /**
   * The earliest time at which a sleeping fiber wants to run, in milliseconds of
   * the VM's clock; undefined when none sleeps with a time-out or no program runs.
   */
  nextWakeMs(): number | undefined {
    const words = this.#words();
    const gc = this.#findGc(words);
    if (!gc) return undefined;
    const context = words[gc + GC_CONTEXT] ?? 0;
    if (!this.#fibersAt) this.#fibersAt = findFibers(words, context);
    if (!this.#fibersAt) return undefined;
    let earliest: number | undefined;
    for (
      let fiber = (words[this.#fibersAt] ?? 0) >> 2;
      fiber;
      fiber = (words[fiber + FIBER_NEXT] ?? 0) >> 2
    ) {
      const wake = words[fiber + FIBER_WAKE_TIME] ?? 0;
      if (wake !== 0 && (earliest === undefined || wake < earliest)) earliest = wake;
    }
    return earliest;
  }

  /** Word index of the collector's record: found by its threshold and its first chunk. */
  #findGc(words: Uint32Array): number {
    if (this.#gc && isGc(words, this.#gc)) return this.#gc;
    this.#gc = 0;
    this.#fibersAt = 0;
    if (this.#looksLeftOut > 0) {
      this.#looksLeftOut--;
      return 0;
    }
    this.#looksLeftOut = LOOKS_LEFT_OUT;
    for (let i = GC_THRESHOLD; i < Math.min(words.length, LOOKED_THROUGH_WORDS); i++) {
      if (words[i] !== GC_THRESHOLD_WORDS) continue;
      if (isGc(words, i - GC_THRESHOLD)) {
        this.#gc = i - GC_THRESHOLD;
        this.#looksLeftOut = 0;
        break;
      }
    }
    return this.#gc;
  }
}

function isGc(words: Uint32Array, gc: number): boolean {
  if (words[gc + GC_THRESHOLD] !== GC_THRESHOLD_WORDS) return false;
  const chunk = words[gc + GC_FIRST_CHUNK] ?? 0;
  const context = words[gc + GC_CONTEXT] ?? 0;
  const limit = words.length * WORD;
  if (chunk === 0 || chunk & 3 || chunk >= limit || context === 0 || context & 3) return false;
  const end = words[(chunk >> 2) + 1] ?? 0;
  const bytes = end - chunk;
  return bytes > 60_000 && bytes <= 65_536 && context < limit;
}

/** Word index of `fibers` in the context: the first pointer to a fiber of this context. */
function findFibers(words: Uint32Array, context: number): number {
  const start = context >> 2;
  for (let i = start; i < start + CONTEXT_SCAN_WORDS; i++) {
    const fiber = words[i] ?? 0;
    if (fiber === 0 || fiber & 3 || fiber === context) continue;
    if (words[(fiber >> 2) + FIBER_CONTEXT] === context) return i;
  }
  return 0;
}
