import type { Mark, Shape } from "./marks";

/** Outlines in a square from -8 to 8. */
const OUTLINES: Readonly<Record<Shape, string>> = {
  circle: "M7 0A7 7 0 1 1-7 0A7 7 0 1 1 7 0Z",
  ring: "M7 0A7 7 0 1 1-7 0A7 7 0 1 1 7 0Z",
  square: "M-6.3-6.3H6.3V6.3H-6.3Z",
  triangle: "M0-8L8 6.5H-8Z",
  diamond: "M0-8.5L8.5 0L0 8.5L-8.5 0Z",
  cross:
    "M0-2.600L4.200-6.800L6.800-4.200L2.600 0L6.800 4.200L4.200 6.800L0 2.600L-4.200 6.800L-6.800 4.200L-2.600 0L-6.800-4.200L-4.200-6.800Z",
};

/** The outline of a shape as the data of an SVG path. */
export function outlineOf(shape: Shape): string {
  return OUTLINES[shape];
}

const SVG = "http://www.w3.org/2000/svg";

/** A mark as a small drawing beside a text that says the same. */
export function markIcon({ kind, shape, text }: Mark): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-10 -10 20 20");
  svg.setAttribute("class", `mark ${kind}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", outlineOf(shape));
  svg.append(path);
  if (text) {
    const label = document.createElementNS(SVG, "text");
    label.setAttribute("y", shape === "triangle" ? "5" : "4");
    label.setAttribute("text-anchor", "middle");
    label.textContent = text;
    svg.append(label);
  }
  return svg;
}
