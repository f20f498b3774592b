import { join } from "node:path";
import { PROJECT_FOLDER } from "../projectFolder";
import { CONTRACT_MESSAGES } from "./asyncApi";

/** The folder of the types from which the schemas are made. */
export const CONTRACT_FOLDER = join(PROJECT_FOLDER, "devs", "contract");

/** A JSON Schema of draft 7 with the schemas that it refers to. */
export interface Schema {
  readonly definitions?: Record<string, unknown>;
}

/** The JSON Schema of each message of the contract, by the name of its type. */
export async function contractSchemas(): Promise<Map<string, Schema>> {
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
  const schemas = new Map<string, Schema>();
  for (const { type, isPack, summary } of CONTRACT_MESSAGES) {
    const schema = generator.createSchema(type) as Schema;
    const pack = {
      $schema: "http://json-schema.org/draft-07/schema#",
      description: summary,
      type: "array",
      items: { $ref: `#/definitions/${type}` },
      minItems: 1,
      definitions: schema.definitions,
    };
    schemas.set(type, isPack ? (pack as Schema) : schema);
  }
  return schemas;
}
