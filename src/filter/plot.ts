import type { ChainRun, Point } from "./chainRun";

const WIDTH = 1000;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 20;
const TOP = 40;
const BOTTOM = 40;

/** Columns of pixels; a long signal is drawn by the least and the greatest of each. */
const COLUMNS = WIDTH - LEFT - RIGHT;

const HOUR_S = 3600;
const DAY_S = 86400;

/** An SVG drawing of a run: the samples, the reports, the signal rebuilt from them, the alarms. */
export function plotRun(run: ChainRun, title: string): string {
  const drawn = run.samples.filter(({ value }) => Number.isFinite(value));
  const all = [...drawn, ...run.reports];
  const startS = Math.min(...extremes(all.map(({ timeS }) => timeS)));
  const endS = Math.max(...extremes(all.map(({ timeS }) => timeS)), startS + 1);
  const [least, greatest] = extremes(all.map(({ value }) => value));
  const margin = 0.05 * (greatest - least) || 1;
  const low = least - margin;
  const high = greatest + margin;
  const x = (timeS: number) => LEFT + (COLUMNS * (timeS - startS)) / (endS - startS);
  const y = (value: number) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - value)) / (high - low);
  const path = (points: readonly Point[]) =>
    points.map((p) => `${x(p.timeS).toFixed(1)},${y(p.value).toFixed(1)}`).join(" ");

  const unitS = endS - startS > 2 * DAY_S ? DAY_S : endS - startS > 2 * HOUR_S ? HOUR_S : 60;
  const unit = unitS === DAY_S ? "days" : unitS === HOUR_S ? "hours" : "minutes";
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-size="14">${escaped(title)}</text>`,
  ];
  for (const tick of ticks(low, high, 6))
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="#e5e5e5"/>`,
      `<text x="${LEFT - 6}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${tick}</text>`,
    );
  for (const tick of ticks(startS / unitS, endS / unitS, 10))
    parts.push(
      `<text x="${x(tick * unitS).toFixed(1)}" y="${HEIGHT - 18}" text-anchor="middle">${tick}</text>`,
    );
  parts.push(
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 4}" text-anchor="end">${unit}</text>`,
    `<polyline fill="none" stroke="#b0b0b0" points="${path(thinned(drawn, x))}"/>`,
    `<polyline fill="none" stroke="#d9480f" stroke-width="1.2" points="${path(rebuilt(run))}"/>`,
    `<g fill="#d9480f">`,
    ...run.reports.map(
      (p) => `<circle cx="${x(p.timeS).toFixed(1)}" cy="${y(p.value).toFixed(1)}" r="1.6"/>`,
    ),
    `</g>`,
    ...run.alarms.map(
      ({ event, timeS }) =>
        `<line x1="${x(timeS).toFixed(1)}" x2="${x(timeS).toFixed(1)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="${event === "raised" ? "#c92a2a" : "#2b8a3e"}" stroke-dasharray="4 3"><title>alarm ${event}</title></line>`,
    ),
    `<text x="${WIDTH - RIGHT}" y="22" text-anchor="end"><tspan fill="#888">samples</tspan> <tspan fill="#d9480f">reports and rebuilt signal</tspan> <tspan fill="#c92a2a">alarm raised</tspan> <tspan fill="#2b8a3e">cleared</tspan></text>`,
    `</svg>`,
  );
  return `${parts.join("\n")}\n`;
}

/** The corners of the signal as the city rebuilds it. */
function rebuilt(run: ChainRun): Point[] {
  if (run.rebuiltByLines) return [...run.reports];
  const end = run.filtered.at(-1)?.timeS ?? 0;
  return run.reports.flatMap((report, i) => [
    report,
    { timeS: run.reports[i + 1]?.timeS ?? end, value: report.value },
  ]);
}

/** Of the points in each column of pixels the least and the greatest, in their order. */
function thinned(points: readonly Point[], x: (timeS: number) => number): Point[] {
  if (points.length <= 2 * COLUMNS) return [...points];
  const columns = new Map<number, Point[]>();
  for (const point of points) {
    const column = Math.floor(x(point.timeS));
    const [a, b] = columns.get(column) ?? [point, point];
    const least = !a || point.value < Math.min(a.value, b?.value ?? a.value);
    const greatest = !b || point.value > Math.max(b.value, a?.value ?? b.value);
    if (least || greatest || !columns.has(column)) {
      const kept = [a ?? point, b ?? point, point].sort((p, q) => p.value - q.value);
      const ends = [kept[0] ?? point, kept[2] ?? point];
      columns.set(
        column,
        ends.sort((p, q) => p.timeS - q.timeS),
      );
    }
  }
  return [...columns.values()].flat();
}

function extremes(values: readonly number[]): [number, number] {
  let least = Infinity;
  let greatest = -Infinity;
  for (const value of values) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return [least, greatest];
}

/** Round numbers between two, at most about `count`. */
function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const found: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++)
    found.push(Number((k * step).toPrecision(12)));
  return found;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
