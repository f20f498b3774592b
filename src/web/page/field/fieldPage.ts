import type { ConfigReportMessage } from "../../../../devs/contract/messages";
import type { NodeHistory, NodeView } from "../../../city/cityView";
import { checkNode, type FieldCheck } from "../../../field/checks";
import type { ConfigAnswer, MapAnswer, VisitRequest } from "../../api";
import { element, setText } from "../dom";
import { Frame } from "../frame";
import { fill } from "../language";
import type { LiveState } from "../liveFeed";
import { RequestProblem, getJson } from "../requests";
import { CheckList } from "./checkList";
import { CommandButtons } from "./commandButtons";
import { canScan, nodeIn, scanNode } from "./scanner";
import { Sender } from "./sender";
import type { QueuedVisit, Store } from "./store";
import { fieldTexts } from "./texts";
import type { FieldTexts } from "./texts/fieldTexts";
import { VisitForm } from "./visitForm";

/** The node is looked at this often: light for a phone, and soon enough for somebody on a ladder. */
const LOOK_MS = 3000;
/** A label that the camera has not read by then, it will not read. */
const SCAN_MS = 60_000;

/** The field page: one node's checks, and its acceptance on a pole. */
export class FieldPage {
  readonly #store: Store;
  readonly #frame: Frame;
  readonly #sender: Sender;
  #node = nodeOfAddress();
  #view: NodeHistory | undefined;
  #config: ConfigReportMessage | null = null;
  /** Undefined until the server has said anything of this node. */
  #checks: readonly FieldCheck[] | undefined;
  #state: LiveState = "connecting";
  #failed = false;
  #skewMs = 0;
  #liveUntilMs = 0;
  #geography: MapAnswer | undefined;
  #queue: readonly QueuedVisit[] = [];
  /** What the server took since the last node was opened. */
  #arrived: VisitRequest[] = [];
  #parts: Parts | undefined;
  #asked = false;
  /** Aborted when what is on the page goes: a camera is switched off then. */
  #left = new AbortController();

  constructor(store: Store) {
    this.#store = store;
    this.#frame = new Frame({
      title: () => this.#texts.title,
      build: () => this.#build(),
      nowMs: () => this.#nowMs(),
      link: (texts) => ({ href: this.#node ? `/#${this.#node}` : "/", text: texts.mapTitle }),
    });
    this.#sender = new Sender(store, this.#frame.account, {
      changed: (queue) => {
        this.#queue = queue;
        this.#showQueue();
      },
      arrived: (visit) => this.#arrived.push(visit),
    });
  }

  start(): void {
    this.#frame.build();
    void this.#enter();
    addEventListener("popstate", () => this.#open(nodeOfAddress(), false));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
      this.#parts?.form?.recolor(),
    );
  }

  get #texts(): FieldTexts {
    return fieldTexts(this.#frame.language.code);
  }

  #nowMs(): number {
    return Date.now() + this.#skewMs;
  }

  async #enter(): Promise<void> {
    const { account } = this.#frame;
    this.#sender.start();
    void this.#follow();
    try {
      await account.load();
      if (!account.may("visit") && account.session?.user == null) await account.ask();
    } catch (problem) {
      if (!(problem instanceof RequestProblem)) throw problem;
      // No network: what is entered is kept.
    }
    await this.#fetchMap();
  }

  async #fetchMap(): Promise<void> {
    try {
      this.#geography = await getJson<MapAnswer>("/api/map");
      this.#parts?.form?.setMap(this.#geography);
    } catch (problem) {
      if (!(problem instanceof RequestProblem)) throw problem;
    }
  }

  /** Looks at the node again and again, while somebody looks at the page. */
  async #follow(): Promise<void> {
    for (;;) {
      if (this.#node !== undefined && !document.hidden) await this.#look(this.#node);
      if (this.#node === undefined) {
        this.#show();
        this.#loadSession();
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #look(node: string): Promise<void> {
    const path = `/api/nodes/${node}`;
    try {
      // A node that was never heard is not there: that is an answer, too.
      const view = await getJson<NodeHistory>(path).catch(noneWhere(404, undefined));
      const { config } = view
        ? await getJson<ConfigAnswer>(`${path}/config`).catch(noneWhere(404, { config: null }))
        : { config: null };
      if (this.#node !== node) return;
      this.#view = view;
      this.#config = config;
      if (view) this.#skewMs = view.nowMs - Date.now();
      this.#enterState("live");
    } catch (problem) {
      if (!(problem instanceof RequestProblem)) throw problem;
      if (this.#node !== node) return;
      // Once: who says no is not asked every three seconds.
      if (problem.status === 401 && !this.#asked) {
        this.#asked = true;
        void this.#frame.account.ask(this.#frame.account.session?.user != null);
      }
      this.#enterState(this.#state === "connecting" ? "connecting" : "lost");
    }
    this.#show();
  }

  #enterState(state: LiveState): void {
    this.#failed = state !== "live";
    if (state === "live") {
      this.#asked = false;
      this.#liveUntilMs = this.#nowMs();
      // What waits is sent as soon as the server answers again.
      if (this.#state !== "live") void this.#sender.send();
      this.#loadSession();
      this.#checks = checkNode({
        node: this.#view,
        config: this.#config,
        nowMs: this.#nowMs(),
      });
    }
    this.#state = state;
  }

  /** Opened without a network, the page does not know yet what the crew may do. */
  #loadSession(): void {
    const { account } = this.#frame;
    if (!account.session && navigator.onLine) void account.load().catch(() => {});
  }

  #open(node: string | undefined, push = true): void {
    if (node !== undefined) this.#arrived = [];
    if (push) {
      const query = node === undefined ? "" : `?${new URLSearchParams({ node })}`;
      history.pushState(null, "", `/field${query}`);
    }
    this.#node = node;
    this.#view = undefined;
    this.#config = null;
    this.#checks = undefined;
    this.#frame.build();
    if (node !== undefined) void this.#look(node);
    scrollTo(0, 0);
  }

  #build(): readonly HTMLElement[] {
    this.#left.abort();
    this.#left = new AbortController();
    this.#parts?.form?.destroy();
    const queue = element("section", { class: "queue", role: "status" });
    const main = element("main", { class: "field-main" }, queue);
    this.#parts = { main, queue };
    if (this.#node === undefined) main.append(this.#startScreen());
    else this.#parts = { ...this.#parts, ...this.#nodeScreen(main, this.#node) };
    this.#showQueue();
    this.#show();
    return [main];
  }

  /** Scan or type a name. */
  #startScreen(): HTMLElement {
    const texts = this.#texts;
    const name = element("input", {
      type: "text",
      autocapitalize: "none",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "bk-0001",
      required: "",
    });
    const problem = element("p", { class: "problem", role: "alert" });
    const form = element(
      "form",
      {},
      element("label", {}, texts.nodeName, name),
      problem,
      element("button", { type: "submit", class: "primary big" }, texts.openNode),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const node = nodeIn(name.value);
      if (node === undefined) return setText(problem, texts.noSuchName);
      this.#open(node);
    });
    const camera = element("div", {});
    const scan = element("button", { type: "button", class: "primary big" }, texts.scan);
    scan.addEventListener("click", () => {
      scan.hidden = true;
      setText(problem, "");
      const end = new AbortController();
      this.#left.signal.addEventListener("abort", () => end.abort());
      const timer = setTimeout(() => end.abort(), SCAN_MS);
      scanNode(camera, end.signal)
        .then((node) => this.#open(node))
        .catch(() => {
          scan.hidden = false;
          setText(problem, end.signal.aborted ? texts.nothingRead : texts.noCamera);
        })
        .finally(() => clearTimeout(timer));
    });
    return element(
      "section",
      { class: "panel" },
      element("h2", {}, texts.whichNode),
      ...(canScan() ? [scan, camera] : [element("p", { class: "note" }, texts.useCameraApp)]),
      form,
    );
  }

  #nodeScreen(main: HTMLElement, node: string): Pick<Parts, "checks" | "place" | "form"> {
    const texts = this.#texts;
    const { account } = this.#frame;
    const checks = new CheckList(this.#frame, texts);
    const place = element("p", { class: "place" });
    const other = element("button", { type: "button", class: "link" }, texts.otherNode);
    other.addEventListener("click", () => this.#open(undefined));
    const commands = new CommandButtons(node, this.#frame, account, texts);
    main.append(
      element(
        "section",
        { class: "panel" },
        element("div", { class: "panel-head" }, element("h2", {}, element("bdi", {}, node)), other),
        place,
        ...(account.may("command") ? [commands.root] : []),
        checks.root,
      ),
    );
    if (account.session && !account.may("visit")) {
      const signIn = element(
        "button",
        { type: "button", class: "primary big" },
        this.#frame.texts.signIn,
      );
      signIn.addEventListener("click", () => void account.ask());
      main.append(
        element(
          "section",
          { class: "panel" },
          element("p", {}, account.session.user ? texts.roleMayNot : texts.signInFirst),
          ...(account.session.user ? [] : [signIn]),
        ),
      );
      return { checks, place };
    }
    const form = new VisitForm({
      node,
      here: this.#frame,
      texts,
      store: this.#store,
      arabic: this.#frame.language.code === "ar",
      checks: () => this.#checks,
      placeOf: (other) => this.#placeOf(other),
      person: () => account.person,
      queued: () => {
        void this.#sender.send();
        void this.#refreshQueue().then(() => this.#open(undefined));
      },
    });
    if (this.#geography) form.setMap(this.#geography);
    main.append(form.root);
    return { checks, place, form };
  }

  async #placeOf(node: string): Promise<NodeView["place"]> {
    return (await getJson<NodeView>(`/api/nodes/${node}`)).place;
  }

  async #refreshQueue(): Promise<void> {
    this.#queue = await this.#store.queue();
    this.#showQueue();
  }

  #show(): void {
    const frame = this.#frame;
    const texts = this.#texts;
    const time = frame.format.clock(this.#liveUntilMs);
    const known = this.#node !== undefined;
    frame.showLive(
      known ? this.#state : navigator.onLine ? "live" : "lost",
      known && this.#failed
        ? [this.#state === "lost" ? fill(texts.noNetworkSince, { time }) : texts.noNetwork]
        : [],
    );
    const { checks, place, form } = this.#parts ?? {};
    if (this.#checks) checks?.show(this.#checks);
    if (place) {
      const hangs = this.#view?.place;
      setText(
        place,
        hangs ? fill(frame.texts.onPole, { pole: hangs.pole }) : this.#view ? texts.onNoPole : "",
      );
    }
    form?.setNode(this.#view, this.#checks);
  }

  #showQueue(): void {
    const parts = this.#parts;
    if (!parts) return;
    const texts = this.#texts;
    const { format } = this.#frame;
    parts.queue.hidden = this.#queue.length + this.#arrived.length === 0;
    parts.queue.replaceChildren(
      ...this.#arrived.map((visit) => this.#boxOf(visit, texts.arrived, "queued arrived")),
      ...this.#queue.map((one) => this.#queued(one)),
      ...(this.#queue.length === 0
        ? []
        : [
            element(
              "p",
              { class: "note" },
              fill(texts.queueNote, { n: format.number(this.#queue.length) }),
            ),
          ]),
    );
  }

  #queued({ id, visit, refused }: QueuedVisit): HTMLElement {
    const texts = this.#texts;
    if (refused === undefined) return this.#boxOf(visit, texts.waitsToBeSent, "queued");
    const item = this.#boxOf(visit, this.#refusal(refused), "queued refused");
    const again = element("button", { type: "button" }, texts.changeAndSend);
    again.addEventListener("click", () => void this.#reopen(id));
    const remove = element("button", { type: "button" }, texts.throwAway);
    remove.addEventListener(
      "click",
      () => void this.#store.removeQueued(id).then(() => this.#refreshQueue()),
    );
    item.append(element("div", { class: "actions" }, again, remove));
    return item;
  }

  #boxOf({ kind, node, pole }: VisitRequest, state: string, name: string): HTMLElement {
    const words = fill(this.#texts.kindOf[kind], { node, pole });
    return element(
      "div",
      { class: name },
      element("p", {}, element("strong", {}, words)),
      element("p", {}, state),
    );
  }

  #refusal(refused: string): string {
    const [code = "", details = ""] = refused.split(" ");
    const texts = this.#texts;
    return fill(texts.refusals[code] ?? texts.refusedOther, { details });
  }

  /** Puts a refused visit back into the form. */
  async #reopen(id: string): Promise<void> {
    const found = this.#queue.find((one) => one.id === id);
    if (!found) return;
    const { visit, refused = "" } = found;
    const [code, holder] = refused.split(" ");
    const taken = code === "pole-taken" && holder !== undefined;
    await this.#store.saveDraft({
      id: visit.id,
      node: visit.node,
      // The pole has a node already: then that one is replaced.
      kind: taken ? "replace" : visit.kind,
      replaces: taken ? holder : (visit.replaces ?? ""),
      pole: visit.pole,
      heightM: visit.heightM === undefined ? "" : String(visit.heightM),
      directionDeg: visit.directionDeg === undefined ? "" : String(visit.directionDeg),
      lat: visit.lat,
      lon: visit.lon,
      accuracyM: visit.accuracyM,
      photo: visit.photo?.data,
      note: visit.note ?? "",
      despite: visit.despite ?? "",
    });
    await this.#store.removeQueued(id);
    await this.#refreshQueue();
    this.#open(visit.node);
  }
}

/** What changes while the page is open. */
interface Parts {
  readonly main: HTMLElement;
  readonly queue: HTMLElement;
  readonly checks?: CheckList;
  readonly place?: HTMLElement;
  readonly form?: VisitForm;
}

function nodeOfAddress(): string | undefined {
  const node = new URLSearchParams(location.search).get("node");
  return node === null ? undefined : nodeIn(node);
}

function noneWhere<T>(status: number, none: T): (problem: unknown) => T {
  return (problem) => {
    if (problem instanceof RequestProblem && problem.status === status) return none;
    throw problem;
  };
}
