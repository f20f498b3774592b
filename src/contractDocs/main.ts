import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../projectFolder";
import { projectVersion } from "../toolchain/firmware";
import { CONTRACT_MESSAGES, asyncApiDocument } from "./asyncApi";

/** The types of the messages, from which the schemas are made. */
const CONTRACT_FOLDER = join(PROJECT_FOLDER, "devs", "contract");
const DOCS_FOLDER = join(PROJECT_FOLDER, "docs");
const ASYNC_API = join(DOCS_FOLDER, "asyncapi.json");

/** A JSON Schema of draft 7 with the schemas that it refers to. */
interface Schema {
  readonly definitions?: Record<string, unknown>;
}

/** Writes `docs/`: a JSON Schema for each message, and the AsyncAPI document. */
async function writeDocs(): Promise<void> {
  // It brings a compiler along: loaded only where there is something to do.
  const { createGenerator } = await import("ts-json-schema-generator");
  const generator = createGenerator({
    path: join(CONTRACT_FOLDER, "messages.ts"),
    tsconfig: join(PROJECT_FOLDER, "tsconfig.json"),
    skipTypeCheck: true,
    expose: "export",
    jsDoc: "extended",
    // A newer node may say more than an older city knows.
    additionalProperties: true,
    topRef: true,
  });
  rmSync(DOCS_FOLDER, { recursive: true, force: true });
  mkdirSync(join(DOCS_FOLDER, "schemas"), { recursive: true });
  const definitions: Record<string, unknown> = {};
  for (const { type, isPack, summary } of CONTRACT_MESSAGES) {
    const schema = generator.createSchema(type) as Schema;
    Object.assign(definitions, schema.definitions);
    const whole = isPack
      ? {
          $schema: "http://json-schema.org/draft-07/schema#",
          description: summary,
          type: "array",
          items: { $ref: `#/definitions/${type}` },
          minItems: 1,
          definitions: schema.definitions,
        }
      : schema;
    writeJson(join(DOCS_FOLDER, "schemas", `${type}.json`), whole);
  }
  const schemas = JSON.parse(
    JSON.stringify(definitions).replaceAll("#/definitions/", "#/components/schemas/"),
  ) as Record<string, unknown>;
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
      join(PROJECT_FOLDER, "src", "contractDocs", "main.ts"),
    ];
    return sources.every((file) => statSync(file).mtimeMs < writtenMs);
  } catch {
    return false;
  }
}

if (!upToDate()) await writeDocs();
