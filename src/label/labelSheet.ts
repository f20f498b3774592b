import PDFDocument from "pdfkit";
import QRCode from "qrcode";
import type { LabelFormat } from "./labelFormats";

/** What stands on one label. */
export interface Label {
  readonly name: string;
  readonly city: string;
  /** `aa:bb:cc:dd:ee:ff` */
  readonly mac: string;
  /** What the QR code holds. */
  readonly url: string;
}

/** How the labels are laid out. */
export interface LabelSheetOptions {
  readonly format: LabelFormat;
  /** Place of the first label on the first page, from 1, row by row: the ones before are used. */
  readonly start: number;
  /** Draws each label's edge, to check a printer on plain paper. */
  readonly outlines?: boolean;
}

/** PDF's unit is 1/72 inch. */
const POINTS_PER_MM = 72 / 25.4;
/** Away from the label's edge: printers feed with this much play, and it keeps the QR code quiet. */
const PADDING_MM = 2;
/** ISO/IEC 18004 clause 9.1: four modules of nothing around the symbol. */
const QUIET_MODULES = 4;
/** Level Q still reads with a quarter of the symbol gone: rain, sun and dirt. */
const ERROR_CORRECTION = "Q";
const MAX_NAME_POINTS = 20;
const MAX_SMALL_POINTS = 9;

/** Draws labels, page by page. @returns a PDF, to be printed at 100 % */
export async function labelSheet(
  labels: readonly Label[],
  { format, start, outlines }: LabelSheetOptions,
): Promise<Buffer> {
  const size = [format.pageWidthMm * POINTS_PER_MM, format.pageHeightMm * POINTS_PER_MM];
  const document = new PDFDocument({
    size: size as [number, number],
    margin: 0,
    autoFirstPage: false,
    info: { Title: "Streetnode labels" },
  });
  const parts: Buffer[] = [];
  document.on("data", (part: Buffer) => parts.push(part));
  const ended = new Promise<void>((resolve) => document.on("end", resolve));
  const perPage = format.columns * format.rows;
  for (const [i, label] of labels.entries()) {
    const place = (start - 1 + i) % perPage;
    if (i === 0 || place === 0) document.addPage();
    const column = place % format.columns;
    const row = Math.floor(place / format.columns);
    document.save();
    document.translate(
      (format.leftMm + column * format.stepRightMm) * POINTS_PER_MM,
      (format.topMm + row * format.stepDownMm) * POINTS_PER_MM,
    );
    drawLabel(document, label, format, outlines ?? false);
    document.restore();
  }
  document.end();
  await ended;
  return Buffer.concat(parts);
}

function drawLabel(
  document: PDFKit.PDFDocument,
  { name, city, mac, url }: Label,
  { widthMm, heightMm }: LabelFormat,
  outlines: boolean,
): void {
  const width = widthMm * POINTS_PER_MM;
  const height = heightMm * POINTS_PER_MM;
  const padding = PADDING_MM * POINTS_PER_MM;
  if (outlines) document.rect(0, 0, width, height).lineWidth(0.25).stroke("#999999");
  // Upright labels have the text below the symbol.
  const upright = height > width;
  const side = Math.min(width, height) - 2 * padding;
  drawQrCode(document, url, padding, padding, side);
  const textX = upright ? padding : 2 * padding + side;
  const textWidth = width - textX - padding;
  const lines = [
    { text: name, font: "Helvetica-Bold", most: MAX_NAME_POINTS },
    { text: mac, font: "Courier", most: MAX_SMALL_POINTS },
    { text: city, font: "Helvetica", most: MAX_SMALL_POINTS },
  ].map((line) => ({ ...line, points: fittingPoints(document, line, textWidth) }));
  const LINE_HEIGHT = 1.3;
  const textHeight = lines.reduce((sum, { points }) => sum + points * LINE_HEIGHT, 0);
  let y = upright ? 2 * padding + side : (height - textHeight) / 2;
  for (const { text, font, points } of lines) {
    document.font(font).fontSize(points).fillColor("black");
    document.text(text, textX, y, { lineBreak: false });
    y += points * LINE_HEIGHT;
  }
}

/** The largest size, up to `most`, at which the text is no wider than `width`. */
function fittingPoints(
  document: PDFKit.PDFDocument,
  { text, font, most }: { text: string; font: string; most: number },
  width: number,
): number {
  const atOnePoint = document.font(font).fontSize(1).widthOfString(text);
  return Math.min(most, width / atOnePoint);
}

/** Draws the symbol with its quiet zone into a square: a rectangle for each run of dark modules. */
function drawQrCode(
  document: PDFKit.PDFDocument,
  text: string,
  x: number,
  y: number,
  side: number,
): void {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: ERROR_CORRECTION });
  const module = side / (modules.size + 2 * QUIET_MODULES);
  for (let row = 0; row < modules.size; row++)
    for (let from = 0; from < modules.size; from++) {
      if (!modules.get(row, from)) continue;
      let to = from;
      while (to < modules.size && modules.get(row, to)) to++;
      document.rect(
        x + (QUIET_MODULES + from) * module,
        y + (QUIET_MODULES + row) * module,
        (to - from) * module,
        module,
      );
      from = to;
    }
  document.fill("black");
}
