import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesTopicFilter, topicFilterProblem } from "../../devs/mqtt/topicFilter";

/** The rule of clause 4.7 written over whole levels, as the other side. */
function matchesByLevels(filter: string[], name: string[]): boolean {
  if (name[0].startsWith("$") && /^[#+]/.test(filter[0])) return false;
  for (let i = 0; ; i++) {
    if (filter[i] === "#") return true;
    if (i === filter.length || i === name.length)
      return filter.length === name.length && i === name.length;
    if (filter[i] !== "+" && filter[i] !== name[i]) return false;
    // "a/#" also matches its parent "a".
    if (i === name.length - 1 && filter.length === i + 2 && filter[i + 1] === "#") return true;
  }
}

describe("topic filters", () => {
  // The examples of clause 4.7.1 and 4.7.2, word for word.
  it.each<[string, string, boolean]>([
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/#", "sport", true],
    ["#", "sport/tennis", true],
    ["sport/tennis/+", "sport/tennis/player1", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["#", "$SYS/monitor/Clients", false],
    ["+/monitor/Clients", "$SYS/monitor/Clients", false],
    ["$SYS/#", "$SYS/monitor/Clients", true],
    ["$SYS/monitor/+", "$SYS/monitor/Clients", true],
    ["ACCOUNTS", "Accounts", false],
    ["a/b", "a/bc", false],
    ["a/bc", "a/b", false],
    ["a", "a/", false],
    ["a/#", "ab", false],
  ])("%s and %s: %s", (filter, name, expected) => {
    expect(matchesTopicFilter(filter, name)).toBe(expected);
  });

  it("match as the rule over whole levels says", () => {
    const level = fc.constantFrom("", "a", "b", "ab", "$S", "é");
    const filterLevels = fc
      .tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 4 }), fc.boolean())
      .map(([levels, hash]) => (hash || levels.length === 0 ? [...levels, "#"] : levels));
    const nameLevels = fc.array(level, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(filterLevels, nameLevels, (filter, name) => {
        fc.pre(filter.join("/") !== "" && name.join("/") !== "");
        expect(topicFilterProblem(filter.join("/"))).toBeUndefined();
        expect(matchesTopicFilter(filter.join("/"), name.join("/"))).toBe(
          matchesByLevels(filter, name),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it.each(["", "a+", "+a/b", "a/#/b", "a#", "#/", "a\0b", "x".repeat(65536)])(
    "refuses %j",
    (filter) => {
      expect(topicFilterProblem(filter)).toMatch(/topic filter/);
    },
  );

  it.each(["#", "+", "/", "+/+", "a/+/b/#", "/#", "$SYS/#", "x".repeat(65535)])(
    "takes %j",
    (filter) => {
      expect(topicFilterProblem(filter)).toBeUndefined();
    },
  );
});
