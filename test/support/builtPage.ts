import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "rolldown";
import { pageBundles } from "../../src/web/page/bundles.js";

/** Pages that were built for a test. */
export interface BuiltPage {
  readonly folder: string;
  remove(): void;
}

/** Builds the pages from their sources as they are now, as the project's build does. */
export async function buildPage(): Promise<BuiltPage> {
  const folder = mkdtempSync(join(tmpdir(), "streetnode-page-"));
  await build(pageBundles(folder));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
