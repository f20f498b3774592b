import type { DebugInfo } from "./compile";

/** What DeviceScript's debug information says of places; its layout is that of 2.16.4. */
interface Places extends DebugInfo {
  readonly functions: { name: string; size: number; startpc: number }[];
  readonly sources: { path: string; length: number; text: string }[];
  /** Triples: position in the sources, length, program counter; differences to the triple before. */
  readonly srcmap: number[];
}

const ENTRY = 3;

/** Writes source lines into a log: `at report_F12 (pc:34)` becomes `at report (devs/x.ts:56)`. */
export class SourceLines {
  readonly #info: Places;
  readonly #entries: { pc: number; pos: number }[] = [];

  constructor(info: DebugInfo) {
    this.#info = info as Places;
    let pc = 0;
    let pos = 0;
    const { srcmap } = this.#info;
    for (let i = 0; i < srcmap.length; i += ENTRY) {
      pos += srcmap[i] ?? 0;
      pc += srcmap[i + 2] ?? 0;
      this.#entries.push({ pc, pos });
    }
  }

  /** The line with every place in the bytecode named by its place in the source. */
  translate(line: string): string {
    return line
      .replace(/\bpc=(\d+) @ (\w*)_F(\d+)/g, (_, pc: string, name: string, index: string) =>
        this.#frame(name, Number(index), Number(pc)),
      )
      .replace(
        /\bat\s+(\w*)_F(\d+)\s+\(pc:(\d+)\)/g,
        (_, name: string, index: string, pc: string) =>
          this.#frame(name, Number(index), Number(pc)),
      );
  }

  #frame(name: string, index: number, pc: number): string {
    const start = this.#info.functions[index]?.startpc;
    if (start === undefined) return `at ${name} (pc ${pc})`;
    // The counter stands behind the instruction that is being carried out.
    return `at ${name} (${this.#place(start + Math.max(0, pc - 1))})`;
  }

  #place(pc: number): string {
    let pos = this.#entries[0]?.pos ?? 0;
    for (const entry of this.#entries) {
      if (entry.pc > pc) break;
      pos = entry.pos;
    }
    for (const { path, length, text } of this.#info.sources) {
      if (pos < length) return `${path}:${text.slice(0, pos).split("\n").length}`;
      pos -= length;
    }
    return `pc ${pc}`;
  }
}
