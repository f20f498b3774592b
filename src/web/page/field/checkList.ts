import type { CheckedValue, FieldCheck } from "../../../field/checks";
import { ICONS, element, icon } from "../dom";
import { fill } from "../language";
import type { Surroundings } from "../surroundings";
import type { FieldTexts } from "./texts/fieldTexts";

const STATE_ICONS = { pass: ICONS.check, fail: ICONS.cross, wait: ICONS.wait } as const;

/** The checks of a node, one under another, each with what to do about it. */
export class CheckList {
  readonly root = element("ol", { class: "checks", "aria-live": "polite" });
  readonly #here: Surroundings;
  readonly #texts: FieldTexts;
  readonly #items = new Map<string, HTMLElement>();

  constructor(here: Surroundings, texts: FieldTexts) {
    this.#here = here;
    this.#texts = texts;
  }

  /** Shows the checks; those that are as before stay untouched. */
  show(checks: readonly FieldCheck[]): void {
    for (const [name, item] of this.#items)
      if (!checks.some((check) => check.name === name)) {
        item.remove();
        this.#items.delete(name);
      }
    checks.forEach((check, i) => {
      let item = this.#items.get(check.name);
      if (!item) this.#items.set(check.name, (item = element("li", {})));
      if (this.root.children[i] !== item)
        this.root.insertBefore(item, this.root.children[i] ?? null);
      const key = JSON.stringify(check);
      if (item.dataset["key"] === key) return;
      item.dataset["key"] = key;
      item.className = `check ${check.state}`;
      item.dataset["check"] = check.name;
      item.replaceChildren(...this.#parts(check));
    });
  }

  #parts({ name, state, reason, values }: FieldCheck): Node[] {
    const texts = this.#texts;
    const advice =
      reason === undefined
        ? undefined
        : (texts.advice[`${name}.${reason}`] ?? texts.advice[reason] ?? reason);
    return [
      icon(STATE_ICONS[state]),
      element(
        "div",
        { class: "check-words" },
        element(
          "p",
          { class: "check-title" },
          element("span", {}, texts.checkNames[name] ?? name.toUpperCase()),
          " ",
          element("span", { class: "check-state" }, texts.states[state]),
        ),
        ...values.map((value) => this.#value(value)),
        ...(advice === undefined ? [] : [element("p", { class: "advice" }, advice)]),
      ),
    ];
  }

  #value({ metric, unit, value, decimals, plausible }: CheckedValue): HTMLElement {
    const { texts, format } = this.#here;
    const write = (number: number, digits: number): string =>
      format.value(number, unit, Math.abs(number) >= 1000 ? 0 : digits);
    const name = metric === "signal" ? "" : (texts.metrics[metric] ?? metric);
    const odd = plausible && (value < plausible[0] || value > plausible[1]);
    return element(
      "p",
      { class: odd ? "check-value odd" : "check-value" },
      ...(name ? [element("span", {}, name), " "] : []),
      element("bdi", { class: "number" }, write(value, Math.min(decimals, 1))),
      ...(plausible
        ? [
            " ",
            element(
              "span",
              { class: "plausible" },
              fill(this.#texts.plausible, {
                low: format.number(plausible[0]),
                high: write(plausible[1], 0),
              }),
            ),
          ]
        : []),
    );
  }
}
