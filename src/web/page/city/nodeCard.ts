import type { EventView, NodeChange, NodeView, Point } from "../../../city/cityView";
import { ICONS, element, icon, setText } from "../dom";
import { eventText } from "../eventText";
import { fill } from "../language";
import type { Surroundings } from "../surroundings";
import { groupMetrics } from "./metricGroups";
import { CHART_MS, MetricTile, type Reporting } from "./metricTile";

/** What waits for the broker up to here is on its way: the readings of about two packs. */
const WAITING_NORMAL = 48;
/** The charts of a node that has just started begin this long ago. */
const CHART_MIN_MS = 120_000;
/** Events that a card shows. */
const EVENTS_SHOWN = 12;

const STATE_ICONS = {
  online: ICONS.check,
  offline: ICONS.cross,
  unknown: ICONS.question,
} as const;

/** One node: state, what to look at, values, how much it kept back, last events. */
export class NodeCard {
  readonly root: HTMLElement;
  readonly #here: Surroundings;
  readonly #badge = element("span", { class: "badge" });
  readonly #since = element("span", { class: "since" });
  readonly #place = element("span", { class: "place" });
  readonly #open = element("ul", { class: "open" });
  readonly #groups = element("div", { class: "groups" });
  readonly #kept = element("div", { class: "kept" });
  readonly #events = element("ol", { class: "events" });
  readonly #facts = element("dl", { class: "facts" });
  readonly #tiles = new Map<string, MetricTile>();
  readonly #side: HTMLElement;
  #view: NodeView;
  #older: readonly EventView[] = [];
  #reporting: ((metric: string) => Reporting) | undefined;

  constructor(view: NodeView, here: Surroundings) {
    this.#view = view;
    this.#here = here;
    const { texts } = here;
    const title = `node-${view.node}`;
    this.#open.setAttribute("aria-label", texts.openTitle);
    this.#side = element(
      "div",
      { class: "side" },
      this.#kept,
      element("section", {}, element("h3", {}, texts.eventsTitle), this.#events),
      element("section", {}, element("h3", {}, texts.health), this.#facts),
    );
    this.root = element(
      "article",
      { class: "node", "aria-labelledby": title },
      element(
        "header",
        { class: "node-header" },
        element("h2", { id: title, tabindex: "-1" }, element("bdi", {}, view.node)),
        this.#place,
        this.#badge,
        this.#since,
      ),
      this.#open,
      element("div", { class: "node-body" }, this.#groups, this.#side),
    );
    this.#arrange();
    this.show();
  }

  /** What it shows. */
  get view(): NodeView {
    return this.#view;
  }

  /** Takes what changed. */
  update(change: NodeChange | NodeView): void {
    const metrics = { ...this.#view.metrics, ...change.metrics };
    const added = Object.keys(metrics).length !== this.#tiles.size;
    this.#view = { ...change, metrics };
    if (added) this.#arrange();
    for (const [metric, view] of Object.entries(change.metrics))
      this.#tiles.get(metric)?.update(view);
    if ("points" in change)
      for (const [metric, points] of Object.entries(change.points))
        this.#tiles.get(metric)?.addPoints(points);
    this.show();
  }

  /** Adds a section beside the values. */
  addSection(section: HTMLElement): void {
    this.#side.append(section);
  }

  /** Takes points of a metric, of which some may be known. */
  addPoints(metric: string, points: readonly Point[]): void {
    this.#tiles.get(metric)?.addPoints(points);
  }

  /** Takes events of the last day. */
  addEvents(events: readonly EventView[]): void {
    this.#older = events;
    this.#showEvents();
  }

  /** Shows charts, or other ones: how a metric is reported is part of the configuration. */
  setReporting(reporting: (metric: string) => Reporting): void {
    this.#reporting = reporting;
    for (const [metric, tile] of this.#tiles) tile.setChart(reporting(metric));
    this.show();
  }

  /** Shows what is known, as of now. */
  show(): void {
    this.root.classList.toggle("offline", this.#view.state === "offline");
    this.#showState();
    this.#showOpen();
    this.#showTiles();
    this.#showKept();
    this.#showEvents();
    this.#showFacts();
  }

  /** Draws the charts in the colours of now. */
  recolor(): void {
    for (const tile of this.#tiles.values()) tile.recolor();
  }

  destroy(): void {
    for (const tile of this.#tiles.values()) tile.destroy();
    this.root.remove();
  }

  /** Puts the tiles into their groups; those that exist keep their charts. */
  #arrange(): void {
    const { texts } = this.#here;
    const added: string[] = [];
    const groups = groupMetrics(Object.keys(this.#view.metrics)).map(([group, metrics]) => {
      const list = element("ul", { class: "tiles" });
      for (const metric of metrics) {
        const view = this.#view.metrics[metric];
        let tile = this.#tiles.get(metric);
        if (!tile && view) {
          this.#tiles.set(metric, (tile = new MetricTile(metric, view, this.#here)));
          added.push(metric);
        }
        if (tile) list.append(tile.root);
      }
      const section = element(
        "section",
        { class: `group ${group}` },
        element("h3", {}, texts.groups[group]),
        list,
      );
      section.style.setProperty("--tiles", String(metrics.length));
      return section;
    });
    this.#groups.replaceChildren(
      ...(groups.length > 0 ? groups : [element("p", { class: "none" }, texts.noReadings)]),
    );
    for (const metric of added) {
      const tile = this.#tiles.get(metric);
      if (tile && this.#reporting) tile.setChart(this.#reporting(metric));
    }
  }

  #showTiles(): void {
    const fromMs = this.#chartsFromMs();
    for (const tile of this.#tiles.values()) tile.show(this.#view.state === "offline", fromMs);
  }

  /** All charts of a node begin together: a day ago, or with the first reading. */
  #chartsFromMs(): number {
    const nowMs = this.#here.nowMs();
    const firsts = [...this.#tiles.values()].map((tile) => tile.firstMs ?? nowMs);
    return Math.max(nowMs - CHART_MS, Math.min(nowMs - CHART_MIN_MS, ...firsts));
  }

  #showState(): void {
    const { texts, format } = this.#here;
    const { state, reason, sinceMs } = this.#view;
    if (this.#badge.dataset["state"] !== state) {
      this.#badge.dataset["state"] = state;
      this.#badge.replaceChildren(icon(STATE_ICONS[state]), texts[state]);
    }
    const why = reason === null ? "" : (texts.stateReasons[reason] ?? reason);
    const since =
      sinceMs === null ? "" : fill(texts.since, { time: format.time(sinceMs, this.#here.nowMs()) });
    const { place } = this.#view;
    setText(this.#place, place === undefined ? "" : fill(texts.onPole, { pole: place.pole }));
    setText(this.#since, [since, why].filter(Boolean).join(texts.listSeparator));
  }

  #showOpen(): void {
    this.#open.hidden = this.#view.open.length === 0;
    this.#list(this.#open, this.#view.open, (event) => {
      const time = fill(this.#here.texts.since, { time: this.#time(event) });
      return [
        icon(ICONS.warning),
        element(
          "span",
          {},
          `${eventText(event, this.#here)}${this.#here.texts.listSeparator}${time}`,
        ),
      ];
    });
  }

  #showEvents(): void {
    const events = [...this.#view.events, ...this.#older]
      .filter((one, i, all) => all.findIndex((other) => isSame(one, other)) === i)
      .sort((a, b) => b.timeMs - a.timeMs)
      .slice(0, EVENTS_SHOWN);
    if (events.length === 0 && this.#events.dataset["key"] !== "none") {
      this.#events.dataset["key"] = "none";
      this.#events.replaceChildren(element("li", { class: "none" }, this.#here.texts.noEvents));
    }
    if (events.length > 0)
      this.#list(this.#events, events, (event) => [
        element("time", { datetime: new Date(event.timeMs).toISOString() }, this.#time(event)),
        element("span", {}, eventText(event, this.#here)),
      ]);
  }

  /** Fills a list of events, unless it shows them already. */
  #list(list: HTMLElement, events: readonly EventView[], item: (event: EventView) => Node[]): void {
    const key = events.map((event) => `${event.event} ${this.#time(event)} ${event.timeMs}`).join();
    if (list.dataset["key"] === key) return;
    list.dataset["key"] = key;
    list.replaceChildren(...events.map((event) => element("li", {}, ...item(event))));
  }

  #time(event: EventView): string {
    const { texts, format } = this.#here;
    const time = format.time(event.timeMs, this.#here.nowMs());
    return event.untimed ? fill(texts.beforeTime, { time }) : time;
  }

  #showKept(): void {
    const { texts, format } = this.#here;
    const { health } = this.#view;
    const known = health !== null && health.samples > 0;
    if (!known) {
      this.#kept.replaceChildren(element("p", { class: "note" }, texts.keptBackUnknown));
      return;
    }
    const share = Math.max(0, 1 - health.reported / health.samples);
    const title = fill(texts.keptBack, { percent: format.percent(share) });
    const detail = fill(texts.keptBackDetail, {
      reported: format.number(health.reported),
      samples: format.number(health.samples),
    });
    if (this.#kept.dataset["key"] === title + detail) return;
    this.#kept.dataset["key"] = title + detail;
    const bar = element("div", { class: "bar", "aria-hidden": "true" }, element("span"));
    bar.style.setProperty("--share", String(share));
    this.#kept.replaceChildren(
      element("p", { class: "kept-title" }, title),
      bar,
      element("p", { class: "note" }, detail),
    );
  }

  #showFacts(): void {
    const facts = this.#factsNow();
    const key = facts.flat().join("|");
    if (this.#facts.dataset["key"] === key) return;
    this.#facts.dataset["key"] = key;
    this.#facts.replaceChildren(
      ...facts.map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, element("bdi", {}, value))),
      ),
    );
  }

  #factsNow(): [name: string, value: string][] {
    const { texts, format } = this.#here;
    const { health, boot, version, board, heardMs } = this.#view;
    const { chips = [], place } = this.#view;
    const facts: [string, string][] = [[texts.lastHeard, format.time(heardMs, this.#here.nowMs())]];
    if (health) facts.push([texts.uptime, format.duration(health.uptimeS)]);
    if (health?.rssiDbm !== undefined)
      facts.push([texts.signal, format.value(health.rssiDbm, "dBm", 0)]);
    if (boot !== null) facts.push([texts.boots, format.number(boot)]);
    const waiting = health?.waiting ?? 0;
    const troubles: [string, number][] = [
      [texts.waiting, waiting > WAITING_NORMAL ? waiting : 0],
      [texts.dropped, health?.dropped ?? 0],
      [texts.reconnects, health?.reconnects ?? 0],
    ];
    for (const [name, count] of troubles) if (count > 0) facts.push([name, format.number(count)]);
    if (version !== null) facts.push([texts.firmware, version]);
    if (board !== null) facts.push([texts.board, board]);
    if (chips.length > 0)
      facts.push([texts.chips, chips.map((chip) => chip.toUpperCase()).join(texts.listSeparator)]);
    if (place?.heightM !== undefined)
      facts.push([texts.height, format.value(place.heightM, "m", 1)]);
    if (place?.directionDeg !== undefined)
      facts.push([texts.direction, `${format.number(place.directionDeg)}°`]);
    return facts;
  }
}

function isSame(one: EventView, other: EventView): boolean {
  return (
    one.event === other.event &&
    one.timeMs === other.timeMs &&
    one.chip === other.chip &&
    one.channel === other.channel
  );
}
