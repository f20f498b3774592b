import uPlot from "uplot";

/** Room above and below the line, so that it is not cut, in CSS pixels. */
const PADDING_PX = 4;
/** A line that hardly moves is not blown up: the axis spans at least this share of the value. */
const SPAN_MIN_SHARE = 0.05;

/** The course of one metric: a line that steps from report to report, without axes. */
export class Chart {
  /** The element to put into the page. */
  readonly root: HTMLElement;
  readonly #plot: uPlot;
  readonly #resized: ResizeObserver;
  #data: uPlot.AlignedData = [[], []];
  #range: [number, number] = [0, 1];

  /** @param root an element of the page; its `color` is that of the line. */
  constructor(root: HTMLElement) {
    this.root = root;
    const color = () => getComputedStyle(root).color;
    this.#plot = new uPlot(
      {
        ...sizeOf(root),
        padding: [PADDING_PX, 0, PADDING_PX, 0],
        legend: { show: false },
        cursor: { show: false },
        axes: [{ show: false }, { show: false }],
        scales: {
          x: { time: false, range: () => this.#range },
          y: { range: (_, low, high) => valueRange(low, high) },
        },
        series: [
          {},
          {
            // A report holds until the next one: the filter sends it when the value has moved.
            ...(uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
            points: { show: false },
            stroke: color,
            fill: () => `color-mix(in srgb, ${color()} 14%, transparent)`,
            fillTo: (plot) => plot.scales["y"]?.min ?? 0,
            width: 1.25,
          },
        ],
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

function sizeOf(root: HTMLElement): { width: number; height: number } {
  return { width: Math.max(root.clientWidth, 1), height: Math.max(root.clientHeight, 1) };
}

/** uPlot gives null when there is no value at all. */
function valueRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const span = Math.max(high - low, Math.abs(high) * SPAN_MIN_SHARE, 0.1);
  const middle = (low + high) / 2;
  return [middle - span / 2, middle + span / 2];
}
