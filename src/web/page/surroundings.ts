import type { Format } from "./format";
import type { Texts } from "./texts/texts";

/** What every part of the page needs: the language and the city's clock. */
export interface Surroundings {
  readonly texts: Texts;
  readonly format: Format;
  /** The server's clock, UTC in milliseconds. */
  nowMs(): number;
}
