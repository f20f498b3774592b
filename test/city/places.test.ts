import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapOf, mapWithNodes } from "../../src/city/mapFile";
import { placesAfter, type PlaceVisit } from "../../src/city/places";
import { demoMap } from "../../src/sim/city/demoMap";

const name = fc.constantFrom("n-1", "n-2", "n-3", "n-4");
const visit: fc.Arbitrary<PlaceVisit> = fc.record({
  id: fc.uuid(),
  kind: fc.constantFrom("accept" as const, "replace" as const, "take-down" as const),
  node: name,
  replaces: name,
  pole: fc.constantFrom("P-1", "P-2", "P-3"),
  lat: fc.constant(1),
  lon: fc.constant(2),
  atMs: fc.integer({ min: 0, max: 20 }),
});

describe("places", () => {
  it("do not depend on the order in which visits arrive; a pole carries one node", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(visit, { selector: ({ id }) => id }),
        fc.func(fc.integer()),
        (visits, rank) => {
          const places = placesAfter(visits);
          const shuffled = [...visits].sort((a, b) => Number(rank(a.id)) - Number(rank(b.id)));
          expect(new Map([...placesAfter(shuffled)].sort())).toEqual(new Map([...places].sort()));
          const poles = [...places.values()].map(({ pole }) => pole);
          expect(new Set(poles).size).toBe(poles.length);
          // Whoever was seen to last hangs where that visit says.
          const last = [...visits].sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1))[0];
          if (last)
            expect(places.get(last.node)?.pole).toBe(
              last.kind === "take-down" ? undefined : last.pole,
            );
        },
      ),
    );
  });
});

describe("a map", () => {
  it("of the demonstration has the streets and poles of the town", () => {
    const { streets, poles } = demoMap();
    expect(streets.length).toBeGreaterThan(5);
    expect(poles.length).toBeGreaterThan(300);
    const place = { pole: poles[0]?.properties.pole ?? "", lat: 1, lon: 2 };
    const elsewhere = { pole: "P-99", lat: 3, lon: 4 };
    const { features } = mapWithNodes(
      { streets, poles },
      new Map([
        ["n-1", place],
        ["n-2", elsewhere],
      ]),
    );
    expect(features).toHaveLength(streets.length + poles.length + 1);
    expect(features.at(-1)).toMatchObject({
      properties: { pole: "P-99", node: "n-2" },
      geometry: { coordinates: [4, 3] },
    });
    expect(features[streets.length]?.properties).toMatchObject({ node: "n-1" });
  });

  it.each([
    [{ type: "Feature" }, "expected a GeoJSON FeatureCollection"],
    [
      [{ geometry: { type: "LineString", coordinates: [[0, 95]] } }],
      "features[0]: expected positions",
    ],
    [[{ geometry: { type: "LineString", coordinates: 1 } }], "features[0]: its coordinates"],
    [
      [1, 2].map(() => ({
        properties: { pole: "P" },
        geometry: { type: "Point", coordinates: [0, 0] },
      })),
      "features[1]: the pole P is there twice",
    ],
  ])("that cannot be used is refused by the feature", (json, problem) => {
    const whole = Array.isArray(json) ? { type: "FeatureCollection", features: json } : json;
    expect(() => mapOf(whole)).toThrow(problem);
  });
});
