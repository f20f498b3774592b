import type { Attention } from "../../../city/attention";
import type { NodeView } from "../../../city/cityView";
import type { RolloutView } from "../../../ota/updatesView";
import type { MapAnswer } from "../../api";
import type { CityChange, CityLink, CitySnapshot } from "../../feed";
import { ICONS, element, icon, setText } from "../dom";
import { Frame } from "../frame";
import { decoded, fill } from "../language";
import { LiveFeed } from "../liveFeed";
import { liveProblems } from "../liveText";
import { LAYERS, legendOf, markOf, type Layer } from "../map/marks";
import { markIcon } from "../map/shapes";
import { StreetMap, type MapMark } from "../map/streetMap";
import { RequestProblem, getJson } from "../requests";
import { AttentionList } from "./attentionList";
import { NodeList } from "./nodeList";
import type { NodePanel } from "./nodePanel";
import { RolloutPanel } from "./rolloutPanel";

/** What grows old by itself is shown anew this often. */
const REFRESH_MS = 5000;

/** The city page: a map of the nodes, what to look at, and one node in full. */
export class CityPage {
  readonly #frame: Frame;
  readonly #feed: LiveFeed;
  readonly #nodes = new Map<string, NodeView>();
  #attention: readonly Attention[] = [];
  #link: CityLink | undefined;
  #rollout: RolloutView | null = null;
  #broker: string | null = null;
  #known = false;
  #geography: MapAnswer | undefined;
  #layer: Layer = "air";
  /** When something last arrived, by the server's clock. */
  #liveUntilMs = 0;
  #parts: Parts | undefined;
  #panel: NodePanel | undefined;
  #started = false;
  #checking = false;

  constructor() {
    this.#feed = new LiveFeed(() => new EventSource("/events"), {
      snapshot: (snapshot) => this.#takeSnapshot(snapshot),
      change: (change) => this.#takeChange(change),
      stateChanged: () => this.#showLive(),
      failed: () => void this.#checkSession(),
    });
    this.#frame = new Frame({
      title: (texts) => texts.title,
      build: () => this.#build(),
      nowMs: () => this.#feed.nowMs(),
      link: (texts) =>
        this.#frame.account.may("visit") ? { href: "/field", text: texts.fieldPage } : undefined,
    });
  }

  start(): void {
    this.#frame.build();
    void this.#enter();
    addEventListener("hashchange", () => void this.#showNode(true));
    setInterval(() => this.#refresh(), REFRESH_MS);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#parts?.map.recolor();
      this.#panel?.recolor();
    });
  }

  /** Finds out who looks, and asks to sign in where one has to. */
  async #enter(): Promise<void> {
    const { account } = this.#frame;
    try {
      await account.load();
      if (!account.may("watch")) await account.ask();
    } catch {
      // Not reached: the feed says so, and tries on.
      this.#start();
    }
  }

  /** Follows the city for a viewer who may, and leaves nothing of it on the screen of one who may not. */
  #follow(): void {
    const { account } = this.#frame;
    if (!account.session) return;
    if (account.may("watch")) this.#start();
    else if (this.#started) this.#stop();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#feed.start();
    void this.#fetchMap();
  }

  #stop(): void {
    this.#started = false;
    this.#feed.stop();
    this.#known = false;
    this.#nodes.clear();
    this.#attention = [];
    this.#link = undefined;
    this.#rollout = null;
    this.#geography = undefined;
  }

  /** A line that ends may have ended with the session: then it is no use to try on. */
  async #checkSession(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    const { account } = this.#frame;
    const before = account.session?.user;
    try {
      await account.load();
      if (!account.may("watch")) await account.ask(before != null);
    } catch (problem) {
      if (!(problem instanceof RequestProblem)) throw problem;
      // The server is gone, not the session.
    } finally {
      this.#checking = false;
    }
  }

  async #fetchMap(): Promise<void> {
    try {
      this.#geography = await getJson<MapAnswer>("/api/map");
      this.#parts?.map.setMap(this.#geography);
      this.#showNodes();
    } catch (problem) {
      if (!(problem instanceof RequestProblem)) throw problem;
      // A city without a map still has its lists; the next snapshot asks again.
    }
  }

  #build(): readonly HTMLElement[] {
    this.#follow();
    this.#panel?.destroy();
    this.#panel = undefined;
    this.#parts?.map.destroy();
    this.#parts = this.#makeParts();
    if (this.#geography) this.#parts.map.setMap(this.#geography);
    this.#showNodes();
    this.#showLive();
    void this.#showNode();
    return [this.#parts.main, this.#parts.footer];
  }

  #takeSnapshot(snapshot: CitySnapshot): void {
    this.#liveUntilMs = snapshot.nowMs;
    this.#broker = snapshot.broker;
    this.#known = true;
    this.#link = snapshot.link;
    this.#attention = snapshot.attention;
    this.#rollout = snapshot.rollout;
    this.#nodes.clear();
    for (const view of snapshot.nodes) this.#nodes.set(view.node, view);
    this.#frame.setCity(snapshot.city);
    this.#showNodes();
    this.#showLive();
    // What happened while the line was down is not in the snapshot.
    this.#panel?.reload();
    if (!this.#geography) void this.#fetchMap();
    void this.#showNode();
  }

  #takeChange(change: CityChange): void {
    this.#liveUntilMs = change.nowMs;
    this.#attention = change.attention ?? this.#attention;
    if (change.link) this.#link = change.link;
    if (change.rollout !== undefined) this.#rollout = change.rollout;
    let moved = false;
    for (const node of change.nodes) {
      const known = this.#nodes.get(node.node);
      if (JSON.stringify(known?.place) !== JSON.stringify(node.place)) moved = true;
      this.#nodes.set(node.node, { ...node, metrics: { ...known?.metrics, ...node.metrics } });
      if (this.#panel?.node === node.node) this.#panel.update(node);
    }
    this.#showNodes();
    if (change.link) this.#showLive();
    // The address may name a node that has only now been heard of.
    if (!this.#panel && location.hash !== "") void this.#showNode();
    // A node that was hung up or taken down changes the poles.
    if (moved) void this.#fetchMap();
  }

  #refresh(): void {
    if (this.#feed.state === "live") this.#liveUntilMs = this.#frame.nowMs();
    this.#showNodes(true);
    this.#panel?.refresh();
  }

  #showLive(): void {
    this.#frame.showLive(
      this.#feed.state,
      liveProblems(this.#feed, this.#link, this.#liveUntilMs, this.#frame),
    );
  }

  /** Brings map, lists and summary in step with the nodes, and with the time where some has passed. */
  #showNodes(grown = false): void {
    const parts = this.#parts;
    if (!parts) return;
    const { texts } = this.#frame;
    const nodes = [...this.#nodes.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
    const nowMs = this.#frame.nowMs();
    parts.empty.hidden = nodes.length > 0 || !this.#known;
    parts.city.hidden = nodes.length === 0;
    // Of a city that nobody was shown there is nothing to count.
    parts.summary.hidden = !this.#known;
    const { account } = this.#frame;
    parts.signedOut.hidden = !account.session || account.may("watch");
    this.#showBroker(parts.broker);
    parts.attention.show(this.#attention);
    parts.rollout.show(this.#rollout);
    parts.nodes.show(nodes, this.#layer, nowMs, grown);
    const positions = this.#positions();
    const troubled = new Set(this.#attention.map(({ node }) => node));
    parts.map.setMarks(
      nodes.flatMap((view): MapMark[] => {
        const at = positions.get(view.node);
        if (!at) return [];
        const mark = markOf(view, this.#layer, nowMs);
        return [{ ...at, node: view.node, mark, attention: troubled.has(view.node) }];
      }),
    );
    const without = nodes.filter(({ node }) => !positions.has(node)).length;
    parts.unplaced.hidden = without === 0;
    const n = { n: this.#frame.format.number(without) };
    setText(parts.unplaced, fill(this.#frame.format.plural(texts.unplaced, without), n));
    this.#showSummary(parts.summary, nodes);
  }

  /** Where the nodes are: as the crew said, or where the map has their poles. */
  #positions(): Map<string, { lat: number; lon: number }> {
    const found = new Map<string, { lat: number; lon: number }>();
    for (const { properties, geometry } of this.#geography?.features ?? []) {
      if (geometry.type !== "Point" || !("node" in properties) || !properties.node) continue;
      const [lon, lat] = geometry.coordinates;
      found.set(properties.node, { lat, lon });
    }
    for (const { node, place } of this.#nodes.values())
      if (place) found.set(node, { lat: place.lat, lon: place.lon });
    return found;
  }

  #showSummary(list: HTMLElement, nodes: readonly NodeView[]): void {
    const { texts, format } = this.#frame;
    const count = (state: string): number => nodes.filter((view) => view.state === state).length;
    const n = (value: number): { n: string } => ({ n: format.number(value) });
    const summary: [string, string][] = [
      ["", fill(format.plural(texts.nodes, nodes.length), n(nodes.length))],
      ["good", fill(texts.summaryOnline, n(count("online")))],
    ];
    if (count("offline") > 0)
      summary.push(["bad", fill(texts.summaryOffline, n(count("offline")))]);
    summary.push(
      this.#attention.length > 0
        ? ["warn", fill(texts.summaryOpen, n(this.#attention.length))]
        : ["", texts.summaryNothingOpen],
    );
    const key = summary.flat().join("|");
    if (list.dataset["key"] === key) return;
    list.dataset["key"] = key;
    list.replaceChildren(
      ...summary.map(([kind, text]) => element("li", kind ? { class: kind } : {}, text)),
    );
  }

  #showBroker(line: HTMLElement): void {
    line.hidden = this.#broker === null;
    if (this.#broker === null || line.dataset["broker"] === this.#broker) return;
    line.dataset["broker"] = this.#broker;
    const [before = "", after = ""] = this.#frame.texts.waitingBroker.split("{address}");
    line.replaceChildren(
      before,
      element("code", {}, element("bdi", { dir: "ltr" }, this.#broker)),
      after,
    );
  }

  /**
   * Shows the node that the address names, or else the map.
   *
   * @param goThere whether the viewer asked for it just now, and reads on there
   */
  async #showNode(goThere = false): Promise<void> {
    const parts = this.#parts;
    if (!parts) return;
    const name = decoded(location.hash.slice(1));
    const view = this.#nodes.get(name);
    if (this.#panel && this.#panel.node !== name) {
      this.#panel.destroy();
      this.#panel = undefined;
    }
    parts.overview.hidden = view !== undefined;
    parts.map.select(name || undefined);
    if (!view) return;
    // Charts are not part of the first view: they come when a node is opened.
    const { NodePanel } = await import("./nodePanel");
    if (this.#panel || this.#parts !== parts || location.hash !== `#${name}`) return;
    this.#panel = new NodePanel(view, this.#frame, this.#frame.account, () => {
      location.hash = "";
      const place = this.#positions().get(name);
      if (place) parts.map.centre(place);
      parts.nodes.focus(name);
    });
    parts.main.append(this.#panel.root);
    if (goThere) this.#panel.focus();
  }

  #makeParts(): Parts {
    const frame = this.#frame;
    const { texts } = frame;
    const open = (node: string): void => {
      location.hash = node;
    };
    const map = new StreetMap({
      label: texts.mapLabel,
      zoomIn: texts.zoomIn,
      zoomOut: texts.zoomOut,
      showAll: texts.showAll,
      arabic: frame.language.code === "ar",
      onNode: open,
    });
    const attention = new AttentionList(frame);
    const rollout = new RolloutPanel(frame);
    const nodes = new NodeList(frame);
    const legend = element("ul", { class: "legend", "aria-label": texts.legend });
    const note = element("p", { class: "note" });
    const unplaced = element("p", { class: "note unplaced" });
    const layers = LAYERS.map((layer) => {
      const input = element("input", { type: "radio", name: "layer", value: layer });
      input.checked = layer === this.#layer;
      input.addEventListener("change", () => {
        this.#layer = layer;
        showLegend();
        this.#showNodes();
      });
      return element("label", {}, input, element("span", {}, texts.layers[layer]));
    });
    const showLegend = (): void => {
      legend.replaceChildren(
        ...legendOf(this.#layer).map((mark) =>
          element("li", {}, markIcon(mark), texts.marks[mark.kind] ?? mark.kind),
        ),
      );
      setText(note, texts.layerNotes[this.#layer]);
    };
    showLegend();
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
    const city = element(
      "div",
      { class: "city-parts" },
      element(
        "section",
        { class: "map-part", "aria-label": texts.mapTitle },
        element(
          "fieldset",
          { class: "layers" },
          element("legend", { class: "visually-hidden" }, texts.chooseLayer),
          ...layers,
        ),
        map.root,
        legend,
        note,
        unplaced,
      ),
      element("div", { class: "lists" }, attention.root, rollout.root, nodes.root),
    );
    const signIn = element("button", { type: "button", class: "primary big" }, texts.signIn);
    signIn.addEventListener("click", () => void frame.account.ask());
    const signedOut = element(
      "section",
      { class: "empty" },
      icon(ICONS.lamp),
      element("p", {}, texts.signInToWatch),
      signIn,
    );
    const overview = element("div", { class: "overview" }, summary, signedOut, empty, city);
    const main = element("main", {}, overview);
    const footer = element(
      "footer",
      {},
      element("p", {}, texts.timesNote),
      ...(frame.account.may("audit")
        ? [element("a", { class: "link", href: "/api/audit.csv" }, texts.auditCsv)]
        : []),
    );
    return {
      main,
      footer,
      overview,
      summary,
      signedOut,
      empty,
      broker,
      city,
      map,
      attention,
      rollout,
      nodes,
      unplaced,
    };
  }
}

/** What changes while the page is open. */
interface Parts {
  readonly main: HTMLElement;
  readonly footer: HTMLElement;
  readonly overview: HTMLElement;
  readonly summary: HTMLElement;
  readonly signedOut: HTMLElement;
  readonly empty: HTMLElement;
  readonly broker: HTMLElement;
  readonly city: HTMLElement;
  readonly map: StreetMap;
  readonly attention: AttentionList;
  readonly rollout: RolloutPanel;
  readonly nodes: NodeList;
  readonly unplaced: HTMLElement;
}
