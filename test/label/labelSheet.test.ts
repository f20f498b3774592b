import { describe, expect, it } from "vitest";
import { fieldPageUrl } from "../../src/label/fieldPageUrl";
import { labelFormat, SHEET_NAMES, type LabelFormat } from "../../src/label/labelFormats";
import { labelSheet, type Label } from "../../src/label/labelSheet";
import { readPdf, type PdfPage, type PdfRectangle } from "../support/pdfPage";
import { decodeQr } from "../support/qrDecoder";

const POINTS_PER_MM = 72 / 25.4;
const BASE = "https://noeuds.berkane.example.ma";

function label(number: number): Label {
  const name = `bk-${String(number).padStart(4, "0")}`;
  const mac = `24:6f:28:00:00:${number.toString(16).padStart(2, "0")}`;
  return { name, city: "berkane", mac, url: fieldPageUrl(BASE, name) };
}

const labels = (count: number) => Array.from({ length: count }, (_, i) => label(i + 1));

interface Cell {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The place of a label on its page, in points. */
function cell(format: LabelFormat, place: number): Cell {
  const left = format.leftMm + (place % format.columns) * format.stepRightMm;
  const top = format.topMm + Math.floor(place / format.columns) * format.stepDownMm;
  return {
    left: left * POINTS_PER_MM,
    top: top * POINTS_PER_MM,
    right: (left + format.widthMm) * POINTS_PER_MM,
    bottom: (top + format.heightMm) * POINTS_PER_MM,
  };
}

const inside = ({ left, top, right, bottom }: Cell, x: number, y: number) =>
  x >= left && x <= right && y >= top && y <= bottom;

/** The QR code within a label, read from the rectangles that are printed. */
function codeIn(page: PdfPage, place: Cell): { text: string; level: string } {
  const runs = page.filled.filter(({ x, y }) => inside(place, x, y));
  const module = Math.min(...runs.map(({ height }) => height));
  const left = Math.min(...runs.map(({ x }) => x));
  const top = Math.min(...runs.map(({ y }) => y));
  const right = Math.max(...runs.map(({ x, width }) => x + width));
  const size = Math.round((right - left) / module);
  const covers = ({ x, y, width, height }: PdfRectangle, px: number, py: number) =>
    px > x && px < x + width && py > y && py < y + height;
  // The quiet zone: four modules, and none of them beyond the label's edge.
  expect(left - 4 * module).toBeGreaterThanOrEqual(place.left);
  expect(top - 4 * module).toBeGreaterThanOrEqual(place.top);
  expect(top + (size + 4) * module).toBeLessThanOrEqual(place.bottom);
  for (const { x, y } of page.texts.filter((text) => inside(place, text.x, text.y)))
    expect(x >= right + 4 * module - 0.01 || y >= top + (size + 4) * module).toBe(true);
  return decodeQr(
    Array.from({ length: size }, (_, row) =>
      Array.from({ length: size }, (_, column) =>
        runs.some((run) => covers(run, left + (column + 0.5) * module, top + (row + 0.5) * module)),
      ),
    ),
  );
}

describe("a sheet of labels", () => {
  it.each([...SHEET_NAMES, "62x29", "57x32", "30x50"])(
    "has on each label of %s the node's name, MAC and code",
    async (name) => {
      const format = labelFormat(name);
      const pages = readPdf(
        await labelSheet([label(1), label(2)], { format, start: 1, outlines: true }),
      );
      const perPage = format.columns * format.rows;
      expect(pages).toHaveLength(perPage === 1 ? 2 : 1);
      for (const [i, wanted] of [label(1), label(2)].entries()) {
        const page = pages[perPage === 1 ? i : 0];
        if (!page) throw new Error("no page");
        expect(page.widthPoints).toBeCloseTo(format.pageWidthMm * POINTS_PER_MM, 1);
        expect(page.heightPoints).toBeCloseTo(format.pageHeightMm * POINTS_PER_MM, 1);
        const place = cell(format, i % perPage);
        expect(codeIn(page, place)).toEqual({ text: wanted.url, level: "Q" });
        const texts = page.texts.filter(({ x, y }) => inside(place, x, y)).map(({ text }) => text);
        expect(texts).toEqual([wanted.name, wanted.mac, wanted.city]);
      }
    },
  );

  it("begins at the first free label and goes on over the page's end", async () => {
    const format = labelFormat("L7163");
    const pages = readPdf(await labelSheet(labels(4), { format, start: 13 }));
    expect(pages).toHaveLength(2);
    const [first, second] = pages;
    if (!first || !second) throw new Error("no pages");
    expect(codeIn(first, cell(format, 12)).text).toBe(label(1).url);
    expect(codeIn(first, cell(format, 13)).text).toBe(label(2).url);
    expect(codeIn(second, cell(format, 0)).text).toBe(label(3).url);
    expect(codeIn(second, cell(format, 1)).text).toBe(label(4).url);
    expect(first.texts).toHaveLength(6);
  });

  it("lies within its page", () => {
    for (const name of SHEET_NAMES) {
      const format = labelFormat(name);
      const last = cell(format, format.columns * format.rows - 1);
      expect(last.right).toBeLessThanOrEqual(format.pageWidthMm * POINTS_PER_MM);
      expect(last.bottom).toBeLessThanOrEqual(format.pageHeightMm * POINTS_PER_MM);
      expect(format.stepRightMm).toBeGreaterThanOrEqual(format.widthMm);
      expect(format.stepDownMm).toBeGreaterThanOrEqual(format.heightMm);
    }
  });

  it("refuses a size on which nothing can be read, and an address that is none", () => {
    expect(() => labelFormat("L9999")).toThrow("--format L9999: expected L7163, ");
    expect(() => labelFormat("10x10")).toThrow("30 to 200 mm by 15 to 200 mm");
    expect(() => fieldPageUrl("nodes.example.org", "bk-0001")).toThrow("expected an address");
    expect(() => fieldPageUrl("ftp://example.org", "bk-0001")).toThrow("https://");
    expect(fieldPageUrl("https://example.org/city/", "bk-0001")).toBe(
      "https://example.org/city/field?node=bk-0001",
    );
  });

  it("would notice a code that cannot be read", async () => {
    const format = labelFormat("62x29");
    const [page] = readPdf(await labelSheet(labels(1), { format, start: 1 }));
    if (!page) throw new Error("no page");
    const damaged = { ...page, filled: page.filled.filter((_, i) => i !== 150) };
    expect(() => codeIn(damaged, cell(format, 0))).toThrow("bad error correction");
  });
});
