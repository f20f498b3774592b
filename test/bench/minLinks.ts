/** A value at a time. */
export interface Sample {
  readonly timeS: number;
  readonly value: number;
}

/** A line as a point of the plane: slope, and height at the first sample it has to pass. */
type Line = readonly [slope: number, height: number];

/** One end of the gate of a sample: lines stay below the upper one (1), above the lower (-1). */
interface Gate {
  readonly index: number;
  readonly sign: 1 | -1;
}

/** Share of the bound within which a line is said to touch the end of a gate. */
const TOUCHING = 1e-6;

/**
 * The fewest corners of any polyline, its corners anywhere in time and value, that passes
 * every sample within the bound: the limit for everything that reports corners. It is the
 * path of fewest links through a row of gates (Guibas et al., "Approximating polygons and
 * subdivisions with minimum-link paths", 1993). Each link goes as far as any can. The next
 * one crosses the line of this link that comes nearest to the gate it misses, behind the
 * point where that line last touches the end of a gate; so of the gates in between only
 * those ends bound it that lie on the side it leaves to.
 *
 * Lines are points of a plane here, each gate two half-planes, and all lines through some
 * gates a convex polygon.
 */
export function fewestCorners(samples: readonly Sample[], bound: number): number {
  // No line that matters is steeper or further off than these.
  const values = samples.map(({ value }) => value);
  const least = values.reduce((a, b) => Math.min(a, b));
  const greatest = values.reduce((a, b) => Math.max(a, b));
  const height = greatest - least + 4 * bound;
  const slope = height / shortestInterval(samples);
  const everyLine: Line[] = [
    [-slope, -height],
    [slope, -height],
    [slope, height],
    [-slope, height],
  ];

  let corners = 2;
  let origin = 0;
  let gates: Gate[] = [];
  let lines: readonly Line[] = everyLine;
  for (let i = 0; i < samples.length; i++) {
    const through = cut(lines, i);
    if (through.length > 0) {
      lines = through;
      gates.push({ index: i, sign: 1 }, { index: i, sign: -1 });
      continue;
    }
    const [t, x] = place(i);
    const heights = lines.map(([a, b]) => a * t + b);
    const below = Math.max(...heights) < x;
    const nearest = below ? Math.max(...heights) : Math.min(...heights);
    const line = lines[heights.indexOf(nearest)] ?? [0, 0];
    const last = gates.findLast(({ index, sign }) => {
      const [gt, gx] = place(index);
      const gap = sign * (gx + sign * bound - (line[0] * gt + line[1]));
      return sign === (below ? 1 : -1) && gap < TOUCHING * bound;
    });
    if (!last) throw new Error(`no gate bounds the link before sample ${i}`);
    corners++;
    origin = i;
    gates = [];
    lines = cut(everyLine, i);
    for (let k = last.index; k < i; k++) {
      gates.push({ index: k, sign: last.sign });
      lines = cutBy(lines, { index: k, sign: last.sign });
    }
    gates.push({ index: i, sign: 1 }, { index: i, sign: -1 });
  }
  return corners;

  function place(index: number): [number, number] {
    const from = samples[origin];
    const sample = samples[index];
    if (!from || !sample) throw new RangeError(`no sample ${index}`);
    return [sample.timeS - from.timeS, sample.value - from.value];
  }

  function cut(polygon: readonly Line[], index: number): Line[] {
    return cutBy(cutBy(polygon, { index, sign: 1 }), { index, sign: -1 });
  }

  /** The part of a polygon on the right side of one end of a gate. */
  function cutBy(polygon: readonly Line[], { index, sign }: Gate): Line[] {
    const [t, x] = place(index);
    const beyond = ([a, b]: Line) => sign * (a * t + b - x) - bound;
    return polygon.flatMap((line, i) => {
      const next = polygon[(i + 1) % polygon.length] ?? line;
      const here = beyond(line);
      const there = beyond(next);
      const kept: Line[] = here <= 0 ? [line] : [];
      if ((here < 0 && there > 0) || (here > 0 && there < 0)) {
        const share = here / (here - there);
        kept.push([line[0] + share * (next[0] - line[0]), line[1] + share * (next[1] - line[1])]);
      }
      return kept;
    });
  }
}

function shortestInterval(samples: readonly Sample[]): number {
  return samples.reduce((shortest, { timeS }, i) => {
    const before = samples[i - 1];
    return before ? Math.min(shortest, timeS - before.timeS) : shortest;
  }, Infinity);
}
