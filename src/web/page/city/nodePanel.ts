import { channelConfig } from "../../../../devs/contract/config";
import type { ConfigReportMessage } from "../../../../devs/contract/messages";
import type { NodeChange, NodeHistory, NodeView } from "../../../city/cityView";
import type {
  CommandAnswer,
  CommandRequest,
  ConfigAnswer,
  EventsAnswer,
  SeriesAnswer,
  VisitsAnswer,
} from "../../api";
import type { Account } from "../account";
import { commandProblemText, commandText } from "../commandText";
import { element, setText } from "../dom";
import { fill } from "../language";
import { RequestProblem, getJson, postJson } from "../requests";
import type { Surroundings } from "../surroundings";
import { CHART_MS, type Reporting } from "./metricTile";
import { NodeCard } from "./nodeCard";
import { VisitList } from "./visitList";

/** How long a node shows itself. */
const IDENTIFY_S = 60;

/** One node in full: values, charts of a day with thresholds, events, health, configuration. */
export class NodePanel {
  readonly root: HTMLElement;
  readonly #here: Surroundings;
  readonly #account: Account;
  readonly #card: NodeCard;
  /** For who may see what crews did. */
  readonly #visits: VisitList | undefined;
  readonly #config = element("div", {});
  readonly #answer = element("p", { class: "note", role: "status" });

  /** @param back called to return to the map. */
  constructor(view: NodeView, here: Surroundings, account: Account, back: () => void) {
    this.#here = here;
    this.#account = account;
    this.#card = new NodeCard(view, here);
    const { texts } = here;
    this.#card.addSection(
      element("section", {}, element("h3", {}, texts.configuration), this.#config),
    );
    if (account.may("visit")) {
      this.#visits = new VisitList(here);
      this.#card.addSection(this.#visits.root);
    }
    const button = element("button", { type: "button", class: "back" }, texts.backToMap);
    button.addEventListener("click", back);
    this.root = element(
      "div",
      { class: "node-panel" },
      element("div", { class: "actions" }, button, ...this.#actions(view.node)),
      this.#answer,
      this.#card.root,
    );
    this.reload();
  }

  get node(): string {
    return this.#card.view.node;
  }

  /** Takes what changed. */
  update(change: NodeChange): void {
    this.#card.update(change);
  }

  /** Fetches the last day anew. */
  reload(): void {
    void this.#fetchAll().catch((problem: unknown) => {
      // Not reached: the page says so, and asks again with the next snapshot.
      if (!(problem instanceof RequestProblem)) throw problem;
    });
  }

  refresh(): void {
    this.#card.show();
  }

  /** Draws the charts in the colours of now. */
  recolor(): void {
    this.#card.recolor();
  }

  /** Puts the focus on the node's name, where a reader goes on. */
  focus(): void {
    this.root.querySelector("h2")?.focus();
  }

  destroy(): void {
    this.#card.destroy();
    this.root.remove();
  }

  async #fetchAll(): Promise<void> {
    const path = `/api/nodes/${this.node}`;
    const { config } = await getJson<ConfigAnswer>(`${path}/config`).catch(
      noneThere({ config: null }),
    );
    const document = config?.config ?? {};
    this.#card.setReporting((metric) => reportingOf(metric, document));
    this.#showConfig(config);
    const { history, ...view } = await getJson<NodeHistory>(path);
    this.#card.update(view);
    for (const [metric, points] of Object.entries(history)) this.#card.addPoints(metric, points);
    this.#card.show();
    const fromMs = Math.floor(this.#here.nowMs() - CHART_MS);
    await Promise.all(
      Object.keys(view.metrics).map(async (metric) => {
        const query = new URLSearchParams({ metric, fromMs: String(fromMs) });
        const { points } = await getJson<SeriesAnswer>(`${path}/series?${query}`).catch(
          noneThere({ points: [] }),
        );
        this.#card.addPoints(metric, points);
      }),
    );
    const { events } = await getJson<EventsAnswer>(
      `${path}/events?${new URLSearchParams({ fromMs: String(fromMs) })}`,
    ).catch(noneThere({ events: [] }));
    this.#card.addEvents(events);
    this.#card.show();
    if (!this.#visits) return;
    const { visits } = await getJson<VisitsAnswer>(
      `/api/visits?${new URLSearchParams({ node: this.node })}`,
    );
    this.#visits.show(visits);
  }

  #showConfig(config: ConfigReportMessage | null): void {
    const { texts, format } = this.#here;
    if (!config) {
      this.#config.replaceChildren(element("p", { class: "none" }, texts.configUnknown));
      return;
    }
    const differences = pathsOf(config.config);
    const words = {
      "in-force": texts.configInForce,
      refused: texts.configRefused,
      "rolled-back": texts.configRolledBack,
    }[config.status];
    this.#config.replaceChildren(
      element("p", {}, fill(words, { version: format.number(config.version) })),
      ...(config.refused ?? []).map(({ path, reason }) =>
        element("p", { class: "problem" }, element("bdi", {}, `${path}: ${reason}`)),
      ),
      differences.length === 0
        ? element("p", { class: "note" }, texts.configDefaults)
        : element(
            "dl",
            { class: "facts config" },
            ...differences.map(([path, value]) =>
              element(
                "div",
                {},
                element("dt", {}, element("bdi", {}, path)),
                element("dd", {}, element("bdi", {}, value)),
              ),
            ),
          ),
    );
  }

  /** What this viewer may do with the node. */
  #actions(node: string): HTMLElement[] {
    const { texts } = this.#here;
    const actions: HTMLElement[] = [];
    if (this.#account.may("command")) {
      const identify = element("button", { type: "button" }, texts.identify);
      identify.addEventListener("click", () => void this.#identify(identify));
      actions.push(identify);
    }
    if (this.#account.may("visit"))
      actions.push(
        element(
          "a",
          { class: "button", href: `/field?node=${encodeURIComponent(node)}` },
          texts.openFieldPage,
        ),
      );
    if (this.#account.may("export"))
      actions.push(
        element(
          "a",
          { class: "button", href: `/api/history.csv?${new URLSearchParams({ node })}` },
          texts.exportCsv,
        ),
      );
    return actions;
  }

  async #identify(button: HTMLButtonElement): Promise<void> {
    const { texts } = this.#here;
    button.disabled = true;
    setText(this.#answer, texts.identifyAsked);
    try {
      const answer = await this.#account.signedIn(() =>
        postJson<CommandAnswer>(`/api/nodes/${this.node}/command`, {
          command: "identify",
          seconds: IDENTIFY_S,
        } satisfies CommandRequest),
      );
      setText(this.#answer, commandText(answer, texts));
    } catch (problem) {
      setText(this.#answer, commandProblemText(problem, texts));
    } finally {
      button.disabled = false;
    }
  }
}

/** For what a server without a history, or for a node that never said it, does not have. */
function noneThere<T>(none: T): (problem: unknown) => T {
  return (problem) => {
    if (problem instanceof RequestProblem && problem.status === 404) return none;
    throw problem;
  };
}

function reportingOf(metric: string, document: Readonly<Record<string, unknown>>): Reporting {
  const { report, alarms = [] } = channelConfig({ ...document }, metric);
  return {
    straight: report?.swingingDoor !== undefined,
    thresholds: alarms.flatMap(({ above, below, severity, during = [] }) => {
      const value = above ?? below;
      if (value === undefined) return [];
      return [{ value, critical: severity === "critical", below: above === undefined, during }];
    }),
  };
}

/** What differs from the defaults, as path and value. */
function pathsOf(part: unknown, path = ""): [path: string, value: string][] {
  if (typeof part !== "object" || part === null || Array.isArray(part))
    return [[path, JSON.stringify(part)]];
  return Object.entries(part).flatMap(([name, value]) =>
    pathsOf(value, path ? `${path}.${name}` : name),
  );
}
