import { Account } from "./account";
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
import type { LiveState } from "./liveFeed";
import type { Surroundings } from "./surroundings";
import type { Texts } from "./texts/texts";

const CLOCK_MS = 1000;

/** What a page puts into the frame. */
export interface FrameContent {
  /** What the page is called, in the viewer's language. */
  title(texts: Texts): string;
  /** Makes everything below the header anew: the language or the viewer is another. */
  build(): readonly HTMLElement[];
  nowMs(): number;
  /** Where the other page is, and what it is called; undefined for nowhere. */
  link(texts: Texts): { readonly href: string; readonly text: string } | undefined;
}

/** What both pages have around them: language, who is signed in, city, clock, and whether it is live. */
export class Frame implements Surroundings {
  texts: Texts;
  format: Format;
  language: Language;
  readonly account: Account;
  readonly #content: FrameContent;
  readonly #city = element("span", { class: "city" });
  readonly #clock = element("span", { class: "clock" });
  readonly #live = element("span", { class: "live" });
  /** Read out when it changes: whoever does not see the page must know as well. */
  readonly #banner = element("p", { class: "banner", role: "status" });
  #cityName: string | undefined;
  #banners: readonly string[] = [];
  #state: LiveState = "connecting";

  constructor(content: FrameContent) {
    this.#content = content;
    this.language = startLanguage(storedLanguage(), navigator.languages);
    this.texts = this.language.texts;
    this.format = new Format(this.language.locale);
    this.account = new Account(this, () => this.build());
    setInterval(() => this.#showClock(), CLOCK_MS);
  }

  nowMs(): number {
    return this.#content.nowMs();
  }

  /** Makes the page anew; an open dialog stays. */
  build(): void {
    const root = document.documentElement;
    root.lang = this.language.code;
    root.dir = this.language.direction;
    const dialogs = [...document.querySelectorAll("body > dialog")];
    const header = this.#header();
    const parts = [header, this.#banner, ...this.#content.build()];
    for (const child of [...document.body.children]) if (!dialogs.includes(child)) child.remove();
    document.body.prepend(...parts);
    this.setCity(this.#cityName);
    this.showLive(this.#state, this.#banners);
    this.#showClock();
  }

  /** Says which city it is, by its identifier. */
  setCity(city: string | undefined): void {
    this.#cityName = city;
    const name = city === undefined ? "" : (this.texts.cities[city] ?? city);
    document.title = [this.#content.title(this.texts), name, "Streetnode"]
      .filter(Boolean)
      .join(" · ");
    setText(this.#city, name);
  }

  /** Says whether what is shown is of now, and if not, why. */
  showLive(state: LiveState, problems: readonly string[]): void {
    this.#state = state;
    this.#banners = problems;
    const { texts } = this;
    document.body.classList.toggle("not-live", state !== "live");
    if (this.#live.dataset["state"] !== state || this.#live.lang !== this.language.code) {
      this.#live.dataset["state"] = state;
      this.#live.lang = this.language.code;
      const words = { connecting: texts.connecting, live: texts.live, lost: texts.notLive };
      this.#live.replaceChildren(
        element("span", { class: "dot", "aria-hidden": "true" }),
        words[state],
      );
    }
    // Nothing comes for who may not watch.
    this.#live.hidden = this.account.session !== undefined && !this.account.may("watch");
    this.#banner.hidden = problems.length === 0;
    setText(this.#banner, problems.join(" "));
  }

  #choose(language: Language): void {
    this.language = language;
    this.texts = language.texts;
    this.format = new Format(language.locale);
    storeLanguage(language.code);
    this.build();
    document.querySelector<HTMLElement>(`.languages [lang="${language.code}"]`)?.focus();
  }

  #showClock(): void {
    setText(this.#clock, this.format.clock(this.nowMs()));
  }

  #header(): HTMLElement {
    const { texts } = this;
    const languages = LANGUAGES.map((language) => {
      const button = element(
        "button",
        { type: "button", lang: language.code, "aria-pressed": String(language === this.language) },
        language.texts.language,
      );
      button.addEventListener("click", () => this.#choose(language));
      return button;
    });
    const link = this.#content.link(texts);
    return element(
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
          this.#city,
          " ",
          element("span", { class: "visually-hidden" }, this.#content.title(texts)),
        ),
      ),
      element("div", { class: "status" }, this.#live, this.#clock),
      element(
        "nav",
        { class: "menu", "aria-label": texts.menu },
        ...(link ? [element("a", { class: "link", href: link.href }, link.text)] : []),
        ...this.#person(),
        element(
          "div",
          { class: "languages", role: "group", "aria-label": texts.chooseLanguage },
          ...languages,
        ),
      ),
    );
  }

  /** Who is signed in; nothing until that is known. */
  #person(): HTMLElement[] {
    const { texts, account } = this;
    const user = account.session?.user;
    if (!account.session) return [];
    const button = element("button", { type: "button", class: "link" });
    if (user) {
      button.title = fill(texts.signedInAs, { name: user.name, role: texts.roles[user.role] });
      button.append(texts.signOut, " ", element("bdi", { class: "person" }, user.name));
      button.addEventListener("click", () => void account.signOut().catch(() => {}));
    } else {
      button.append(texts.signIn);
      button.addEventListener("click", () => void account.ask());
    }
    return [button];
  }
}
