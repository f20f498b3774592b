import { describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { compileProgram, endOfCode } from "../../src/toolchain/compile";
import { withCompaction } from "../../src/toolchain/compaction";

const compile = (entry: string, compact: boolean) =>
  compileProgram(entry, { projectFolder: PROJECT_FOLDER, version: "0.0.0", compact }).bytecode;

describe("compaction", () => {
  // That a compact program runs as it should, every test of the firmware in the VM shows.
  it("makes a program shorter, and the same one each time", () => {
    const entry = "test/vm/mqtt.main.ts";
    const plain = compile(entry, false);
    const compact = compile(entry, true);
    expect(endOfCode(compact)).toBeLessThan(endOfCode(plain) * 0.96);
    expect(Buffer.from(compile(entry, true)).equals(compact)).toBe(true);
    expect(Buffer.from(compile(entry, false)).equals(plain)).toBe(true);
  });

  it("refuses a compiler that it does not know", () => {
    expect(() => withCompaction("this.asciiLiterals = [];")).toThrow("run npm ci");
  });
});
