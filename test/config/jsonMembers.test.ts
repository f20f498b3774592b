import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonMembers } from "../../devs/config/jsonMembers";
import { piecedBytes } from "../../devs/mqtt/piecedBytes";

/** Pauses since the last call of `read`. */
let pauses = 0;
const pause = async (): Promise<void> => {
  pauses++;
};

/** The object as its members say, or what is wrong with it. */
async function read(text: string): Promise<Record<string, unknown> | string> {
  const bytes = piecedBytes(Buffer.from(text));
  const members = new JsonMembers(bytes, 0, bytes.length, pause);
  pauses = 0;
  const object: Record<string, unknown> = {};
  while (await members.next()) {
    try {
      Object.defineProperty(object, JSON.parse(`"${members.key}"`) as string, {
        value: members.value(),
        enumerable: true,
        configurable: true,
      });
    } catch {
      return "a member is not valid JSON";
    }
  }
  return members.problem || object;
}

/** What JSON.parse makes of the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const SHALLOW = { maxDepth: 5 };

describe("the members of a JSON object", () => {
  it("are those that JSON.parse finds", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.jsonValue(SHALLOW)),
        fc.constantFrom(undefined, 1, "\t"),
        async (object, indent) => {
          const text = JSON.stringify(object, null, indent);
          expect(await read(text)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it("are refused wherever JSON.parse refuses, however the text was damaged", async () => {
    const damage = fc.oneof(
      fc.record({
        at: fc.nat(400),
        text: fc.constantFrom("", ",", "}", "{", '"', ":", "]", "\\", "x"),
      }),
      fc.record({ at: fc.nat(400), text: fc.string({ maxLength: 2 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.jsonValue(SHALLOW)),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (object, damages, cut) => {
          let text = JSON.stringify(object);
          for (const { at, text: put } of damages) {
            const i = at % (text.length + 1);
            text = cut ? text.slice(0, i) + put : text.slice(0, i) + put + text.slice(i + 1);
          }
          const found = await read(text);
          const expected = parsed(text);
          if (typeof found === "object") expect(found).toEqual(expected);
          else if (
            expected !== undefined &&
            typeof expected === "object" &&
            !Array.isArray(expected)
          )
            expect(expected).toBeNull();
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["", "must be a JSON object"],
    ["[]", "must be a JSON object"],
    ['{"a":1} x', "is not valid JSON: goes on after its end"],
    ['{"a":1,}', "is not valid JSON: has no name before a value"],
    ['{"a" 1}', "is not valid JSON: has no colon after a name"],
    ['{"a":1', "is not valid JSON: ends too early or is nested too deeply"],
    ['{"a":"b', "is not valid JSON: ends too early or is nested too deeply"],
    [
      `{"a":${"[".repeat(13)}${"]".repeat(13)}}`,
      "is not valid JSON: ends too early or is nested too deeply",
    ],
  ])("%s: %s", async (text, problem) => {
    expect(await read(text)).toBe(problem);
  });

  it.each([
    ["space", `{${" ".repeat(4000)}"a":1}`],
    ["a text", `{"a":"${"x".repeat(4000)}"}`],
    ["escapes", `{"a":"${'\\"'.repeat(2000)}"}`],
    ["a number", `{"a":${"9".repeat(4000)}}`],
    ["a name", `{"${"x".repeat(4000)}":1}`],
    ["values", `{"a":[${"1,".repeat(2000)}1]}`],
  ])("let other fibers run while they walk over much of %s", async (_, text) => {
    expect(typeof (await read(text))).toBe("object");
    expect(pauses).toBeGreaterThanOrEqual(15);
  });
});
