import type { RolloutView } from "../../../ota/updatesView";
import type { StepState } from "../../../ota/rolloutStates";
import { element, setText } from "../dom";
import { fill } from "../language";
import type { Surroundings } from "../surroundings";

/** The states of a node as they are told, from the best to the worst. */
const ORDER: readonly StepState[] = [
  "good",
  "watched",
  "away",
  "asked",
  "waiting",
  "failed",
  "returning",
  "returned",
];

/** How the rollout of a new program goes; hidden while there is none. */
export class RolloutPanel {
  readonly root: HTMLElement;
  readonly #here: Surroundings;
  readonly #title = element("h2", { id: "rollout-title" });
  readonly #state = element("p", { class: "rollout-state", role: "status" });
  readonly #bar = element("progress", { "aria-labelledby": "rollout-title" });
  readonly #counts = element("p", {});
  readonly #transfers = element("ul", { class: "rollout-transfers" });
  readonly #failures = element("ul", { class: "rollout-failures" });

  constructor(here: Surroundings) {
    this.#here = here;
    this.root = element(
      "section",
      { class: "list-part rollout", "aria-labelledby": "rollout-title" },
      this.#title,
      this.#state,
      this.#bar,
      this.#counts,
      this.#transfers,
      this.#failures,
    );
    this.root.hidden = true;
  }

  /** Shows how it goes. */
  show(rollout: RolloutView | null): void {
    this.root.hidden = rollout === null;
    if (!rollout) return;
    const key = JSON.stringify(rollout);
    if (this.root.dataset["key"] === key) return;
    this.root.dataset["key"] = key;
    const { format } = this.#here;
    const { rollout: texts } = this.#here.texts;
    setText(this.#title, fill(texts.title, { version: rollout.version }));
    this.#state.dataset["state"] = rollout.state;
    this.#state.replaceChildren(
      texts.states[rollout.state],
      " ",
      fill(texts.stage, {
        n: format.number(rollout.stage + 1),
        of: format.number(rollout.stages),
      }),
      // The reason names nodes and channels as the log does, in English.
      ...(rollout.reason === null
        ? []
        : [" ", element("bdi", { lang: "en", class: "reason" }, rollout.reason)]),
    );
    const all = ORDER.reduce((sum, state) => sum + (rollout.nodes[state] ?? 0), 0);
    this.#bar.max = all;
    this.#bar.value = rollout.nodes.good ?? 0;
    const told = ORDER.filter((state) => rollout.nodes[state] !== undefined);
    setText(
      this.#counts,
      told
        .map((state) => `${texts.nodes[state]}: ${format.number(rollout.nodes[state] ?? 0)}`)
        .join(this.#here.texts.listSeparator),
    );
    this.#transfers.replaceChildren(
      ...rollout.transfers.map(({ node, share }) =>
        element("li", {}, element("bdi", {}, node), ` ${format.number(Math.round(share * 100))} %`),
      ),
    );
    this.#failures.replaceChildren(
      ...rollout.failures.map(({ node, detail }) =>
        element(
          "li",
          {},
          element("a", { href: `#${node}` }, element("bdi", {}, node)),
          " ",
          element("bdi", { lang: "en" }, detail),
        ),
      ),
    );
  }
}
