import { expect, it } from "vitest";
import { jitterSeed, mixJitter, nextJitter } from "../../devs/mqtt/jitter";

/** What a node draws where the runtime gives every node the same numbers. */
function draws(name: string, count: number): number[] {
  let state = jitterSeed(name);
  return Array.from({ length: count }, (_, i) => {
    state = nextJitter(state);
    return mixJitter(state, (i * 0.37) % 1);
  });
}

it("keeps a hundred nodes with neighbouring names apart, draw by draw", () => {
  const names = Array.from({ length: 100 }, (_, i) => `bk-${String(i + 1).padStart(4, "0")}`);
  const nodes = names.map((name) => draws(name, 8));
  for (let draw = 0; draw < 8; draw++) {
    const tenths = new Array<number>(10).fill(0);
    for (const node of nodes) {
      const value = node[draw] ?? NaN;
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
      tenths[Math.floor(value * 10)] += 1;
    }
    // Ten of a hundred in each tenth, were they spread evenly.
    expect(Math.max(...tenths), `draw ${draw}: ${tenths.join()}`).toBeLessThanOrEqual(25);
  }
});

it("is uniform for one node", () => {
  const values = draws("bk-0001", 10_000);
  const mean = values.reduce((a, b) => a + b) / values.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
});
