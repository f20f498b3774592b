import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../projectFolder";
import { projectVersion } from "../toolchain/firmware";
import { asyncApiDocument } from "./asyncApi";
import { CONTRACT_FOLDER, contractSchemas } from "./schemas";

const DOCS_FOLDER = join(PROJECT_FOLDER, "docs");
const ASYNC_API = join(DOCS_FOLDER, "asyncapi.json");

/** Writes `docs/`: a JSON Schema for each message, and the AsyncAPI document. */
async function writeDocs(): Promise<void> {
  rmSync(DOCS_FOLDER, { recursive: true, force: true });
  mkdirSync(join(DOCS_FOLDER, "schemas"), { recursive: true });
  const schemas = await contractSchemas();
  for (const [type, schema] of schemas)
    writeJson(join(DOCS_FOLDER, "schemas", `${type}.json`), schema);
  writeJson(ASYNC_API, asyncApiDocument(projectVersion(), schemas));
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Whether the documents are newer than all that they are made from. */
function upToDate(): boolean {
  try {
    const writtenMs = statSync(ASYNC_API).mtimeMs;
    const sources = [
      ...readdirSync(CONTRACT_FOLDER).map((file) => join(CONTRACT_FOLDER, file)),
      join(PROJECT_FOLDER, "package.json"),
      join(PROJECT_FOLDER, "src", "contractDocs", "asyncApi.ts"),
      join(PROJECT_FOLDER, "src", "contractDocs", "schemas.ts"),
    ];
    return sources.every((file) => statSync(file).mtimeMs < writtenMs);
  } catch {
    return false;
  }
}

if (!upToDate()) await writeDocs();
