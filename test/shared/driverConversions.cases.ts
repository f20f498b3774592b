import {
  ads1115Counts,
  ads1115Volts,
  ADS1115_2V,
  ADS1115_4V,
} from "../../devs/drivers/ads1115Conversion";
import {
  ina226AmpsPerCount,
  ina226BusVolts,
  ina226CalibratedAmps,
  ina226Calibration,
  ina226Milliamps,
  ina226Watts,
} from "../../devs/drivers/ina226Conversion";
import { sen0232Db } from "../../devs/drivers/sen0232Conversion";
import { clearDefective, sen5xDefect, sen5xValues } from "../../devs/drivers/sen5xConversion";
import {
  signedWordAt,
  textOfWords,
  wordAt,
  wordCrc,
  wordsAreGood,
} from "../../devs/drivers/sensirionWords";
import {
  correctedLux,
  nextRange,
  veml7700Lux,
  VEML7700_RANGES,
} from "../../devs/drivers/veml7700Conversion";
import type { CaseRunner } from "./caseRunner";

function close(value: number, expected: number, tolerance: number): boolean {
  return Math.abs(value - expected) <= tolerance;
}

/** CRC-8 of two bytes bit by bit, as the data sheet writes it. */
function slowCrc(high: number, low: number): number {
  let crc = 0xff;
  for (const byte of [high, low]) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x80 ? ((crc << 1) ^ 0x31) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}

async function sensirionCases(t: CaseRunner): Promise<void> {
  t.check("CRC of 0xBEEF is 0x92", wordCrc(Buffer.from([0xbe, 0xef]), 0) === 0x92);
  t.check("CRC of 0x0000 is 0x81", wordCrc(Buffer.from([0, 0]), 0) === 0x81);
  let same = true;
  const word = Buffer.from([0, 0]);
  for (let i = 0; i < 256; i++) {
    word[0] = i;
    word[1] = (i * 37 + 11) & 0xff;
    if (wordCrc(word, 0) !== slowCrc(word[0], word[1])) same = false;
    if (i % 16 === 0) await t.pause();
  }
  t.check("table and bit-by-bit CRC agree", same);

  const good = Buffer.from([0xbe, 0xef, 0x92, 0x00, 0x00, 0x81]);
  t.check("good words are good", wordsAreGood(good));
  let found = true;
  for (let bit = 0; bit < 48; bit++) {
    good[bit >> 3] ^= 1 << (bit & 7);
    if (wordsAreGood(good)) found = false;
    good[bit >> 3] ^= 1 << (bit & 7);
  }
  t.check("each single wrong bit is found", found);
  t.check("half a word is not good", !wordsAreGood(Buffer.from([0xbe, 0xef])));
  t.check("a word is read high byte first", wordAt(good, 0) === 0xbeef);
  t.check("a word is signed", signedWordAt(good, 0) === 0xbeef - 0x10000);
  t.check(
    "text ends at its zero",
    textOfWords(Buffer.from([83, 80, 0, 83, 0, 0, 65, 65, 0])) === "SPS",
  );
  await t.pause();
}

function sen5xAnswer(words: number[]): Buffer {
  const answer = Buffer.alloc(words.length * 3);
  for (let i = 0; i < words.length; i++) {
    answer[3 * i] = words[i] >> 8;
    answer[3 * i + 1] = words[i] & 0xff;
    answer[3 * i + 2] = slowCrc(answer[3 * i], answer[3 * i + 1]);
  }
  return answer;
}

async function sen5xCases(t: CaseRunner): Promise<void> {
  const values = [0, 0, 0, 0, 0, 0, 0, 0];
  sen5xValues(sen5xAnswer([81, 124, 152, 217, 4860, 4690, 1050, 35]), values);
  const expected = [8.1, 12.4, 15.2, 21.7, 23.45, 48.6, 105, 3.5];
  for (let i = 0; i < 8; i++)
    t.check("SEN5x value " + i, close(values[i], expected[i], 1e-6), "" + values[i]);
  sen5xValues(sen5xAnswer([0, 0, 0, 0, 0, 0x10000 - 2000, 10, 5000]), values);
  t.check("SEN5x zero is a value", values[0] === 0 && values[5] === 0);
  t.check("SEN5x below zero", close(values[4], -10, 1e-6));
  t.check("SEN5x ends of the index", values[6] === 1 && values[7] === 500);
  sen5xValues(
    sen5xAnswer([0xffff, 0xffff, 0xffff, 0xffff, 0x7fff, 0x7fff, 0x7fff, 0x7fff]),
    values,
  );
  let none = true;
  for (let i = 0; i < 8; i++) if (!isNaN(values[i])) none = false;
  t.check("SEN5x unknown words are no values", none);
  sen5xValues(sen5xAnswer([0, 0, 0, 0, 0, 0, 0, 0]), values);
  t.check("SEN5x index 0 is no value", isNaN(values[6]) && isNaN(values[7]));
  const seven = [0, 0, 0, 0, 0, 0, 0];
  sen5xValues(sen5xAnswer([0, 0, 0, 0, 0, 0, 10, 10]), seven);
  t.check("SEN54 has seven values", seven.length === 7);
  t.check("SEN5x without a defect", sen5xDefect(sen5xAnswer([0, 0])) === undefined);
  t.check("SEN5x cleaning is no defect", sen5xDefect(sen5xAnswer([0x0008, 0])) === undefined);
  t.check("SEN5x fan speed", sen5xDefect(sen5xAnswer([0x0020, 0])) === "fan");
  t.check("SEN5x laser", sen5xDefect(sen5xAnswer([0, 0x20])) === "laser");
  const left = [1, 1, 1, 1, 1, 1, 1, 1];
  clearDefective("laser", left);
  t.check("SEN5x laser takes the particles", isNaN(left[0]) && isNaN(left[3]) && left[4] === 1);
  await t.pause();
}

async function veml7700Cases(t: CaseRunner): Promise<void> {
  t.check("VEML7700 is linear up to 1 klx", correctedLux(1000) === 1000);
  // Worked through by hand from the application note's polynomial.
  t.check("VEML7700 corrects 2000 lx", close(correctedLux(2000), 2265.034, 0.01));
  t.check("VEML7700 corrects 10000 lx", close(correctedLux(10000), 14792.9, 0.5));
  t.check("VEML7700 reaches 100 klx", close(correctedLux(21850), 100000, 1500));
  let rising = true;
  let smooth = true;
  let last = 0;
  for (let lux = 0; lux < 24000; lux += 20) {
    const corrected = correctedLux(lux);
    if (corrected < last) rising = false;
    if (lux >= 200 && corrected - last > Math.max(50, 0.02 * last)) smooth = false;
    last = corrected;
    if (lux % 2000 === 0) await t.pause();
  }
  t.check("VEML7700 correction rises everywhere", rising);
  t.check("VEML7700 correction has no jump", smooth);
  t.check("VEML7700 counts", close(veml7700Lux(2, 1000), 67.2, 1e-3));

  let settles = true;
  for (let lux = 0.01; lux < 25000; lux *= 1.4) {
    let range = 1;
    let steps = 0;
    while (steps <= VEML7700_RANGES.length) {
      const counts = Math.min(65535, Math.floor(lux / VEML7700_RANGES[range].luxPerCount));
      const next = nextRange(range, counts);
      if (next === range) break;
      range = next;
      steps++;
    }
    if (steps > VEML7700_RANGES.length) settles = false;
  }
  t.check("VEML7700 settles on a range in any light", settles);
  await t.pause();
}

async function ina226Cases(t: CaseRunner): Promise<void> {
  // The example of section 6.5.2: 10 A through 2 mOhm at 11.98 V.
  t.check("INA226 calibration of the example", ina226Calibration(0.002, 0.001) === 2560);
  t.check(
    "INA226 bus of the example",
    close(ina226BusVolts(Buffer.from([0x25, 0x70])), 11.98, 1e-4),
  );
  t.check(
    "INA226 current of the example",
    close(ina226Milliamps(Buffer.from([0x27, 0x10]), 0.001), 10000, 0.01),
  );
  t.check(
    "INA226 power of the example",
    close(ina226Watts(Buffer.from([0x12, 0xb8]), 0.001), 119.8, 0.01),
  );
  t.check("INA226 current flows both ways", ina226Milliamps(Buffer.from([0xff, 0xff]), 0.001) < 0);
  t.check("INA226 calibration fits its register", ina226Calibration(0.0001, 0.00001) === 32767);
  const calibration = ina226Calibration(0.02, ina226AmpsPerCount(4));
  t.check(
    "INA226 calibration there and back",
    close(ina226CalibratedAmps(0.02, calibration), ina226AmpsPerCount(4), 1e-7),
  );
  await t.pause();
}

async function analogCases(t: CaseRunner): Promise<void> {
  t.check("ADS1115 counts are signed", ads1115Counts(Buffer.from([0xff, 0xff])) === -1);
  t.check("ADS1115 full scale", close(ads1115Volts(32767, ADS1115_4V), 4.095875, 1e-5));
  t.check("ADS1115 half scale", close(ads1115Volts(16384, ADS1115_2V), 1.024, 1e-5));
  t.check("SEN0232 0.6 V is 30 dBA", close(sen0232Db(0.6), 30, 1e-4));
  t.check("SEN0232 2.6 V is 130 dBA", close(sen0232Db(2.6), 130, 1e-4));
  await t.pause();
}

/** The drivers' conversions against the data sheets' numbers. */
export async function driverConversionsCases(t: CaseRunner): Promise<void> {
  await sensirionCases(t);
  await sen5xCases(t);
  await veml7700Cases(t);
  await ina226Cases(t);
  await analogCases(t);
}
