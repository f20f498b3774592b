import type { LanguageCode } from "../../language";
import { ARABIC } from "./arabic";
import { ENGLISH } from "./english";
import type { FieldTexts } from "./fieldTexts";
import { FRENCH } from "./french";

const TEXTS: Readonly<Record<LanguageCode, FieldTexts>> = { ar: ARABIC, fr: FRENCH, en: ENGLISH };

/** The texts of the field page in a language. */
export function fieldTexts(code: LanguageCode): FieldTexts {
  return TEXTS[code];
}
