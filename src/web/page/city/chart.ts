import uPlot from "uplot";

/** Room above and below the line, so that it is not cut, in CSS pixels. */
const PADDING_PX = 6;
/** Half of a time that stands below the right end. */
const LABEL_ROOM_PX = 18;
/** A line that hardly moves is not blown up: the axis spans at least this share of the value. */
const SPAN_MIN_SHARE = 0.05;
const X_AXIS_PX = 22;
const Y_AXIS_PX = 40;
const FONT = "11px system-ui, sans-serif";
const HOUR_S = 3600;

/** A value from which on a node raises an alarm. */
export interface Threshold {
  readonly value: number;
  readonly critical: boolean;
  /** Whether it is too low there, and not too high. */
  readonly below: boolean;
  /** `day`, `evening` and `night`; none for always. */
  readonly during: readonly string[];
}

/** What a chart is like, whatever it shows. */
export interface ChartOptions {
  /** True where a node keeps back what lies on a straight line; else a value holds until the next. */
  readonly straight: boolean;
  readonly thresholds: readonly Threshold[];
  /** How a value is written at the axis. */
  readonly value: (value: number) => string;
  /** How a time is written at the axis; UTC in seconds. */
  readonly time: (timeS: number) => string;
  /** The hour of the day in the city; UTC in seconds. */
  readonly hour: (timeS: number) => number;
}

/** The course of one metric, with the thresholds of its alarms. */
export class Chart {
  readonly #plot: uPlot;
  readonly #resized: ResizeObserver;
  #data: uPlot.AlignedData = [[], []];
  #range: [number, number] = [0, 1];

  /** @param root an element of the page; its `color` is that of the line. */
  constructor(root: HTMLElement, options: ChartOptions) {
    const color = (name?: string): string => {
      const style = getComputedStyle(root);
      return name === undefined ? style.color : style.getPropertyValue(name);
    };
    const axis = {
      font: FONT,
      stroke: () => color("--muted"),
      grid: { stroke: () => color("--line"), width: 1 },
      ticks: { show: false },
    };
    const { stepped, linear } = uPlot.paths;
    const paths = options.straight ? linear?.() : stepped?.({ align: 1 });
    this.#plot = new uPlot(
      {
        ...sizeOf(root),
        padding: [PADDING_PX, LABEL_ROOM_PX, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        axes: [
          {
            ...axis,
            size: X_AXIS_PX,
            gap: 4,
            splits: (_, __, from, to) => hourSplits(from, to, options.hour),
            values: (_, times) => times.map(options.time),
          },
          {
            ...axis,
            size: Y_AXIS_PX,
            gap: 4,
            space: 26,
            values: (_, values) => values.map(options.value),
          },
        ],
        scales: {
          x: { time: false, range: () => this.#range },
          y: { range: (_, low, high) => valueRange(low, high, options.thresholds) },
        },
        series: [
          {},
          {
            ...(paths ? { paths } : {}),
            points: { size: 4 },
            stroke: () => color(),
            fill: () => `color-mix(in srgb, ${color()} 12%, transparent)`,
            fillTo: (plot) => plot.scales["y"]?.min ?? 0,
            width: 1.5,
          },
        ],
        hooks: { draw: [(plot) => drawThresholds(plot, options.thresholds, color)] },
      },
      this.#data,
      root,
    );
    this.#resized = new ResizeObserver(() => this.#plot.setSize(sizeOf(root)));
    this.#resized.observe(root);
  }

  /**
   * Draws a course.
   *
   * @param timesS UTC in seconds, rising.
   * @param range what the width stands for, in seconds.
   */
  draw(timesS: number[], values: number[], range: [number, number]): void {
    this.#range = range;
    this.#data = [timesS, values];
    this.#plot.setData(this.#data);
  }

  /** Draws it again, in the colours of now. */
  redraw(): void {
    this.#plot.redraw(false);
  }

  destroy(): void {
    this.#resized.disconnect();
    this.#plot.destroy();
  }
}

function drawThresholds(
  plot: uPlot,
  thresholds: readonly Threshold[],
  color: (name: string) => string,
): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const { value, critical } of thresholds) {
    const y = Math.round(plot.valToPos(value, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = color(critical ? "--bad" : "--warn");
    ctx.setLineDash(critical ? [] : [6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** Full hours of the city's clock, four or so in a range. */
function hourSplits(fromS: number, toS: number, hour: (timeS: number) => number): number[] {
  const hours = (toS - fromS) / HOUR_S;
  if (hours < 2) {
    const stepS = hours < 0.5 ? 300 : 1200;
    return range(Math.ceil(fromS / stepS) * stepS, toS, stepS);
  }
  const every = hours <= 5 ? 1 : hours <= 13 ? 3 : 6;
  return range(Math.ceil(fromS / HOUR_S) * HOUR_S, toS, HOUR_S).filter(
    (timeS) => hour(timeS) % every === 0,
  );
}

function range(from: number, to: number, step: number): number[] {
  return Array.from(
    { length: Math.max(0, Math.floor((to - from) / step) + 1) },
    (_, i) => from + i * step,
  );
}

function sizeOf(root: HTMLElement): { width: number; height: number } {
  return { width: Math.max(root.clientWidth, 1), height: Math.max(root.clientHeight, 1) };
}

/**
 * What the axis spans: the values, and the lowest threshold, so that one sees how far off it
 * is. uPlot gives null when there is no value at all.
 */
function valueRange(
  low: number | null,
  high: number | null,
  thresholds: readonly Threshold[],
): [number, number] {
  if (low === null || high === null) return [0, 1];
  const lowest = Math.min(...thresholds.map(({ value }) => value));
  const top = Number.isFinite(lowest) ? Math.max(high, lowest * 1.05) : high;
  const span = Math.max(top - low, Math.abs(top) * SPAN_MIN_SHARE, 0.1);
  const middle = (low + top) / 2;
  return [middle - span / 2, middle + span / 2];
}
