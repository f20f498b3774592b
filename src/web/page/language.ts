import { ARABIC } from "./texts/arabic";
import { ENGLISH } from "./texts/english";
import { FRENCH } from "./texts/french";
import type { Texts } from "./texts/texts";

/** A language of the page. */
export interface Language {
  readonly code: LanguageCode;
  /** For Intl: Morocco writes Latin digits in Arabic, too. */
  readonly locale: string;
  readonly direction: "ltr" | "rtl";
  readonly texts: Texts;
}

export type LanguageCode = "ar" | "fr" | "en";

export const LANGUAGES: readonly Language[] = [
  { code: "ar", locale: "ar-MA", direction: "rtl", texts: ARABIC },
  { code: "fr", locale: "fr-MA", direction: "ltr", texts: FRENCH },
  { code: "en", locale: "en-GB", direction: "ltr", texts: ENGLISH },
];

const STORED_AS = "streetnode.language";

/**
 * The language that the viewer chose before, or else the first of the browser's that the
 * page has, or else French.
 */
export function startLanguage(stored: string | null, preferred: readonly string[]): Language {
  const wanted = [stored ?? "", ...preferred, "fr"].map((tag) => tag.slice(0, 2).toLowerCase());
  for (const code of wanted) {
    const language = LANGUAGES.find((one) => one.code === code);
    if (language) return language;
  }
  throw new Error("the page has no French");
}

/** What was stored; null where the browser forbids storage. */
export function storedLanguage(): string | null {
  try {
    return localStorage.getItem(STORED_AS);
  } catch {
    return null;
  }
}

/** Keeps the viewer's choice, where the browser allows it. */
export function storeLanguage(code: LanguageCode): void {
  try {
    localStorage.setItem(STORED_AS, code);
  } catch {
    // The choice then holds until the page is closed.
  }
}

/** A part of an address as it is meant; as it stands where it is no such part. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A text with its `{name}` places filled in. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}
