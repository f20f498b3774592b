import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { boardsCommand } from "../../src/cli/commands/boards";
import { buildCommand } from "../../src/cli/commands/build";
import { boardConfiguration, boardIds } from "../../src/flash/boardConfiguration";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { FIRMWARE_FOLDER } from "../../src/toolchain/firmware";

const folder = mkdtempSync(join(tmpdir(), "streetnode-boards-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs a command; returns the lines it printed and its exit code. */
async function run(make: typeof boardsCommand, ...args: string[]) {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => lines.push(line));
  await make()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync(args, { from: "user" });
  return { lines, exitCode: process.exitCode ?? 0 };
}

/** A copy of one of the project's boards under another name, with some text of it replaced. */
function copy(name: string, search: string, replacement: string): string {
  const original = join(PROJECT_FOLDER, "boards", "streetnode_esp32_devkitc.board.json");
  const path = join(folder, `${name}.board.json`);
  writeFileSync(path, readFileSync(original, "utf8").replace(search, replacement));
  return path;
}

describe("streetnode boards", () => {
  it("lists the boards as a table and as JSON", async () => {
    const { lines } = await run(boardsCommand);
    for (const id of boardIds()) expect(lines.join("\n")).toContain(id);
    const json = await run(boardsCommand, "--json");
    const { boards } = JSON.parse(json.lines[0] ?? "") as { boards: Record<string, unknown>[] };
    expect(boards.map(({ board }) => board)).toEqual(boardIds());
    expect(boards[0]).toMatchObject({ chip: "ESP32", pinSda: 21, pinScl: 22, pinPower: 27 });
  });

  it("checks its own boards and passes them", async () => {
    const { lines, exitCode } = await run(boardsCommand, "--check");
    expect(lines.at(-1)).toBe("4 checked, 0 refused");
    expect(exitCode).toBe(0);
  });

  it("ends with 1 and the reasons when a board is refused", async () => {
    const bad = copy("bad", '"pinSDA": 21', '"pinSDA": 24');
    const good = copy("good", "0x3a5d17e1", "0x3a5d17e2");
    const { lines, exitCode } = await run(boardsCommand, "--check", bad, good);
    expect(lines).toContain(`${bad}: i2c.pinSDA: ESP32 has no GPIO24`);
    expect(lines).toContain(
      `${bad}: productId: 0x3a5d17e1 is that of boards/streetnode_esp32_devkitc.board.json`,
    );
    expect(lines.at(-1)).toBe("2 checked, 1 refused");
    expect(exitCode).toBe(1);
    const json = await run(boardsCommand, "--check", bad, "--json");
    const { findings } = JSON.parse(json.lines.at(-1) ?? "") as { findings: unknown[] };
    expect(findings).toContainEqual({
      file: bad,
      severity: "error",
      path: "i2c.pinSDA",
      reason: "ESP32 has no GPIO24",
    });
  });

  it("takes a file with the name of one of its boards for a new version of it", async () => {
    const path = copy("streetnode_esp32_devkitc", '"PWR": 27', '"PWR": 26');
    expect((await run(boardsCommand, "--check", path)).exitCode).toBe(0);
  });

  it("says which file is not there", async () => {
    await expect(run(boardsCommand, "--check", join(folder, "none.board.json"))).rejects.toThrow(
      "none.board.json: no such file",
    );
  });
});

describe("streetnode build", () => {
  it("writes the configuration of every board beside the bytecode, or of one", async () => {
    const all = JSON.parse((await run(buildCommand, "--json")).lines[0] ?? "") as {
      bytecodeBytes: number;
      boards: { board: string; configurationBytes: number }[];
    };
    expect(all.boards.map(({ board }) => board)).toEqual(boardIds());
    expect(all.bytecodeBytes).toBeGreaterThan(0);
    for (const { board } of all.boards)
      expect(new Uint8Array(readFileSync(join(FIRMWARE_FOLDER, `${board}.dcfg`)))).toEqual(
        new Uint8Array(boardConfiguration(board).dcfg),
      );
    const one = await run(buildCommand, "--board", "streetnode_xiao_esp32c3");
    expect(one.lines[0]).toMatch(/for streetnode_xiao_esp32c3$/);
    await expect(run(buildCommand, "--board", "none")).rejects.toThrow("board none: not known");
  });
});
