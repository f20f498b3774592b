import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkOutputFile } from "../../src/cli/outputFile";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-output-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("a file that is to be written", () => {
  it("may be new, or be there", () => {
    const file = join(folder, "report.html");
    checkOutputFile("--html", file);
    writeFileSync(file, "before");
    checkOutputFile("--html", file);
  });

  it("is refused before the work where it cannot be", () => {
    expect(() => checkOutputFile("--html", join(folder, "no", "x.html"))).toThrow(
      `--html ${join(folder, "no", "x.html")}: no folder ${join(folder, "no")}`,
    );
    expect(() => checkOutputFile("--record", folder)).toThrow(
      `--record ${folder}: is a folder, not a file`,
    );
    const file = join(folder, "plain.txt");
    writeFileSync(file, "");
    expect(() => checkOutputFile("--record", join(file, "x.rec"))).toThrow("cannot be written");
  });
});
