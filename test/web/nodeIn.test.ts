import { expect, it } from "vitest";
import { nodeIn } from "../../src/web/page/field/scanner";

it.each([
  ["https://nodes.example.org/field?node=bk-0001", "bk-0001"],
  ["https://nodes.example.org/field?lang=fr&node=bk%2D0001#top", "bk-0001"],
  [" BK-0001 ", "bk-0001"],
  ["https://nodes.example.org/field", undefined],
  ["https://nodes.example.org/field?node=", undefined],
  // Another code than a label's, cut off in the middle of a letter.
  ["https://example.org/?node=%E0%A4%A", undefined],
  ["WIFI:S:poles;T:WPA;P:secret;;", undefined],
  ["", undefined],
])("a code or text %j names the node %s", (text, node) => {
  expect(nodeIn(text)).toBe(node);
});
