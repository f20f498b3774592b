import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { metricIndex, metricNames, metricUnit } from "../../devs/contract/metrics";
import { PROJECT_FOLDER } from "../../src/projectFolder";

const FOLDER = join(PROJECT_FOLDER, "devs", "drivers");

/** Cells of the rows of the README's table under a heading. */
function tableUnder(heading: string): string[][] {
  const text = readFileSync(join(FOLDER, "README.md"), "utf8");
  const section = text.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const codeNames = (cell = "") => [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? "");

/** Every driver, with the metrics that its source names. */
const DRIVERS = readdirSync(FOLDER).flatMap((file) => {
  const source = readFileSync(join(FOLDER, file), "utf8");
  if (!/^export class \w+ extends \w+Chip\b/m.test(source)) return [];
  const names = new Set(
    [...source.matchAll(/"([\w ]+)"/g)].flatMap((match) => (match[1] ?? "").split(" ")),
  );
  // The gas cells only take the temperature from a thermometer.
  if (source.includes("thermometer")) names.delete("temperature");
  return [[file.replace(".ts", ""), metricNames().filter((name) => names.has(name))] as const];
});

it("tells unit, range, resolution and accuracy of every metric of every driver", () => {
  const told = tableUnder("What they measure").flatMap(([metrics, driver, ...facts]) => {
    for (const fact of facts) expect(fact).not.toBe("");
    return codeNames(metrics).map((metric) => {
      expect(facts[0], metric).toBe(metricUnit(metricIndex(metric)) || "points");
      return `${codeNames(driver)[0]} ${metric}`;
    });
  });
  const measured = DRIVERS.flatMap(([driver, metrics]) => metrics.map((one) => `${driver} ${one}`));
  expect(measured.length).toBeGreaterThan(30);
  expect(told.sort()).toEqual(measured.sort());
});

it("tells how long every driver's start, first value and read take", () => {
  const rows = tableUnder("How long they take");
  expect(rows.map(([driver]) => codeNames(driver)[0]).sort()).toEqual(
    DRIVERS.map(([driver]) => driver).sort(),
  );
  for (const cell of rows.flat()) expect(cell).not.toBe("");
});
