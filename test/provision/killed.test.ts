import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { outdatedExports } from "../../src/brokerConfig/export";
import { provisionCommand } from "../../src/cli/commands/provision";
import { transact } from "../../src/inventory/database";
import { Inventory } from "../../src/inventory/inventory";
import { buildCommands, type BuiltCommands } from "../support/builtCommand";

const NODES = 5;
/** How often it is killed, at calls spread evenly over a run. */
const DEATHS = 10;
/**
 * Counts the calls that write to disk, and at the one that KILL_AT names kills the process
 * as `kill -9` does: before the call, or half way through a write.
 */
const KILL_AT_A_CALL = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
let calls = 0;
const killAt = Number(process.env.KILL_AT);
for (const name of ["openSync", "writeSync", "writeFileSync", "fsyncSync", "renameSync",
  "unlinkSync", "mkdirSync", "rmdirSync", "rmSync", "ftruncateSync", "closeSync"]) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (++calls === killAt) {
      if (name === "writeSync") {
        const [descriptor, bytes, , length = bytes.length, position] = args;
        real(descriptor, bytes, 0, Math.floor(length / 2), position);
      }
      process.kill(process.pid, "SIGKILL");
    }
    return real(...args);
  };
}
syncBuiltinESMExports();
process.on("exit", () => process.stderr.write("calls " + calls + "\\n"));
`;

describe("streetnode provision that is killed", () => {
  let built: BuiltCommands;
  let folder: string;

  beforeAll(async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    built = await buildCommands({ provision: "provisionCommand" }, KILL_AT_A_CALL);
    folder = mkdtempSync(join(tmpdir(), "streetnode-killed-"));
    const rows = (from: number) =>
      Array.from({ length: NODES }, (_, i) => `bk-${String(from + i).padStart(4, "0")}\n`).join("");
    writeFileSync(join(folder, "first.csv"), `name\n${rows(1)}`);
    writeFileSync(join(folder, "second.csv"), `name\n${rows(101)}`);
  });
  afterAll(() => {
    vi.restoreAllMocks();
    built?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const args = (csv: string, place: string) => [
    ...["--csv", join(folder, csv)],
    ...["--city", "berkane", "--board", "streetnode_esp32_devkitc"],
    ...["--inventory", join(place, "inventory.db"), "--mosquitto", join(place, "broker")],
  ];
  const provision = (csv: string, place: string, killAt: number) =>
    built.run(["provision", ...args(csv, place)], { KILL_AT: String(killAt) });

  /** The inventory opens, holds this many nodes, each complete, and is sound to SQLite. */
  function expectSound(place: string, counts: readonly number[]): number {
    const inventory = new Inventory(join(place, "inventory.db"));
    const nodes = inventory.nodes();
    expect(counts).toContain(nodes.length);
    const check = transact(inventory.file, (db) => db.all("PRAGMA integrity_check"));
    expect(check).toEqual([{ integrity_check: "ok" }]);
    expect(inventory.audit().filter(({ what }) => what === "added")).toHaveLength(nodes.length);
    expect(inventory.brokerUsers().nodes.every(({ passwordHash }) => passwordHash)).toBe(true);
    return nodes.length;
  }

  /** Runs in this process what the second try would run, which is much quicker. */
  function provisionAgain(csv: string, place: string): Promise<unknown> {
    return provisionCommand().exitOverride().parseAsync(args(csv, place), { from: "user" });
  }

  it.each([
    ["a new inventory", "first.csv", 0],
    ["an inventory that has nodes", "second.csv", NODES],
  ])(
    "leaves %s with all of the file's nodes or none",
    async (_, csv, before) => {
      async function place(): Promise<string> {
        const here = mkdtempSync(join(folder, "place-"));
        if (before > 0) await provisionAgain("first.csv", here);
        return here;
      }
      const whole = await provision(csv, await place(), 0);
      expect(whole.code).toBe(0);
      const calls = Number(/calls (\d+)/.exec(whole.output)?.[1]);
      expect(calls).toBeGreaterThan(30);

      const left = new Set<number>();
      for (let death = 0; death < DEATHS; death++) {
        const here = await place();
        const killAt = 1 + Math.floor(((death + 0.5) * calls) / DEATHS);
        const died = await provision(csv, here, killAt);
        expect(died.signal).toBe("SIGKILL");
        if (readdirSync(here).includes("inventory.db"))
          left.add(expectSound(here, [before, before + NODES]) - before);
        // The second try needs no help, and clears away what the first one left.
        await provisionAgain(csv, here);
        expectSound(here, [before + NODES]);
        expect(outdatedExports(new Inventory(join(here, "inventory.db")))).toEqual([]);
        expect(readdirSync(here).sort()).toEqual(["broker", "inventory.db"]);
      }
      // It died both before and after the moment that counts.
      expect(left).toEqual(new Set([0, NODES]));
    },
    120_000,
  );
});
