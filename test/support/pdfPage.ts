import { inflateSync } from "node:zlib";

/** A filled rectangle, in points from the page's upper left corner. */
export interface PdfRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What one page of a PDF shows. */
export interface PdfPage {
  readonly widthPoints: number;
  readonly heightPoints: number;
  readonly filled: readonly PdfRectangle[];
  readonly texts: readonly { readonly text: string; readonly x: number; readonly y: number }[];
}

type Matrix = readonly [number, number, number, number, number, number];

/**
 * Runs the drawing operators of each page (ISO 32000-1 clause 8): as much of them as
 * labels need, which is rectangles that are filled and text in a standard font.
 */
export function readPdf(pdf: Buffer): PdfPage[] {
  const text = pdf.toString("latin1");
  const boxes = [...text.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)];
  const streams = [...text.matchAll(/stream\n([^]*?)\nendstream/g)]
    .map(([, body = ""]) => inflateSync(Buffer.from(body, "latin1")).toString("latin1"))
    .filter((body) => /\bre\b|\bTJ\b/.test(body));
  return streams.map((body, i) => runPage(body, Number(boxes[i]?.[1]), Number(boxes[i]?.[2])));
}

function runPage(body: string, widthPoints: number, heightPoints: number): PdfPage {
  const filled: PdfRectangle[] = [];
  const texts: { text: string; x: number; y: number }[] = [];
  let path: PdfRectangle[] = [];
  let matrix: Matrix = [1, 0, 0, 1, 0, 0];
  let textMatrix: Matrix = matrix;
  const saved: Matrix[] = [];
  const operands: string[] = [];
  for (const [token] of body.matchAll(/\[[^\]]*\]|<[^>]*>|\/?[^\s[<]+/g)) {
    if (/^[-\d.[</]/.test(token)) {
      operands.push(token);
      continue;
    }
    const numbers = operands.map(Number);
    const [a = 0, b = 0, c = 0, d = 0] = numbers;
    switch (token) {
      case "q":
        saved.push(matrix);
        break;
      case "Q":
        matrix = saved.pop() ?? matrix;
        break;
      case "cm":
        matrix = times(numbers as unknown as Matrix, matrix);
        break;
      case "re": {
        const [x1, y1] = apply(matrix, a, b);
        const [x2, y2] = apply(matrix, a + c, b + d);
        path.push({
          x: Math.min(x1, x2),
          y: heightPoints - Math.max(y1, y2),
          width: Math.abs(x2 - x1),
          height: Math.abs(y2 - y1),
        });
        break;
      }
      case "f":
        filled.push(...path);
        path = [];
        break;
      case "S":
        path = [];
        break;
      case "Tm":
        textMatrix = times(numbers as unknown as Matrix, matrix);
        break;
      case "TJ": {
        const hex = [...(operands[0] ?? "").matchAll(/<([0-9a-f]*)>/g)].map(([, part]) => part);
        const [x, y] = apply(textMatrix, 0, 0);
        texts.push({
          text: Buffer.from(hex.join(""), "hex").toString("latin1"),
          x,
          y: heightPoints - y,
        });
        break;
      }
    }
    operands.length = 0;
  }
  return { widthPoints, heightPoints, filled, texts };
}

function times(m: Matrix, n: Matrix): Matrix {
  return [
    m[0] * n[0] + m[1] * n[2],
    m[0] * n[1] + m[1] * n[3],
    m[2] * n[0] + m[3] * n[2],
    m[2] * n[1] + m[3] * n[3],
    m[4] * n[0] + m[5] * n[2] + n[4],
    m[4] * n[1] + m[5] * n[3] + n[5],
  ];
}

function apply(m: Matrix, x: number, y: number): [number, number] {
  return [m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]];
}
