/** The words of a text, which have one space between them: a text in the program takes no heap, a list of texts does. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let from = 0;
  while (true) {
    const to = text.indexOf(" ", from);
    if (to < 0) break;
    words.push(text.slice(from, to));
    from = to + 1;
  }
  words.push(text.slice(from));
  return words;
}
