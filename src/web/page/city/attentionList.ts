import type { Attention, Severity } from "../../../city/attention";
import { findMetric } from "../../../../devs/contract/metrics";
import { ICONS, element, icon, setText } from "../dom";
import { fill } from "../language";
import type { Surroundings } from "../surroundings";

const SEVERITY_ICONS: Readonly<Record<Severity, string>> = {
  critical: ICONS.cross,
  warning: ICONS.warning,
  info: ICONS.info,
};
/** More than that nobody reads at a glance; the heading has the number. */
const SHOWN = 40;

/** Open alarms and nodes that need a visit, the worst first. */
export class AttentionList {
  readonly root: HTMLElement;
  readonly #here: Surroundings;
  readonly #title = element("h2", { id: "attention-title" });
  readonly #list = element("ol", { class: "attention" });
  readonly #none = element("p", { class: "none" });

  constructor(here: Surroundings) {
    this.#here = here;
    setText(this.#none, here.texts.nothingToDo);
    this.root = element(
      "section",
      { class: "list-part", "aria-labelledby": "attention-title" },
      this.#title,
      this.#none,
      this.#list,
    );
  }

  /** Shows what there is to do. */
  show(attention: readonly Attention[]): void {
    const { texts, format } = this.#here;
    setText(
      this.#title,
      attention.length > 0
        ? `${texts.attentionTitle} (${format.number(attention.length)})`
        : texts.attentionTitle,
    );
    this.#none.hidden = attention.length > 0;
    this.#list.hidden = attention.length === 0;
    const items = attention.slice(0, SHOWN).map((one) => [one, this.#text(one)] as const);
    const key = items.map(([{ node, severity }, text]) => `${node} ${severity} ${text}`).join("|");
    if (this.#list.dataset["key"] === key) return;
    this.#list.dataset["key"] = key;
    this.#list.replaceChildren(...items.map(([one, text]) => this.#item(one, text)));
  }

  #item({ node, pole, severity }: Attention, text: string): HTMLElement {
    const { texts } = this.#here;
    return element(
      "li",
      {},
      element(
        "a",
        { href: `#${node}`, class: `attention-item ${severity}` },
        icon(SEVERITY_ICONS[severity]),
        element(
          "span",
          { class: "attention-words" },
          element(
            "span",
            { class: "attention-node" },
            element("bdi", {}, node),
            ...(pole === undefined
              ? []
              : [" ", element("bdi", { class: "pole" }, fill(texts.onPole, { pole }))]),
            " ",
            element("span", { class: "severity" }, texts.severities[severity]),
          ),
          element("span", {}, text),
        ),
      ),
    );
  }

  /** What is wrong, and since when: "PM2.5: alarm, at 85 µg/m³, since 13:30". */
  #text(attention: Attention): string {
    const { texts, format } = this.#here;
    const since = fill(texts.since, { time: format.time(attention.sinceMs, this.#here.nowMs()) });
    return [...this.#parts(attention), since].join(texts.listSeparator);
  }

  #parts({ cause, subject = "", reason, value }: Attention): string[] {
    const { texts, format } = this.#here;
    const reasons = reason === undefined ? [] : [texts.faultReasons[reason] ?? reason];
    switch (cause) {
      case "alarm": {
        const metric = findMetric(subject);
        const words = fill(texts.events["alarm-raised"] ?? texts.eventOther, {
          subject: texts.metrics[subject] ?? subject,
        });
        if (value === undefined) return [words];
        const shown = format.value(value, metric?.unit ?? "", Math.min(metric?.decimals ?? 1, 1));
        return [words, fill(texts.eventValue, { value: shown })];
      }
      case "sensor": {
        const chip = subject === "i2c" ? texts.sensorBus : subject.toUpperCase();
        return [
          fill(texts.events["sensor-fault"] ?? texts.eventOther, { subject: chip }),
          ...reasons,
        ];
      }
      case "lamp":
        return [texts.events["lamp-fault"] ?? "", ...reasons];
      case "offline":
        return [
          texts.offline,
          ...(reason === undefined ? [] : [texts.stateReasons[reason] ?? reason]),
        ];
      case "rescued":
        return [texts.rollout.rescued];
      case "signal":
        return [texts.weakSignal, ...(value === undefined ? [] : [format.value(value, "dBm", 0)])];
    }
  }
}
