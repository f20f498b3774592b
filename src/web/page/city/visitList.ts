import type { VisitView } from "../../api";
import { element } from "../dom";
import { fill } from "../language";
import type { Surroundings } from "../surroundings";

/** Visits that are shown; earlier ones tell of other poles. */
const SHOWN = 4;

/** Who hung a node up, moved it or took it down, what they said of it, and what they saw. */
export class VisitList {
  readonly root: HTMLElement;
  readonly #here: Surroundings;
  readonly #list = element("ol", { class: "visits" });

  constructor(here: Surroundings) {
    this.#here = here;
    this.root = element("section", {}, element("h3", {}, here.texts.visitsTitle), this.#list);
  }

  /** Shows the visits, which come newest first. */
  show(visits: readonly VisitView[]): void {
    this.#list.replaceChildren(
      ...(visits.length === 0
        ? [element("li", { class: "none" }, this.#here.texts.noVisits)]
        : visits.slice(0, SHOWN).map((visit) => this.#item(visit))),
    );
  }

  #item({ id, kind, node, replaces, pole, by, atMs, note, despite, hasPhoto }: VisitView): Node {
    const { texts, format } = this.#here;
    const words = fill(texts.visitKinds[kind], {
      node: isolated(node),
      replaces: isolated(replaces ?? ""),
      pole: isolated(pole),
    });
    const who = fill(texts.visitBy, { name: isolated(by) });
    return element(
      "li",
      {},
      element("p", {}, words),
      element(
        "p",
        { class: "note" },
        element(
          "time",
          { datetime: new Date(atMs).toISOString() },
          format.time(atMs, this.#here.nowMs()),
        ),
        texts.listSeparator,
        who,
      ),
      ...(despite === undefined
        ? []
        : [element("p", { class: "despite" }, fill(texts.visitDespite, { reason: despite }))]),
      // In the crew's language, whatever the viewer's is.
      ...(note === undefined ? [] : [element("p", { class: "visit-note", dir: "auto" }, note)]),
      ...(hasPhoto
        ? [
            element(
              "a",
              { href: `/api/visits/${id}/photo`, target: "_blank" },
              element("img", {
                src: `/api/visits/${id}/photo`,
                alt: fill(texts.visitPhoto, { pole }),
                loading: "lazy",
              }),
            ),
          ]
        : []),
    );
  }
}

/** Names and numbers of poles keep their own direction among Arabic words. */
function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}
