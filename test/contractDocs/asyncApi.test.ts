import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { expect, it } from "vitest";
import { CONTRACT_MESSAGES, asyncApiDocument } from "../../src/contractDocs/asyncApi";
import { contractSchemas } from "../../src/contractDocs/schemas";

const specification = createRequire(import.meta.url)(
  "@asyncapi/specs/schemas/3.0.0-without-$id.json",
) as object;

it("the AsyncAPI document is valid by the schema of AsyncAPI 3.0, and every reference in it leads somewhere", async () => {
  const document = asyncApiDocument("1.2.3", await contractSchemas());
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
  const validate = ajv.compile(specification);
  expect(validate(document) ? [] : validate.errors).toEqual([]);
  const text = JSON.stringify(document);
  const at = (path: string) =>
    path
      .slice(2)
      .split("/")
      .reduce<unknown>(
        (part, key) => (part as Record<string, unknown> | undefined)?.[key],
        document,
      );
  for (const [, path] of text.matchAll(/"\$ref":"([^"]+)"/g))
    expect(at(path as string), path).toBeDefined();
  for (const { leaf } of CONTRACT_MESSAGES) expect(text).toContain(`/${leaf}"`);
});
