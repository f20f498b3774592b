import type { Surroundings } from "../world/surroundings";
import { ModelledChip } from "./virtualChip";

// Bosch BME280 data sheet, BST-BME280-DS002, revision 1.6.
const ID = 0xd0;
const RESET = 0xe0;
const RESET_WORD = 0xb6;
const CTRL_HUM = 0xf2;
const STATUS = 0xf3;
const CTRL_MEAS = 0xf4;
const CONFIG = 0xf5;
const DATA = 0xf7;
const DATA_BYTES = 8;
const MEASURING = 0x08;
const START_UP_MS = 2;
const SKIPPED = [0x80, 0, 0, 0x80, 0, 0, 0x80, 0] as const;

/** Constants of the BMP280's worked example (its data sheet, 3.12), and of a real BME280's humidity. */
const T = [27504, 26435, -1000] as const;
const P = [36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000] as const;
const H = [75, 361, 0, 322, 50, 30] as const;

/** Times that a value is taken, by the field osrs. */
const OVERSAMPLING = [0, 1, 2, 4, 8, 16, 16, 16] as const;

/** Compensation in whole numbers, as the data sheet gives it for temperature (4.2.3), in 0.01 Cel. */
function compensateT(raw: number): { hundredths: number; fine: number } {
  const first = (((raw >> 3) - (T[0] << 1)) * T[1]) >> 11;
  const difference = (raw >> 4) - T[0];
  const second = (((difference * difference) >> 12) * T[2]) >> 14;
  const fine = first + second;
  return { fine, hundredths: (fine * 5 + 128) >> 8 };
}

/** The same for pressure, in 64 bits: Pa in 24.8 format. */
function compensateP(raw: number, fine: number): number {
  const [p1, p2, p3, p4, p5, p6, p7, p8, p9] = P.map(BigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  let var1 = BigInt(fine) - 128000n;
  let var2 = var1 * var1 * p6 + ((var1 * p5) << 17n) + (p4 << 35n);
  var1 = ((var1 * var1 * p3) >> 8n) + ((var1 * p2) << 12n);
  var1 = (((1n << 47n) + var1) * p1) >> 33n;
  if (var1 === 0n) return 0;
  let p = 1048576n - BigInt(raw);
  p = (((p << 31n) - var2) * 3125n) / var1;
  var1 = (p9 * (p >> 13n) * (p >> 13n)) >> 25n;
  var2 = (p8 * p) >> 19n;
  return Number(((p + var1 + var2) >> 8n) + (p7 << 4n));
}

/** The same for humidity, in 32 bits: % in 22.10 format. */
function compensateH(raw: number, fine: number): number {
  const v = fine - 76800;
  const left = ((raw << 14) - (H[3] << 20) - H[4] * v + 16384) >> 15;
  const inner = (((v * H[5]) >> 10) * (((v * H[2]) >> 11) + 32768)) >> 10;
  const right = ((inner + 2097152) * H[1] + 8192) >> 14;
  let x = Math.trunc(left * right);
  x -= ((((x >> 15) * (x >> 15)) >> 7) * H[0]) >> 4;
  return Math.max(0, Math.min(419430400, x)) >> 12;
}

/** The raw value in 0..`highest` for which the rising `of` comes nearest to `wanted`. */
function invert(of: (raw: number) => number, wanted: number, highest: number): number {
  let low = 0;
  let high = highest;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(middle) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Bosch BME280 temperature, humidity and pressure sensor, in sleep and forced mode. */
export class VirtualBme280 extends ModelledChip {
  readonly #registers = new Uint8Array(256);
  #pointer = 0;
  #silentUntilMs = 0;
  #measuringUntilMs: number | undefined;

  constructor(surroundings: Surroundings, address = 0x76) {
    super("bme280", address, surroundings, ["temperature", "humidity", "pressure"]);
    this.#reset();
  }

  override powerCycle(nowMs: number): void {
    this.#reset();
    this.#silentUntilMs = nowMs + this.takes(START_UP_MS);
  }

  protected override onWrite(bytes: Uint8Array, nowMs: number): boolean {
    if (nowMs < this.#silentUntilMs) return false;
    this.#measure(nowMs);
    const [first] = bytes;
    if (first === undefined) return true;
    this.#pointer = first;
    // Each pair is a register and its value (section 6.2.1); a single byte points.
    for (let i = 0; i + 1 < bytes.length; i += 2)
      this.#writeRegister(bytes[i] ?? 0, bytes[i + 1] ?? 0, nowMs);
    return true;
  }

  protected override onRead(length: number, nowMs: number): Uint8Array | undefined {
    if (nowMs < this.#silentUntilMs) return undefined;
    this.#measure(nowMs);
    this.#registers[STATUS] = this.#measuringUntilMs === undefined ? 0 : MEASURING;
    return this.#registers.slice(this.#pointer, this.#pointer + length);
  }

  #reset(): void {
    this.#registers.fill(0);
    this.#registers[ID] = 0x60;
    const put16 = (at: number, value: number) => {
      this.#registers[at] = value & 0xff;
      this.#registers[at + 1] = (value >> 8) & 0xff;
    };
    T.forEach((value, i) => put16(0x88 + 2 * i, value));
    P.forEach((value, i) => put16(0x8e + 2 * i, value));
    this.#registers[0xa1] = H[0];
    put16(0xe1, H[1]);
    this.#registers[0xe3] = H[2];
    this.#registers[0xe4] = H[3] >> 4;
    this.#registers[0xe5] = (H[3] & 0x0f) | ((H[4] & 0x0f) << 4);
    this.#registers[0xe6] = H[4] >> 4;
    this.#registers[0xe7] = H[5] & 0xff;
    this.#registers.set(SKIPPED, DATA);
    this.#measuringUntilMs = undefined;
  }

  #writeRegister(register: number, value: number, nowMs: number): void {
    if (register === RESET && value === RESET_WORD) {
      this.powerCycle(nowMs);
      return;
    }
    if (register !== CTRL_HUM && register !== CTRL_MEAS && register !== CONFIG) return;
    this.#registers[register] = value;
    const mode = value & 3;
    if (register === CTRL_MEAS && (mode === 1 || mode === 2))
      this.#measuringUntilMs = nowMs + this.takes(this.#measurementMs());
  }

  #oversampling(): { t: number; p: number; h: number } {
    const meas = this.#registers[CTRL_MEAS] ?? 0;
    const hum = this.#registers[CTRL_HUM] ?? 0;
    return {
      t: OVERSAMPLING[(meas >> 5) & 7] ?? 0,
      p: OVERSAMPLING[(meas >> 2) & 7] ?? 0,
      h: OVERSAMPLING[hum & 7] ?? 0,
    };
  }

  /** The longest time, section 9.1. */
  #measurementMs(): number {
    const { t, p, h } = this.#oversampling();
    return 1.25 + 2.3 * t + (p ? 2.3 * p + 0.575 : 0) + (h ? 2.3 * h + 0.575 : 0);
  }

  /** Ends a forced measurement whose time is over: the chip sleeps again. */
  #measure(nowMs: number): void {
    const atMs = this.#measuringUntilMs;
    if (atMs === undefined || nowMs < atMs) return;
    this.#measuringUntilMs = undefined;
    this.#registers[CTRL_MEAS] = (this.#registers[CTRL_MEAS] ?? 0) & ~3;
    const { t, p, h } = this.#oversampling();
    const data = Uint8Array.from(SKIPPED);
    const rawT = invert(
      (raw) => compensateT(raw).hundredths,
      this.sense("temperature", atMs) * 100,
      0xfffff,
    );
    const { fine } = compensateT(rawT);
    if (t) data.set([rawT >> 12, (rawT >> 4) & 0xff, (rawT << 4) & 0xf0], 3);
    if (p) {
      // Pressure falls as the raw value rises.
      const raw = invert(
        (r) => -compensateP(r, fine),
        -this.sense("pressure", atMs) * 100 * 256,
        0xfffff,
      );
      data.set([raw >> 12, (raw >> 4) & 0xff, (raw << 4) & 0xf0], 0);
    }
    if (h) {
      const raw = invert((r) => compensateH(r, fine), this.sense("humidity", atMs) * 1024, 0xffff);
      data.set([raw >> 8, raw & 0xff], 6);
    }
    this.#registers.set(data.subarray(0, DATA_BYTES), DATA);
  }
}
