import { InputError } from "../inputError";

/** Labels on a page; all lengths in millimetres. */
export interface LabelFormat {
  readonly name: string;
  readonly pageWidthMm: number;
  readonly pageHeightMm: number;
  readonly columns: number;
  readonly rows: number;
  readonly widthMm: number;
  readonly heightMm: number;
  /** From the page's edge to the first label. */
  readonly leftMm: number;
  readonly topMm: number;
  /** From one label's left (upper) edge to the next one's. */
  readonly stepRightMm: number;
  readonly stepDownMm: number;
}

const A4 = { pageWidthMm: 210, pageHeightMm: 297 };
const LETTER = { pageWidthMm: 215.9, pageHeightMm: 279.4 };
const INCH_MM = 25.4;

/** Sheets as their makers' templates give them; the sizes are printed on the package. */
const SHEETS: readonly LabelFormat[] = [
  sheet("L7163", A4, [2, 7], [99.1, 38.1], [4.65, 15.15], [101.6, 38.1]),
  sheet("L7160", A4, [3, 7], [63.5, 38.1], [7.25, 15.15], [66, 38.1]),
  sheet("L7159", A4, [3, 8], [63.5, 33.9], [7.25, 12.9], [66, 33.9]),
  sheet("L7651", A4, [5, 13], [38.1, 21.2], [4.75, 10.7], [40.6, 21.2]),
  sheet(
    "5160",
    LETTER,
    [3, 10],
    [2.625 * INCH_MM, INCH_MM],
    [0.1875 * INCH_MM, 0.5 * INCH_MM],
    [2.75 * INCH_MM, INCH_MM],
  ),
  sheet(
    "5163",
    LETTER,
    [2, 5],
    [4 * INCH_MM, 2 * INCH_MM],
    [0.15625 * INCH_MM, 0.5 * INCH_MM],
    [4.1875 * INCH_MM, 2 * INCH_MM],
  ),
];

/** Names that `labelFormat` knows. */
export const SHEET_NAMES = SHEETS.map(({ name }) => name);

/** Smallest label on which the QR code and the name can be read, and the largest printer's. */
const MIN_WIDTH_MM = 30;
const MIN_HEIGHT_MM = 15;
const MAX_MM = 200;

/**
 * A sheet by its name, or a printer that gives one label after the other by the label's
 * size in millimetres, such as `62x29`.
 *
 * @throws InputError for another name, or a size at which nothing can be read
 */
export function labelFormat(name: string): LabelFormat {
  const known = SHEETS.find((format) => format.name === name.toUpperCase());
  if (known) return known;
  const size = /^(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)$/.exec(name);
  if (!size)
    throw new InputError(
      `--format ${name}: expected ${SHEET_NAMES.join(", ")}, or the size of a printer's label in mm such as 62x29`,
    );
  const [widthMm, heightMm] = [Number(size[1]), Number(size[2])];
  if (widthMm < MIN_WIDTH_MM || heightMm < MIN_HEIGHT_MM || widthMm > MAX_MM || heightMm > MAX_MM)
    throw new InputError(
      `--format ${name}: a label has ${MIN_WIDTH_MM} to ${MAX_MM} mm by ${MIN_HEIGHT_MM} to ${MAX_MM} mm`,
    );
  const page = { pageWidthMm: widthMm, pageHeightMm: heightMm };
  return sheet(name, page, [1, 1], [widthMm, heightMm], [0, 0], [widthMm, heightMm]);
}

function sheet(
  name: string,
  page: Pick<LabelFormat, "pageWidthMm" | "pageHeightMm">,
  [columns, rows]: [number, number],
  [widthMm, heightMm]: [number, number],
  [leftMm, topMm]: [number, number],
  [stepRightMm, stepDownMm]: [number, number],
): LabelFormat {
  return {
    name,
    ...page,
    columns,
    rows,
    widthMm,
    heightMm,
    leftMm,
    topMm,
    stepRightMm,
    stepDownMm,
  };
}
