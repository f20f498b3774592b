import { writeFileSync } from "node:fs";
import QRCode from "qrcode";

const WIDTH = 640;
const HEIGHT = 480;
const MODULE_PX = 6;
/** A label is hardly ever held straight, or lit evenly. */
const TURNED_RAD = 0.3;
const PAPER = 215;
const INK = 40;
const SHADE = 70;
const DESK = 120;
const QUIET_ZONE = 4;

/**
 * Writes what a camera sees of a label with that text in its QR code: a still film
 * (YUV4MPEG2), as Chromium takes it in a camera's place.
 */
export function writeLabelVideo(file: string, text: string): void {
  const { size, data } = QRCode.create(text, { errorCorrectionLevel: "M" }).modules;
  const luma = Buffer.alloc(WIDTH * HEIGHT);
  const [cos, sin] = [Math.cos(TURNED_RAD), Math.sin(TURNED_RAD)];
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) {
      const [dx, dy] = [x - WIDTH / 2, y - HEIGHT / 2];
      const column = Math.floor((dx * cos + dy * sin) / MODULE_PX + size / 2);
      const row = Math.floor((dy * cos - dx * sin) / MODULE_PX + size / 2);
      const onLabel = [row, column].every((at) => at >= -QUIET_ZONE && at < size + QUIET_ZONE);
      const onCode = [row, column].every((at) => at >= 0 && at < size);
      const dark = onCode && data[row * size + column] === 1;
      luma[y * WIDTH + x] = onLabel ? (dark ? INK : PAPER) - (SHADE * x) / WIDTH + 30 : DESK;
    }
  const frame = Buffer.concat([
    Buffer.from("FRAME\n"),
    luma,
    Buffer.alloc((WIDTH * HEIGHT) / 2, 128),
  ]);
  const header = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(file, Buffer.concat([header, frame, frame]));
}
