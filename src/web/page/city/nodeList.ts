import type { NodeView } from "../../../city/cityView";
import { element, setText } from "../dom";
import { layerValue, markOf, type Layer } from "../map/marks";
import { markIcon } from "../map/shapes";
import type { Surroundings } from "../surroundings";

/** Nodes from which on one has to search. */
const SEARCH_FROM = 8;

/** Every node by name, with what the map says of it: the map for who does not see it. */
export class NodeList {
  readonly root: HTMLElement;
  readonly #here: Surroundings;
  readonly #title = element("h2", { id: "nodes-title" });
  readonly #search: HTMLInputElement;
  readonly #list = element("ul", { class: "node-list" });
  readonly #rows = new Map<string, Row>();

  constructor(here: Surroundings) {
    this.#here = here;
    const { texts } = here;
    this.#search = element("input", {
      type: "search",
      placeholder: texts.searchNode,
      "aria-label": texts.searchNode,
      autocapitalize: "none",
      hidden: "",
    });
    this.#search.addEventListener("input", () => this.#filter());
    this.root = element(
      "section",
      { class: "list-part", "aria-labelledby": "nodes-title" },
      this.#title,
      this.#search,
      this.#list,
    );
  }

  /**
   * Brings the rows in step.
   *
   * @param grown whether time has passed: then rows change whose nodes said nothing, too
   */
  show(nodes: readonly NodeView[], layer: Layer, nowMs: number, grown: boolean): void {
    const { texts, format } = this.#here;
    setText(this.#title, `${texts.allNodes} (${format.number(nodes.length)})`);
    this.#search.hidden = nodes.length < SEARCH_FROM;
    const names = new Set(nodes.map(({ node }) => node));
    for (const [name, row] of this.#rows)
      if (!names.has(name)) {
        row.root.remove();
        this.#rows.delete(name);
      }
    let added = false;
    for (const node of nodes) {
      let row = this.#rows.get(node.node);
      if (!row) {
        this.#rows.set(node.node, (row = new Row(node.node, this.#here)));
        added = true;
      }
      if (grown || !row.shows(node, layer)) row.show(node, layer, nowMs);
    }
    if (!added) return;
    this.#list.append(...nodes.flatMap(({ node }) => this.#rows.get(node)?.root ?? []));
    this.#filter();
  }

  /** Puts the focus on a node's row. */
  focus(node: string): void {
    this.#rows.get(node)?.link.focus({ preventScroll: true });
  }

  #filter(): void {
    const wanted = this.#search.value.trim().toLowerCase();
    for (const row of this.#rows.values()) row.root.hidden = !row.words.includes(wanted);
  }
}

/** One node in the list. */
class Row {
  readonly root: HTMLLIElement;
  readonly link: HTMLAnchorElement;
  /** What it is found by. */
  words = "";
  readonly #here: Surroundings;
  readonly #node: string;
  readonly #mark = element("span", { class: "node-mark" });
  readonly #pole = element("bdi", { class: "pole" });
  readonly #value = element("span", { class: "node-value" });
  #view: NodeView | undefined;
  #layer: Layer | undefined;

  constructor(node: string, here: Surroundings) {
    this.#here = here;
    this.#node = node;
    this.link = element(
      "a",
      { href: `#${node}` },
      this.#mark,
      element("span", { class: "node-name" }, element("bdi", {}, node), " ", this.#pole),
      this.#value,
    );
    this.root = element("li", {}, this.link);
  }

  /** Whether it shows just that. */
  shows(view: NodeView, layer: Layer): boolean {
    return view === this.#view && layer === this.#layer;
  }

  show(view: NodeView, layer: Layer, nowMs: number): void {
    this.#view = view;
    this.#layer = layer;
    const { texts, format } = this.#here;
    const pole = view.place?.pole ?? "";
    setText(this.#pole, pole);
    this.words = `${this.#node} ${pole}`.toLowerCase();
    const mark = markOf(view, layer, nowMs);
    if (this.#mark.dataset["kind"] !== mark.kind) {
      this.#mark.dataset["kind"] = mark.kind;
      this.#mark.replaceChildren(markIcon(mark));
    }
    const words = texts.marks[mark.kind] ?? mark.kind;
    const found = view.state === "offline" ? undefined : layerValue(view, layer, nowMs);
    if (!found) return setText(this.#value, words);
    const [metric, { value, unit, decimals }] = found;
    const shown = format.value(value, unit, Math.min(decimals, 0));
    const name = texts.metrics[metric] ?? metric;
    setText(this.#value, layer === "lamp" ? `${words} · ${shown}` : `${words} · ${name} ${shown}`);
  }
}
