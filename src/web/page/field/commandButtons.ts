import type { CommandAnswer, CommandRequest } from "../../api";
import type { Account } from "../account";
import { commandProblemText, commandText } from "../commandText";
import { element, setText } from "../dom";
import { postJson } from "../requests";
import type { Surroundings } from "../surroundings";
import type { FieldTexts } from "./texts/fieldTexts";

/** Long enough to climb down and look up. */
const IDENTIFY_S = 60;

/** What a crew tells a node to do: show itself, and measure now. */
export class CommandButtons {
  readonly root: HTMLElement;
  readonly #node: string;
  readonly #here: Surroundings;
  readonly #account: Account;
  readonly #answer = element("p", { class: "note", role: "status" });

  constructor(node: string, here: Surroundings, account: Account, texts: FieldTexts) {
    this.#node = node;
    this.#here = here;
    this.#account = account;
    this.root = element(
      "div",
      { class: "commands" },
      element(
        "div",
        { class: "actions" },
        this.#button(here.texts.identify, { command: "identify", seconds: IDENTIFY_S }),
        this.#button(texts.measureNow, { command: "sample" }),
      ),
      this.#answer,
    );
  }

  #button(text: string, command: CommandRequest): HTMLButtonElement {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => void this.#tell(button, command));
    return button;
  }

  async #tell(button: HTMLButtonElement, command: CommandRequest): Promise<void> {
    const { texts } = this.#here;
    button.disabled = true;
    setText(this.#answer, texts.identifyAsked);
    try {
      const answer = await this.#account.signedIn(() =>
        postJson<CommandAnswer>(`/api/nodes/${this.#node}/command`, command),
      );
      setText(this.#answer, commandText(answer, texts));
    } catch (problem) {
      setText(this.#answer, commandProblemText(problem, texts));
    } finally {
      button.disabled = false;
    }
  }
}
