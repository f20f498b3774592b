import type { MetricView, Point } from "../../../city/cityView";
import { element, setAttribute, setText } from "../dom";
import { fill } from "../language";
import type { Surroundings } from "../surroundings";
import { Chart, type Threshold } from "./chart";
import { History } from "./history";

/** Decimals that tell a person something, whatever the sensor could give. */
const DECIMALS_MAX = 1;
/** From here on decimals tell nothing. */
const WHOLE_FROM = 1000;

/** How far back a chart reaches. */
export const CHART_MS = 24 * 3600_000;

/** How a node reports a metric, and when it raises an alarm. */
export interface Reporting {
  /** True where it keeps back what lies on a straight line between two reports. */
  readonly straight: boolean;
  readonly thresholds: readonly Threshold[];
}

/** One metric of a node: its value now, and its last day. */
export class MetricTile {
  readonly root: HTMLLIElement;
  readonly #metric: string;
  readonly #here: Surroundings;
  readonly #history = new History(CHART_MS);
  readonly #number = element("span", { class: "number" });
  readonly #unit = element("span", { class: "unit" });
  /** Isolated: a Latin unit goes to the right of its number in Arabic, too. */
  readonly #value = element("bdi", {}, this.#number, this.#unit);
  readonly #range = element("span", { class: "range" });
  readonly #alarm = element("span", { class: "alarm-at" });
  readonly #plot = element("div", { class: "plot", role: "img" });
  #chart: Chart | undefined;
  #view: MetricView;

  constructor(metric: string, view: MetricView, here: Surroundings) {
    this.#metric = metric;
    this.#view = view;
    this.#here = here;
    this.root = element(
      "li",
      { class: "tile" },
      element("span", { class: "label" }, this.#label()),
      element("span", { class: "value" }, this.#value),
      this.#plot,
      element("span", { class: "under" }, this.#range, this.#alarm),
    );
  }

  /** When the oldest point was measured; undefined without one. */
  get firstMs(): number | undefined {
    return this.#history.firstMs;
  }

  /** Takes the newest value. */
  update(view: MetricView): void {
    this.#view = view;
  }

  /** Takes points, of which some may be known. */
  addPoints(points: readonly Point[]): void {
    this.#history.add(points);
  }

  /**
   * Shows what is known.
   *
   * @param offline whether the node is offline: then no value is of now.
   * @param fromMs where the chart begins.
   */
  show(offline: boolean, fromMs: number): void {
    const { format, texts } = this.#here;
    const { value, unit, timeMs, staleAfterMs } = this.#view;
    const decimals = this.#decimals(value);
    const nowMs = this.#here.nowMs();
    const parts = format.parts(value, unit, decimals);
    setText(this.#number, parts.number);
    setText(this.#unit, parts.unit);
    this.#unit.hidden = parts.unit === "";
    if (parts.unitFirst !== (this.#value.firstChild === this.#unit))
      this.#value.append(parts.unitFirst ? this.#number : this.#unit);

    const stale = offline || nowMs - timeMs > staleAfterMs;
    this.root.classList.toggle("stale", stale);
    const line = this.#history.window(nowMs, stale ? timeMs : nowMs);
    const range = this.#describe(line.values);
    setText(
      this.#range,
      stale ? fill(texts.staleSince, { time: format.time(timeMs, nowMs) }) : range,
    );
    this.#chart?.draw(line.timesS, line.values, [fromMs / 1000, nowMs / 1000]);
  }

  /** Puts the chart in, or another one; the tile must be in the page. */
  setChart({ straight, thresholds }: Reporting): void {
    const { format, texts } = this.#here;
    this.#chart?.destroy();
    this.#chart = new Chart(this.#plot, {
      straight,
      thresholds,
      value: (value) => format.brief(value),
      time: (timeS) => format.hours(timeS * 1000),
      hour: (timeS) => format.hour(timeS * 1000),
    });
    const words = [
      this.#thresholds(
        texts.alarmAt,
        thresholds.filter(({ below }) => !below),
      ),
      this.#thresholds(
        texts.alarmBelow,
        thresholds.filter(({ below }) => below),
      ),
    ];
    setText(this.#alarm, words.filter(Boolean).join(texts.listSeparator));
  }

  /** Where an alarm is raised, and at what time of the day if not always. */
  #thresholds(text: string, thresholds: readonly Threshold[]): string {
    const { format, texts } = this.#here;
    const values = thresholds.map(({ value, during }) => {
      const shown = format.value(value, this.#view.unit, 0);
      const periods = during.map((period) => texts.periods[period] ?? period);
      return periods.length === 0 ? shown : `${shown} (${periods.join(texts.listSeparator)})`;
    });
    return values.length === 0 ? "" : fill(text, { value: values.join(texts.listSeparator) });
  }

  /** Draws the chart in the colours of now. */
  recolor(): void {
    this.#chart?.redraw();
  }

  destroy(): void {
    this.#chart?.destroy();
  }

  /** Lowest and highest value in short; the chart says them in full to who cannot see it. */
  #describe(values: readonly number[]): string {
    const { format, texts } = this.#here;
    const { unit, value } = this.#view;
    const low = values.reduce((a, b) => Math.min(a, b), values[0] ?? value);
    const high = values.reduce((a, b) => Math.max(a, b), values[0] ?? value);
    const decimals = this.#decimals(high);
    setAttribute(
      this.#plot,
      "aria-label",
      fill(texts.lastDayRange, {
        metric: this.#label(),
        low: format.value(low, unit, decimals),
        high: format.value(high, unit, decimals),
      }),
    );
    const [lowText, highText] = [format.number(low, decimals), format.number(high, decimals)];
    // Isolated left to right: a range reads from low to high in every language.
    return lowText === highText ? "" : `\u2066${lowText}\u2009\u2013\u2009${highText}\u2069`;
  }

  #decimals(value: number): number {
    return Math.abs(value) < WHOLE_FROM ? Math.min(this.#view.decimals, DECIMALS_MAX) : 0;
  }

  #label(): string {
    return this.#here.texts.metrics[this.#metric] ?? this.#metric;
  }
}
