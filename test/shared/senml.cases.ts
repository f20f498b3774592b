import { packHead, recordFields, roundTo } from "../../devs/report/senml";
import type { CaseRunner } from "./caseRunner";

/** SenML text, to the letter. */
export async function senmlCases(t: CaseRunner): Promise<void> {
  t.check("rounds to tenths", roundTo(12.3456, 1) === 12.3);
  t.check("rounds to whole numbers", roundTo(-2.6, 0) === -3);
  t.check("leaves no digits behind", "" + roundTo(0.1 + 0.2, 2) === "0.3");
  t.check(
    "a head without a clock",
    packHead("berkane/bk-0001/", 3, 7, NaN) === '[{"bn":"berkane/bk-0001/","boot":3,"seq":7,',
  );
  t.check(
    "a head with base time",
    packHead("berkane/bk-0001/", 3, 7, 1773982800) ===
      '[{"bn":"berkane/bk-0001/","bt":1773982800,"boot":3,"seq":7,',
  );
  t.check(
    "a record",
    recordFields("pm25", "ug/m3", 12.34, 1, -3) === '"n":"pm25","u":"ug/m3","v":12.3,"t":-3}',
  );
  t.check(
    "an index has no unit",
    recordFields("vocIndex", "", 100, 0, 0) === '"n":"vocIndex","v":100}',
  );
  t.check(
    "large values keep every digit",
    recordFields("illuminance", "lx", 123456.7, 1, 0) ===
      '"n":"illuminance","u":"lx","v":123456.7}',
  );
  await t.pause();
}
