/**
 * A text from somewhere else as one line for a terminal or a log: control and direction characters, which
 * would rewrite what stands around it, become question marks.
 */
export function visibleText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, "?");
}
