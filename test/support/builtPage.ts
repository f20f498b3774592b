import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { PROJECT_FOLDER } from "../../src/projectFolder";

const SOURCES = join(PROJECT_FOLDER, "src/web/page");

/** A page that was built for a test. */
export interface BuiltPage {
  readonly folder: string;
  remove(): void;
}

/** Builds the city page from its sources as they are now, as the project's build does. */
export async function buildPage(): Promise<BuiltPage> {
  const folder = mkdtempSync(join(tmpdir(), "streetnode-page-"));
  const bundle = await rolldown({ input: { page: join(SOURCES, "main.ts") }, platform: "browser" });
  await bundle.write({ dir: folder, format: "esm", minify: true, codeSplitting: false });
  await bundle.close();
  for (const file of ["index.html", "style.css"]) cpSync(join(SOURCES, file), join(folder, file));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
