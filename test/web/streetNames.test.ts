import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeOfName } from "../../src/web/page/map/streetNames";

const SIZE = { width: 340, height: 460 };
const LENGTH_PX = 100;
const point = fc.record({
  x: fc.double({ min: -500, max: 900, noNaN: true }),
  y: fc.double({ min: -500, max: 900, noNaN: true }),
});

describe("the place of a street's name", () => {
  it("is in the middle of what is in sight of the longest piece, upright", () => {
    const street = [
      { x: 900, y: 200 },
      { x: 40, y: 200 },
      { x: 40, y: 300 },
    ];
    const place = placeOfName(street, LENGTH_PX, SIZE, []);
    expect(place?.x).toBeCloseTo((40 + SIZE.width - 14) / 2);
    expect(place?.y).toBeCloseTo(200);
    expect(Math.cos(place?.angle ?? 0)).toBeCloseTo(1);
  });

  it("gives way to a mark, along the piece or to another one", () => {
    const street = [
      { x: 20, y: 200 },
      { x: 320, y: 200 },
    ];
    const beside = placeOfName(street, LENGTH_PX, SIZE, [{ x: 170, y: 205 }]);
    expect(Math.abs((beside?.x ?? 170) - 170)).toBeGreaterThan(LENGTH_PX / 2);
    const marks = [80, 130, 180, 230, 280].map((x) => ({ x, y: 200 }));
    const corner = [...street, { x: 320, y: 420 }];
    expect(placeOfName(corner, LENGTH_PX, SIZE, marks)?.x).toBeCloseTo(320);
    expect(placeOfName(street, LENGTH_PX, SIZE, marks)).toBeDefined();
  });

  it("is missing where no piece in sight is long enough", () => {
    const short = [
      { x: 100, y: 100 },
      { x: 190, y: 100 },
    ];
    expect(placeOfName(short, LENGTH_PX, SIZE, [])).toBeUndefined();
    expect(placeOfName([{ x: 1, y: 1 }], LENGTH_PX, SIZE, [])).toBeUndefined();
  });

  it("is whole on the map and on the street, whatever the street and the marks", () => {
    fc.assert(
      fc.property(fc.array(point, { maxLength: 6 }), fc.array(point), (street, marks) => {
        const place = placeOfName(street, LENGTH_PX, SIZE, marks);
        if (!place) return;
        expect(Math.cos(place.angle)).toBeGreaterThanOrEqual(-1e-9);
        for (const side of [-0.5, 0.5]) {
          const x = place.x + side * LENGTH_PX * Math.cos(place.angle);
          const y = place.y + side * LENGTH_PX * Math.sin(place.angle);
          expect(x).toBeGreaterThan(0);
          expect(x).toBeLessThan(SIZE.width);
          expect(y).toBeGreaterThan(0);
          expect(y).toBeLessThan(SIZE.height);
          const off = street.slice(1).map((to, i) => fromPiece({ x, y }, street[i], to));
          expect(Math.min(...off)).toBeLessThan(1e-6);
        }
      }),
    );
  });
});

interface Point {
  readonly x: number;
  readonly y: number;
}

/** How far a point is from a straight piece. */
function fromPiece(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const share = ((point.x - from.x) * dx + (point.y - from.y) * dy) / (dx * dx + dy * dy || 1);
  const at = Math.max(0, Math.min(1, share));
  return Math.hypot(point.x - from.x - at * dx, point.y - from.y - at * dy);
}
