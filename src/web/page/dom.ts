type Child = Node | string;

/** Makes an element. Texts are only ever set as text, never read as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Sets a text if it is another one, so that nothing is laid out for nothing. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets an attribute if it is another one. */
export function setAttribute(target: Element, name: string, value: string): void {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

const SVG = "http://www.w3.org/2000/svg";

/** A small drawing from one path, in the colour of the text around it; decoration only. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({
    viewBox: "0 0 16 16",
    class: "icon",
    "aria-hidden": "true",
    focusable: "false",
  }))
    svg.setAttribute(name, value);
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}

/** The drawings of the page, 16 by 16. */
export const ICONS = {
  check: "M6.4 11.6 2.9 8.1l1.2-1.2 2.3 2.3 5.5-5.5 1.2 1.2z",
  cross: "M8 6.8 11.8 3 13 4.2 9.2 8l3.8 3.8-1.2 1.2L8 9.2 4.2 13 3 11.8 6.8 8 3 4.2 4.2 3z",
  question:
    "M7.2 11h1.7v1.8H7.2zM8 3a3.2 3.2 0 0 1 3.2 3.1c0 1.6-1.1 2.2-1.8 2.7-.5.4-.6.6-.6 1.3H7.3c0-1.4.6-1.9 1.2-2.4.6-.4 1.1-.7 1.1-1.5A1.6 1.6 0 0 0 8 4.6c-1 0-1.6.7-1.6 1.6H4.8A3.1 3.1 0 0 1 8 3z",
  warning: "M8 1.8 15 14H1zM7.2 6v4h1.6V6zm0 5v1.6h1.6V11z",
  info: "M7.200 6.500h1.600V13H7.200zm0-3.300h1.600v1.800H7.200zM8 .8a7.200 7.200 0 1 1 0 14.400A7.200 7.200 0 0 1 8 .8zm0 1.400a5.800 5.800 0 1 0 0 11.600A5.800 5.800 0 0 0 8 2.200z",
  wait: "M2.500 6.700h2.600v2.600H2.500zm4.200 0h2.600v2.600H6.700zm4.200 0h2.600v2.600h-2.600z",
  lamp: "M4 15V6a4 4 0 0 1 4-4h3v1.6H8A2.4 2.4 0 0 0 5.600 6v9zM11.500 5a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
} as const;
