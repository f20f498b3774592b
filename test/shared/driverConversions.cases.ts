import {
  correctedMv,
  NO2_B43F_FACTORS,
  no2Ppb,
  no2Ugm3,
  o3Ppb,
  o3Ugm3,
  OX_B431_FACTORS,
  temperatureFactor,
} from "../../devs/drivers/alphasenseConversion";
import {
  bh1750Lux,
  bh1750LuxPerCount,
  bh1750NextRange,
  BH1750_RANGES,
} from "../../devs/drivers/bh1750Conversion";
import {
  bme280Calibration,
  bme280H,
  bme280P,
  bme280T,
  bme280Celsius,
  bme280Fine,
  bme280HasMeasured,
  bme280Hpa,
  bme280Pct,
  bme280Raw20,
} from "../../devs/drivers/bme280Conversion";
import {
  pmsa003iError,
  pmsa003iHasCounted,
  pmsa003iIsFrame,
  pmsa003iIsIntact,
  pmsa003iValues,
} from "../../devs/drivers/pmsa003iConversion";
import { scd41Values } from "../../devs/drivers/scd41Conversion";
import { sht4xValues } from "../../devs/drivers/sht4xConversion";
import { sps30Defect, sps30Values } from "../../devs/drivers/sps30Conversion";
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
  hexOfWords,
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
  veml7700LuxPerCount,
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
    while (steps <= VEML7700_RANGES) {
      const counts = Math.min(65535, Math.floor(lux / veml7700LuxPerCount(range)));
      const next = nextRange(range, counts);
      if (next === range) break;
      range = next;
      steps++;
    }
    if (steps > VEML7700_RANGES) settles = false;
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

async function moreSensirionCases(t: CaseRunner): Promise<void> {
  const values = [0, 0, 0, 0];
  // 1, 12.5, 0 and -0.15625 as IEEE 754 prints them.
  sps30Values(sen5xAnswer([0x3f80, 0, 0x4148, 0, 0, 0, 0xbe20, 0]), values);
  t.check("SPS30 reads 1", values[0] === 1);
  t.check("SPS30 reads 12.5", values[1] === 12.5);
  t.check("SPS30 reads 0", values[2] === 0);
  t.check("SPS30 reads a negative number", values[3] === -0.15625);
  sps30Values(sen5xAnswer([0x7fc0, 0, 0x0000, 1, 0x447a, 0, 0, 0]), values);
  t.check("SPS30 reads no number", isNaN(values[0]));
  t.check("SPS30 reads the smallest number", values[1] > 0 && values[1] < 1e-44);
  t.check("SPS30 reads 1000", values[2] === 1000);
  t.check("SPS30 laser", sps30Defect(sen5xAnswer([0, 0x20])) === "laser");
  t.check("SPS30 fan speed", sps30Defect(sen5xAnswer([0x20, 0])) === "fan");
  t.check("SPS30 without a defect", sps30Defect(sen5xAnswer([0, 0])) === undefined);

  // The example of the SCD4x data sheet, section 3.6.2.
  const example = Buffer.from([0x01, 0xf4, 0x33, 0x66, 0x67, 0xa2, 0x5e, 0xb9, 0x3c]);
  const climate = [0, 0, 0];
  scd41Values(example, climate);
  t.check("SCD41 example's check sums", wordsAreGood(example));
  t.check("SCD41 example's CO2", climate[0] === 500);
  t.check("SCD41 example's temperature", close(climate[1], 25, 0.005));
  t.check("SCD41 example's humidity", close(climate[2], 37, 0.005));
  const only = [0];
  scd41Values(example, only);
  t.check("SCD41 CO2 alone", only.length === 1 && only[0] === 500);

  const air = [0, 0];
  sht4xValues(sen5xAnswer([0, 0]), air);
  t.check("SHT4x lower end", air[0] === -45 && air[1] === 0);
  sht4xValues(sen5xAnswer([0xffff, 0xffff]), air);
  t.check("SHT4x upper end", close(air[0], 130, 1e-6) && air[1] === 100);
  sht4xValues(sen5xAnswer([0x8000, 0x8000]), air);
  t.check("SHT4x middle", close(air[0], 42.501, 0.001) && close(air[1], 56.501, 0.001));
  t.check("hexadecimal of words", hexOfWords(example) === "01F466675EB9");
  await t.pause();
}

async function bme280Cases(t: CaseRunner): Promise<void> {
  // BMP280 data sheet, section 3.12, with the formulas that the BME280 shares.
  const t1ToP9 = [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000];
  const first = Buffer.alloc(26);
  for (let i = 0; i < t1ToP9.length; i++) {
    first[2 * i] = t1ToP9[i] & 0xff;
    first[2 * i + 1] = (t1ToP9[i] >> 8) & 0xff;
  }
  first[25] = 75;
  // dig_H2 361, dig_H3 0, dig_H4 322, dig_H5 50, dig_H6 30.
  const second = Buffer.from([0x69, 0x01, 0x00, 0x14, 0x22, 0x03, 0x1e]);
  const calibration = bme280Calibration(first, second) as Buffer;
  const fine = bme280Fine(calibration, 519888);
  t.check("BMP280 example's fine temperature", close(fine, 128422, 1), "" + fine);
  t.check("BMP280 example's temperature", close(bme280Celsius(fine), 25.08, 0.005));
  const hpa = bme280Hpa(calibration, fine, 415148);
  t.check("BMP280 example's pressure", close(hpa, 1006.5327, 0.0005), "" + hpa);
  t.check("BME280 humidity is cut off below", bme280Pct(calibration, fine, 0) === 0);
  t.check("BME280 humidity is cut off above", bme280Pct(calibration, fine, 65535) === 100);
  let rising = true;
  let last = -1;
  for (let raw = 20000; raw < 40000; raw += 500) {
    const pct = bme280Pct(calibration, fine, raw);
    if (pct < last) rising = false;
    last = pct;
  }
  t.check("BME280 humidity rises", rising);
  t.check("BME280 without a divisor", isNaN(bme280Hpa(Buffer.alloc(33), fine, 1)));

  const low = Buffer.alloc(26);
  t.check("BME280 with empty constants", bme280Calibration(low, Buffer.alloc(7)) === undefined);
  low[0] = 0x70;
  low[1] = 0x6b;
  low[4] = 0x18;
  low[5] = 0xfc;
  low[6] = 0x7d;
  low[7] = 0x8e;
  low[25] = 75;
  const read = bme280Calibration(low, Buffer.from([0x69, 0x01, 0x00, 0x14, 0x22, 0xff, 0xe2]));
  t.check("BME280 dig_T1 is unsigned", !!read && bme280T(read, 1) === 27504);
  t.check("BME280 dig_T3 is signed", !!read && bme280T(read, 3) === -1000);
  t.check("BME280 dig_P1 is unsigned", !!read && bme280P(read, 1) === 36477);
  t.check(
    "BME280 dig_H1 and dig_H2",
    !!read && bme280H(read, 1) === 75 && bme280H(read, 2) === 361,
  );
  t.check("BME280 dig_H4", !!read && bme280H(read, 4) === 0x142);
  t.check("BME280 dig_H5 is signed", !!read && bme280H(read, 5) === -14);
  t.check("BME280 dig_H6 is signed", !!read && bme280H(read, 6) === -30);

  const data = Buffer.from([0x65, 0x5a, 0xc0, 0x7e, 0xed, 0x00, 0x6d, 0x00]);
  t.check("BME280 raw values", bme280Raw20(data, 0) === 415148 && bme280Raw20(data, 3) === 519888);
  t.check("BME280 has measured", bme280HasMeasured(data));
  t.check("BME280 has skipped", !bme280HasMeasured(Buffer.from([0x80, 0, 0, 0x80, 0, 0, 0x80, 0])));
  await t.pause();
}

function pmsFrame(): Buffer {
  const frame = Buffer.alloc(32);
  const bytes = [0x42, 0x4d, 0, 28, 0, 5, 0, 9, 0, 12, 0, 6, 0, 10, 1, 2, 0x04, 0xd2];
  for (let i = 0; i < bytes.length; i++) frame[i] = bytes[i];
  frame[28] = 0x97;
  let sum = 0;
  for (let i = 0; i < 30; i++) sum += frame[i];
  frame[30] = sum >> 8;
  frame[31] = sum & 0xff;
  return frame;
}

async function otherCases(t: CaseRunner): Promise<void> {
  const frame = pmsFrame();
  const values = [0, 0, 0];
  t.check("PMSA003I frame", pmsa003iIsFrame(frame) && pmsa003iIsIntact(frame));
  t.check("PMSA003I without an error", pmsa003iError(frame) === 0);
  t.check("PMSA003I has counted", pmsa003iHasCounted(frame));
  pmsa003iValues(frame, values);
  t.check("PMSA003I atmospheric values", values[0] === 6 && values[1] === 10 && values[2] === 258);
  let found = true;
  for (let i = 0; i < 32; i++) {
    frame[i] ^= 0x10;
    if (pmsa003iIsFrame(frame) && pmsa003iIsIntact(frame)) found = false;
    frame[i] ^= 0x10;
  }
  t.check("PMSA003I finds each wrong byte", found);
  t.check("PMSA003I knows another chip", !pmsa003iIsFrame(Buffer.alloc(32)));
  await t.pause();

  // The example of ROHM's note, page 7: 0x8390 at the default sensitivity is 28067 lx.
  t.check("BH1750 example", close(0x8390 / 1.2, 28067, 1));
  t.check("BH1750 sunlight", close(bh1750Lux(0, 0x8390), 28066.7 * (69 / 31), 1));
  t.check("BH1750 reaches full sun", bh1750Lux(0, 65534) > 120000);
  t.check("BH1750 street at night", close(bh1750Lux(2, 1000), 113.2, 0.1));
  let settles = true;
  for (let lux = 0.05; lux < 121000; lux *= 1.3) {
    let range = 0;
    let steps = 0;
    while (steps <= BH1750_RANGES) {
      const counts = Math.min(65535, Math.floor(lux / bh1750LuxPerCount(range)));
      const next = bh1750NextRange(range, counts);
      if (next === range) break;
      range = next;
      steps++;
    }
    if (steps > BH1750_RANGES) settles = false;
  }
  t.check("BH1750 settles on a range in any light", settles);
  await t.pause();
}

async function alphasenseCases(t: CaseRunner): Promise<void> {
  t.check("factor at a table's point", temperatureFactor(NO2_B43F_FACTORS, 20) === 0.6);
  t.check("factor between points", close(temperatureFactor(OX_B431_FACTORS, 25), 1.85, 1e-9));
  t.check("factor below the table", temperatureFactor(NO2_B43F_FACTORS, -50) === 1.3);
  t.check("factor above the table", temperatureFactor(NO2_B43F_FACTORS, 60) === -1.5);
  const no2 = { workingZeroMv: 225, auxiliaryZeroMv: 238, mvPerPpb: 0.25, no2MvPerPpb: 0 };
  const ox = { workingZeroMv: 230, auxiliaryZeroMv: 229, mvPerPpb: 0.4, no2MvPerPpb: 0.3 };
  // By hand: 245 - 225 - 0.6 * (248 - 238) = 14 mV, of 0.25 mV/ppb 56 ppb.
  const no2Mv = correctedMv(no2, 245, 248, 0.6);
  t.check("NO2 cell's corrected voltage", close(no2Mv, 14, 1e-9));
  t.check("NO2 in ppb", close(no2Ppb(no2, no2Mv), 56, 1e-9));
  // 56 ppb of NO2 make 16.8 mV of 36.8 mV, the other 20 mV are 50 ppb of O3.
  t.check("O3 in ppb", close(o3Ppb(ox, 36.8, 56), 50, 1e-9));
  t.check("NO2 in ug/m3", close(no2Ugm3(100), 191.25, 0.05));
  t.check("O3 in ug/m3", close(o3Ugm3(100), 199.53, 0.05));
  await t.pause();
}

/** The drivers' conversions against the data sheets' numbers. */
export async function driverConversionsCases(t: CaseRunner): Promise<void> {
  await sensirionCases(t);
  await sen5xCases(t);
  await veml7700Cases(t);
  await ina226Cases(t);
  await analogCases(t);
  await moreSensirionCases(t);
  await bme280Cases(t);
  await otherCases(t);
  await alphasenseCases(t);
}
