import { metricIndex } from "../../devs/contract/metrics";
import { RecordCursor, putRecord } from "../../devs/outbox/records";
import { PackTimes, packText, roundTo, stepsText } from "../../devs/report/senml";
import type { CaseRunner } from "./caseRunner";

const BASE_S = 1000;

/** A cursor before the records of those metrics, values in steps and seconds. */
function records(given: (string | number)[]): RecordCursor {
  const bytes = Buffer.alloc(given.length * 4);
  let end = 0;
  let lastS = BASE_S;
  for (let i = 0; i < given.length; i += 3) {
    const timeS = given[i + 2] as number;
    const metric = metricIndex(given[i] as string);
    end = putRecord(bytes, end, metric, timeS - lastS, given[i + 1] as number);
    lastS = timeS;
  }
  const cursor = new RecordCursor();
  cursor.open(bytes, 0, BASE_S);
  return cursor;
}

function text(
  name: string,
  boot: number,
  seq: number,
  cursor: RecordCursor,
  count: number,
  times: PackTimes,
  shiftS: number,
): string {
  const pieces = packText(name, boot, seq, cursor, count, times, shiftS);
  return pieces.map((piece) => piece.toString()).join("");
}

/** SenML text, to the letter. */
export async function senmlCases(t: CaseRunner): Promise<void> {
  t.check("rounds to tenths", roundTo(12.3456, 1) === 12.3);
  t.check("rounds to whole numbers", roundTo(-2.6, 0) === -3);
  t.check("leaves no digits behind", "" + roundTo(0.1 + 0.2, 2) === "0.3");
  t.check("steps as tenths", stepsText(629, 1) === "62.9");
  t.check("no zeros at the end", stepsText(1250, 2) === "12.5" && stepsText(1200, 2) === "12");
  t.check("zeros before", stepsText(5, 2) === "0.05" && stepsText(-5, 1) === "-0.5");
  t.check("nothing", stepsText(0, 1) === "0" && stepsText(-40, 0) === "-40");
  t.check("every digit of a large value", stepsText(2147483647, 1) === "214748364.7");

  const name = "berkane/bk-0001/";
  const one = text(name, 3, 7, records(["pm25", 123, 1004]), 1, PackTimes.Relative, -1006.6);
  t.check(
    "one reading without a clock",
    one === '[{"bn":"berkane/bk-0001/","boot":3,"seq":7,"n":"pm25","bu":"ug/m3","v":12.3,"t":-3}]',
    one,
  );
  // prettier-ignore
  const day = ["LAF", 611, 1001, "vocIndex", 100, 1002, "LAF", 640, 1003, "pm25", 120, 1005,
    "LAF", 600, 1006, "pm10", 200, 1005, "illuminance", 1234567, 1007];
  const many = text(name, 3, 8, records(day), 7, PackTimes.Absolute, 1770000000.4);
  t.check(
    "what is shared stands once",
    many ===
      '[{"bn":"berkane/bk-0001/","bt":1770001001,"boot":3,"seq":8,"n":"vocIndex","v":100,"t":1},' +
        '{"n":"pm25","bu":"ug/m3","v":12,"t":4},{"n":"pm10","v":20,"t":4},' +
        '{"n":"illuminance","bu":"lx","v":123456.7,"t":6},' +
        '{"bn":"berkane/bk-0001/LAF","bu":"dB","v":61.1},{"v":64,"t":2},{"v":60,"t":5}]',
    many,
  );
  await t.pause();
  const alone = text(name, 3, 9, records(day), 1, PackTimes.Absolute, 0);
  t.check(
    "as many records as asked for",
    alone === '[{"bn":"berkane/bk-0001/","bt":1001,"boot":3,"seq":9,"n":"LAF","bu":"dB","v":61.1}]',
    alone,
  );
  const lost = ["LAF", 611, 1001, "LAF", 640, 1003, "LAF", 650, 1010];
  const untimed = text(name, 2, 9, records(lost), 3, PackTimes.Unknown, 0);
  t.check(
    "times that nobody knows count from the last",
    untimed ===
      '[{"bn":"berkane/bk-0001/LAF","boot":2,"seq":9,"untimed":true,"bu":"dB","v":61.1,"t":-9},' +
        '{"v":64,"t":-7},{"v":65}]',
    untimed,
  );
}
