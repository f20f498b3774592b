import { expect, it } from "vitest";
import { printedNumber } from "../../src/sim/virtualNode";

it.each([
  ["11.67", 11.67],
  ["-3", -3],
  [":", 10],
  ["-:", -10],
  [":0", 100],
  ["1.5e-7", 1.5e-7],
])("reads %s, as the runtime prints it, as %d", (text, value) => {
  expect(printedNumber(text)).toBe(value);
});
