import type { NodeHistory } from "../../city/cityView";
import type { CityChange, CitySnapshot } from "../feed";
import { ICONS, element, icon, setText } from "./dom";
import { Format } from "./format";
import {
  LANGUAGES,
  fill,
  startLanguage,
  storeLanguage,
  storedLanguage,
  type Language,
} from "./language";
import { LiveFeed, type LiveState } from "./liveFeed";
import { NodeCard } from "./nodeCard";
import type { Surroundings } from "./surroundings";
import type { Texts } from "./texts/texts";

/** What grows old by itself is shown anew this often. */
const REFRESH_MS = 5000;
const CLOCK_MS = 1000;
/** A node counts as looked at this far above and below the window. */
const LOOK_AHEAD = "500px 0px";

/** The city page: every node, live, in the viewer's language. */
export class Page implements Surroundings {
  texts: Texts;
  format: Format;
  readonly #document: Document;
  readonly #feed: LiveFeed;
  readonly #cards = new Map<string, NodeCard>();
  readonly #seen: IntersectionObserver;
  #language: Language;
  #snapshot: CitySnapshot | undefined;
  #parts: Parts | undefined;
  /** When something last arrived, by the server's clock. */
  #liveUntilMs = 0;

  constructor(document: Document) {
    this.#document = document;
    this.#language = startLanguage(storedLanguage(), navigator.languages);
    this.texts = this.#language.texts;
    this.format = new Format(this.#language.locale);
    this.#feed = new LiveFeed(() => new EventSource("/events"), {
      snapshot: (snapshot) => this.#takeSnapshot(snapshot),
      change: (change) => this.#takeChange(change),
      stateChanged: (state) => this.#showLive(state),
    });
    // The last hour is fetched for the nodes that are looked at, not for a whole city.
    this.#seen = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          const card = this.#cards.get((target as HTMLElement).dataset["node"] ?? "");
          card?.setInSight(isIntersecting);
          if (card && isIntersecting && !card.hasCharts) void this.#fetchHistory(card.view.node);
        }
      },
      { rootMargin: LOOK_AHEAD },
    );
  }

  start(): void {
    this.#build();
    this.#feed.start();
    setInterval(() => this.#refresh(), REFRESH_MS);
    setInterval(() => this.#showClock(), CLOCK_MS);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const card of this.#cards.values()) card.recolor();
    });
  }

  nowMs(): number {
    return this.#feed.nowMs();
  }

  #choose(language: Language): void {
    this.#language = language;
    this.texts = language.texts;
    this.format = new Format(language.locale);
    storeLanguage(language.code);
    const views = [...this.#cards.values()].map((card) => card.view);
    for (const card of this.#cards.values()) card.destroy();
    this.#cards.clear();
    this.#build();
    for (const view of views) this.#addCard(new NodeCard(view, this));
    this.#showLive(this.#feed.state);
    this.#showSummary();
    this.#parts?.languages.get(language)?.focus();
  }

  #build(): void {
    const { code, direction } = this.#language;
    const root = this.#document.documentElement;
    root.lang = code;
    root.dir = direction;
    this.#parts = buildParts(this.texts, this.#language, (language) => this.#choose(language));
    this.#document.body.replaceChildren(...this.#parts.roots);
    this.#showCity();
    this.#showLive(this.#feed.state);
    this.#showClock();
  }

  #takeSnapshot(snapshot: CitySnapshot): void {
    this.#snapshot = snapshot;
    this.#liveUntilMs = snapshot.nowMs;
    const names = new Set(snapshot.nodes.map(({ node }) => node));
    for (const [node, card] of this.#cards)
      if (!names.has(node)) {
        card.destroy();
        this.#cards.delete(node);
      }
    for (const view of snapshot.nodes) {
      const card = this.#cards.get(view.node);
      if (!card) this.#addCard(new NodeCard(view, this));
      else {
        card.update(view);
        // What happened while the line was down is not in the snapshot.
        if (card.hasCharts) void this.#fetchHistory(view.node);
      }
    }
    this.#showCity();
    this.#showSummary();
  }

  #takeChange(change: CityChange): void {
    this.#liveUntilMs = change.nowMs;
    for (const node of change.nodes) {
      const card = this.#cards.get(node.node);
      if (card) card.update(node);
      else this.#addCard(new NodeCard(node, this));
    }
    this.#showSummary();
  }

  #addCard(card: NodeCard): void {
    const { node } = card.view;
    card.root.dataset["node"] = node;
    this.#cards.set(node, card);
    const next = [...this.#cards.keys()].filter((name) => name > node).sort()[0];
    this.#parts?.nodes.insertBefore(
      card.root,
      next === undefined ? null : (this.#cards.get(next)?.root ?? null),
    );
    this.#seen.observe(card.root);
  }

  async #fetchHistory(node: string): Promise<void> {
    try {
      const response = await fetch(`/api/nodes/${node}`);
      if (response.ok) this.#cards.get(node)?.addHistory((await response.json()) as NodeHistory);
    } catch {
      // The line is down, and the page says so; the next snapshot asks again.
    }
  }

  #refresh(): void {
    if (this.#feed.state === "live") this.#liveUntilMs = this.nowMs();
    for (const card of this.#cards.values()) card.show();
  }

  #showClock(): void {
    if (this.#parts) setText(this.#parts.clock, this.format.clock(this.nowMs()));
  }

  #showCity(): void {
    const city = this.#snapshot?.city;
    const name = city === undefined ? "" : (this.texts.cities[city] ?? city);
    this.#document.title = [name, "Streetnode"].filter(Boolean).join(" · ");
    if (!this.#parts) return;
    setText(this.#parts.city, name);
    const broker = this.#snapshot?.broker ?? null;
    this.#parts.broker.hidden = broker === null;
    const [before = "", after = ""] = this.texts.waitingBroker.split("{address}");
    if (broker !== null)
      this.#parts.broker.replaceChildren(
        before,
        element("code", {}, element("bdi", { dir: "ltr" }, broker)),
        after,
      );
  }

  #showSummary(): void {
    if (!this.#parts) return;
    const views = [...this.#cards.values()].map((card) => card.view);
    const count = (state: string) => views.filter((view) => view.state === state).length;
    const open = views.reduce((sum, view) => sum + view.open.length, 0);
    const { texts, format } = this;
    const n = (value: number) => ({ n: format.number(value) });
    this.#parts.empty.hidden = views.length > 0 || this.#snapshot === undefined;
    const summary: [string, string][] = [
      ["", fill(format.plural(texts.nodes, views.length), n(views.length))],
      ["good", fill(texts.summaryOnline, n(count("online")))],
    ];
    if (count("offline") > 0)
      summary.push(["bad", fill(texts.summaryOffline, n(count("offline")))]);
    summary.push(
      open > 0 ? ["warn", fill(texts.summaryOpen, n(open))] : ["", texts.summaryNothingOpen],
    );
    const key = summary.flat().join("|");
    this.#parts.summary.hidden = views.length === 0;
    if (this.#parts.summary.dataset["key"] === key) return;
    this.#parts.summary.dataset["key"] = key;
    this.#parts.summary.replaceChildren(
      ...summary.map(([kind, text]) => element("li", kind ? { class: kind } : {}, text)),
    );
  }

  #showLive(state: LiveState): void {
    if (!this.#parts) return;
    const { texts } = this;
    const { live, banner } = this.#parts;
    this.#document.body.classList.toggle("not-live", state !== "live");
    live.dataset["state"] = state;
    const words = { connecting: texts.connecting, live: texts.live, lost: texts.notLive };
    live.replaceChildren(element("span", { class: "dot", "aria-hidden": "true" }), words[state]);
    banner.hidden = state === "live" || (state === "connecting" && !this.#feed.hasFailed);
    const time = this.format.clock(this.#liveUntilMs);
    setText(
      banner,
      banner.hidden ? "" : state === "lost" ? fill(texts.notLiveSince, { time }) : texts.neverLive,
    );
  }
}

/** The elements that change while the page is open. */
interface Parts {
  readonly roots: readonly HTMLElement[];
  readonly languages: ReadonlyMap<Language, HTMLButtonElement>;
  readonly city: HTMLElement;
  readonly clock: HTMLElement;
  readonly live: HTMLElement;
  readonly banner: HTMLElement;
  readonly summary: HTMLElement;
  readonly empty: HTMLElement;
  readonly broker: HTMLElement;
  readonly nodes: HTMLElement;
}

function buildParts(texts: Texts, now: Language, choose: (language: Language) => void): Parts {
  const city = element("span", { class: "city" });
  const clock = element("span", { class: "clock" });
  const live = element("span", { class: "live" });
  // Read out when it changes: whoever does not see the page must know as well.
  const banner = element("p", { class: "banner", role: "status" });
  const summary = element("ul", { class: "summary" });
  const broker = element("p", {});
  const empty = element(
    "section",
    { class: "empty" },
    icon(ICONS.lamp),
    element("h2", {}, texts.waitingTitle),
    element("p", {}, texts.waitingText),
    broker,
  );
  const nodes = element("div", { class: "nodes" });
  const languages = new Map(
    LANGUAGES.map((language) => {
      const button = element(
        "button",
        {
          type: "button",
          lang: language.code,
          "aria-pressed": String(language === now),
        },
        language.texts.language,
      );
      button.addEventListener("click", () => choose(language));
      return [language, button];
    }),
  );
  const header = element(
    "header",
    { class: "top" },
    element(
      "div",
      { class: "brand" },
      icon(ICONS.lamp),
      element(
        "h1",
        {},
        element("span", { class: "product", lang: "en" }, "Streetnode"),
        " ",
        city,
        " ",
        element("span", { class: "visually-hidden" }, texts.title),
      ),
    ),
    element("div", { class: "status" }, live, clock),
    element(
      "nav",
      { class: "languages", "aria-label": texts.chooseLanguage },
      ...languages.values(),
    ),
  );
  const main = element("main", {}, summary, empty, nodes);
  const footer = element(
    "footer",
    {},
    element("p", {}, texts.timesNote),
    element("p", {}, texts.keptBackNote),
  );
  return {
    roots: [header, banner, main, footer],
    languages,
    city,
    clock,
    live,
    banner,
    summary,
    empty,
    broker,
    nodes,
  };
}
