import { describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { compileProgram, endOfCode } from "../../src/toolchain/compile";
import { withCompaction } from "../../src/toolchain/compaction";
import { compactCodeCases } from "../shared/compactCode.cases";
import { testInBothWorlds } from "../support/sharedCases";
import { runInVm } from "../vm/harness";

testInBothWorlds("compact code", compactCodeCases, "test/vm/compactCode.main.ts");

const program = (entry: string, compact: boolean) =>
  compileProgram(entry, { projectFolder: PROJECT_FOLDER, version: "0.0.0", compact });
const compile = (entry: string, compact: boolean) => program(entry, compact).bytecode;

describe("compaction", () => {
  it("makes a program shorter, and the same one each time", () => {
    const entry = "test/vm/compactCode.main.ts";
    const plain = compile(entry, false);
    const compact = compile(entry, true);
    expect(endOfCode(compact)).toBeLessThan(endOfCode(plain) * 0.96);
    expect(Buffer.from(compile(entry, true)).equals(compact)).toBe(true);
    expect(Buffer.from(compile(entry, false)).equals(plain)).toBe(true);
  });

  it("puts functions where they are called", () => {
    const functions = (compact: boolean) =>
      program("test/vm/compactCode.main.ts", compact).debugInfo.functions.map(({ name }) => name);
    const calledOnce = ["firstAbove", "nothingBack", "twiceChanged", "isAbove", "squareAbove"];
    expect(functions(false)).toEqual(expect.arrayContaining(calledOnce));
    expect(functions(true).filter((name) => calledOnce.includes(name))).toEqual([]);
  });

  it("uses constants of bytes where they lie in the program", async () => {
    const { lines, panics } = await runInVm("test/vm/byteConstants.main.ts");
    expect(panics).toEqual([]);
    expect(lines).toContain("bytes 33 11 3 1 10");
    const globals = (compact: boolean) =>
      program("test/vm/byteConstants.main.ts", compact).debugInfo.globals.map(({ name }) => name);
    expect(globals(false)).toContain("SAME");
    expect(globals(true)).not.toContain("SAME");
  }, 60_000);

  it("refuses a compiler that it does not know", () => {
    expect(() => withCompaction("this.asciiLiterals = [];")).toThrow("run npm ci");
  });
});
