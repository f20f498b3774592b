import fc from "fast-check";
import { expect, it } from "vitest";
import { readCommand } from "../../devs/contract/command";
import { commandCases } from "../shared/commands.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("commands", commandCases, "test/vm/commands.main.ts");

it("takes any bytes for a command or names what is wrong", () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc
      .record(
        {
          id: fc.oneof(fc.string({ maxLength: 60 }), fc.jsonValue({ maxDepth: 1 })),
          command: fc.oneof(
            fc.constantFrom("identify", "sample", "log", "calibrate", "restart"),
            fc.jsonValue({ maxDepth: 1 }),
          ),
          seconds: fc.jsonValue({ maxDepth: 1 }),
          minutes: fc.double(),
          channel: fc.constantFrom<unknown>("pm25", "LAF", "", 3),
          zero: fc.double(),
          span: fc.jsonValue({ maxDepth: 1 }),
        },
        { requiredKeys: [] },
      )
      .map((command) => Buffer.from(JSON.stringify(command))),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      const command = readCommand(Buffer.from(bytes));
      expect(typeof command.problem).toBe("string");
      if (command.problem) return;
      expect(command.id.length).toBeGreaterThan(0);
      for (const value of Object.values(command.fields))
        expect(["number", "string", "object"]).toContain(typeof value);
    }),
    { numRuns: 2000 },
  );
});
