import type { SessionAnswer, SignInRequest } from "../api";
import type { Action } from "../../people/roles";
import { element, setText } from "./dom";
import { fill } from "./language";
import { RequestProblem, getJson, postJson } from "./requests";
import type { Surroundings } from "./surroundings";

/** Who is signed in, and the dialog to do so. */
export class Account {
  /** Undefined until the server has said it. */
  session: SessionAnswer | undefined;
  readonly #here: Surroundings;
  readonly #changed: () => void;
  #asking: Promise<boolean> | undefined;

  /** @param changed called when somebody else is signed in. */
  constructor(here: Surroundings, changed: () => void) {
    this.#here = here;
    this.#changed = changed;
  }

  /** Whether the one who looks may do that, as far as is known. */
  may(action: Action): boolean {
    return this.session?.may.includes(action) ?? false;
  }

  /** Who is signed in; without a network, who was last. */
  get person(): string | undefined {
    return this.session ? this.session.user?.name : storedPerson();
  }

  /** Asks the server who is signed in. @throws RequestProblem */
  async load(): Promise<void> {
    this.#take(await getJson<SessionAnswer>("/api/session"));
  }

  /**
   * Does something; where the session has expired, asks to sign in over whatever is on the
   * page, which stays as it is, and does it again.
   *
   * @throws RequestProblem
   */
  async signedIn<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (problem) {
      if (!(problem instanceof RequestProblem) || problem.status !== 401) throw problem;
      if (!(await this.ask(true))) throw problem;
      return act();
    }
  }

  /** Asks to sign in; true when that was done. One dialog at a time. */
  ask(expired = false): Promise<boolean> {
    this.#asking ??= this.#openDialog(expired).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async signOut(): Promise<void> {
    this.#take(await postJson<SessionAnswer>("/api/sign-out", {}));
  }

  #take(session: SessionAnswer): void {
    const same = JSON.stringify(session) === JSON.stringify(this.session);
    this.session = session;
    storePerson(session.user?.name);
    if (!same) this.#changed();
  }

  #openDialog(expired: boolean): Promise<boolean> {
    const { texts } = this.#here;
    const name = input("text", "username");
    const password = input("password", "current-password");
    const problem = element("p", { class: "problem", role: "alert" });
    const submit = element("button", { type: "submit", class: "primary" }, texts.signIn);
    const cancel = element("button", { type: "button" }, texts.cancel);
    const form = element(
      "form",
      {},
      element("h2", { id: "sign-in-title" }, texts.signIn),
      ...(expired ? [element("p", {}, texts.signInExpired)] : []),
      element("label", {}, texts.userName, name),
      element("label", {}, texts.password, password),
      problem,
      element("div", { class: "actions" }, submit, cancel),
    );
    const dialog = element("dialog", { "aria-labelledby": "sign-in-title" }, form);
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      let done = false;
      cancel.addEventListener("click", () => dialog.close());
      dialog.addEventListener("close", () => {
        dialog.remove();
        resolve(done);
      });
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        submit.disabled = true;
        setText(problem, "");
        postJson<SessionAnswer>("/api/sign-in", {
          name: name.value.trim(),
          password: password.value,
        } satisfies SignInRequest)
          .then((session) => {
            done = true;
            this.#take(session);
            dialog.close();
          })
          .catch((error: unknown) => {
            submit.disabled = false;
            setText(problem, this.#problemText(error));
            password.select();
          });
      });
    });
  }

  #problemText(error: unknown): string {
    const { texts, format } = this.#here;
    if (!(error instanceof RequestProblem)) throw error;
    if (error.status === 401) return texts.signInWrong;
    if (error.status === 429)
      return fill(texts.signInTooMany, { time: format.duration(error.answer?.retryS ?? 60) });
    return texts.notReached;
  }
}

const STORED_AS = "streetnode.person";

/** Undefined also where the browser forbids storage. */
function storedPerson(): string | undefined {
  try {
    return localStorage.getItem(STORED_AS) ?? undefined;
  } catch {
    return undefined;
  }
}

function storePerson(name: string | undefined): void {
  try {
    if (name === undefined) localStorage.removeItem(STORED_AS);
    else localStorage.setItem(STORED_AS, name);
  } catch {
    // Then nobody knows it after a reload without a network.
  }
}

function input(type: string, autocomplete: AutoFill): HTMLInputElement {
  return element("input", { type, autocomplete, required: "", autocapitalize: "none" });
}
