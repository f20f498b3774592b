import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { filterCommand } from "../../src/cli/commands/filter";

const folder = mkdtempSync(join(tmpdir(), "streetnode-filter-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs the command; returns the lines it printed. */
async function run(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => lines.push(line));
  const command = filterCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  await command.parseAsync(args, { from: "user" });
  return lines;
}

const csv = file(
  "pm.csv",
  `t_s,pm\n${Array.from({ length: 200 }, (_, i) => `${i * 10},${i === 50 ? "" : i === 60 ? 5000 : 20 + 20 * Math.sin(i / 30)}`).join("\n")}\n`,
);
const chain = (description: unknown) => file("chain.json", JSON.stringify(description));

describe("streetnode filter", () => {
  it("prints the figures of a run as JSON", async () => {
    const description = {
      range: { min: 0, max: 1000 },
      report: { swingingDoor: 2, heartbeatS: 900 },
      alarms: [{ above: 35, clear: 30 }],
    };
    const lines = await run(`${csv}:pm`, "--chain", chain(description), "--json");
    const result = JSON.parse(lines.at(-1) ?? "") as Record<string, unknown>;
    expect(Object.keys(result)).toEqual([
      "samples",
      "accepted",
      "reports",
      "largestError",
      "alarms",
    ]);
    expect(result).toMatchObject({ samples: 199, accepted: 198 });
    expect(result["reports"]).toBeLessThan(20);
    expect(result["largestError"]).toBeLessThanOrEqual(2 + 1e-9);
    expect(result["alarms"]).toMatchObject([
      { alarm: 0, event: "raised", severity: "warning", timeS: 260 },
      { alarm: 0, event: "cleared", timeS: 790 },
    ]);
  });

  it("tells the largest error of a deadband", async () => {
    const lines = await run(`${csv}:pm`, "--chain", chain({ report: { deadband: 3 } }), "--json");
    const result = JSON.parse(lines.at(-1) ?? "") as { largestError: number; accepted: number };
    expect(result.largestError).toBeLessThanOrEqual(3);
    expect(result.largestError).toBeGreaterThan(2);
    expect(result.accepted).toBe(199);
  });

  it("prints each report and alarm for a person", async () => {
    const description = { report: { deadband: 5 }, alarms: [{ above: 35, clear: 30 }] };
    const text = (await run(`${csv}:pm`, "--chain", chain(description))).join("\n");
    expect(text).toContain("time s");
    expect(text).toMatch(/260 +alarms\[0\] +raised +warning/);
    expect(text).toMatch(/reports of 199 samples .* largest error [\d.]+, 0 samples rejected/);
  });

  it("draws the run", async () => {
    const plot = join(folder, "out.svg");
    await run(`${csv}:pm`, "--chain", chain({ report: { deadband: 5 } }), "--plot", plot);
    const svg = readFileSync(plot, "utf8");
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg).not.toContain("NaN");
    expect(svg.trimEnd()).toMatch(/<\/svg>$/);
  });

  it.each([
    ["no column", [csv, "--chain", chain({})], /expected FILE:COLUMN/],
    ["another column", [`${csv}:x`, "--chain", chain({})], /has no column 'x'; it has t_s, pm/],
    ["no such file", [`${folder}/none.csv:pm`, "--chain", chain({})], /none.csv: no such file/],
    ["no such chain", [`${csv}:pm`, "--chain", "none.json"], /--chain none.json: no such file/],
    ["no JSON", [`${csv}:pm`, "--chain", file("bad.json", "{")], /--chain .*bad.json is no JSON/],
    [
      "a wrong chain",
      [
        `${csv}:pm`,
        "--chain",
        file("wrong.json", '{"alarms":[{"above":1,"clear":0},{"above":35,"clear":40}]}'),
      ],
      /wrong.json: alarms\[1\].clear: must be below above \(35\), got 40$/,
    ],
    [
      "a folder to draw to",
      [`${csv}:pm`, "--chain", file("good.json", "{}"), "--plot", folder],
      /--plot .* cannot be written: EISDIR/,
    ],
  ])("says in one line what is wrong: %s", async (_name, args, message) => {
    const error = await run(...args).catch((e: unknown) => e as Error);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).name).toBe("InputError");
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
  });
});
