import { americanIndex, europeanLevel, POLLUTANTS } from "../../devs/air/airIndexes";
import { AirQuality } from "../../devs/air/airQuality";
import { HourlyMeans } from "../../devs/air/hourlyMeans";
import type { CaseRunner } from "./caseRunner";

const PM25 = POLLUTANTS.indexOf("pm25");
const NO2 = POLLUTANTS.indexOf("no2");
const O3 = POLLUTANTS.indexOf("o3");
/** ug/m3 of one ppb at 20 Cel. */
const O3_UGM3 = 47.998 / 24.055;
const NO2_UGM3 = 46.006 / 24.055;

/** Gives one value every `periodS` from one time to another; says how often an hour ended. */
function feed(
  air: AirQuality,
  pollutant: number,
  value: number,
  fromS: number,
  toS: number,
  periodS: number,
): number {
  let ended = 0;
  for (let timeS = fromS; timeS < toS; timeS += periodS)
    if (air.add(pollutant, value, timeS)) ended++;
  return ended;
}

export async function airQualityCases(t: CaseRunner): Promise<void> {
  const is = (name: string, actual: number, expected: number) =>
    t.check(
      name,
      actual === expected || (isNaN(actual) && isNaN(expected)),
      "is " + actual + ", not " + expected,
    );

  is("PM2.5 at the end of good", europeanLevel("pm25", 5), 1);
  is("PM2.5 just above it", europeanLevel("pm25", 5.1), 2);
  is("PM10 at the end of very poor", europeanLevel("pm10", 270), 5);
  is("PM10 beyond", europeanLevel("pm10", 1000), 6);
  is("NO2 moderate", europeanLevel("no2", 60), 3);
  is("O3 poor", europeanLevel("o3", 160), 4);
  is("no value, no level", europeanLevel("o3", NaN), NaN);

  is("PM2.5 of nothing", americanIndex("pm25", 0), 0);
  is("PM2.5 at the end of good", americanIndex("pm25", 9), 50);
  // 9.05 is truncated to 9.0, which is the end of the band.
  is("PM2.5 is truncated", americanIndex("pm25", 9.05), 50);
  is("PM2.5 at the begin of moderate", americanIndex("pm25", 9.1), 51);
  // (150 - 101) / (55.4 - 35.5) * (35.9 - 35.5) + 101
  is("PM2.5 by the equation", americanIndex("pm25", 35.9), 102);
  is("PM2.5 at the highest index", americanIndex("pm25", 325.4), 500);
  is("PM2.5 beyond the index", americanIndex("pm25", 900), 500);
  is("PM10 unhealthy", americanIndex("pm10", 354), 200);
  is("NO2 of 100 ppb", americanIndex("no2", 100.5 * NO2_UGM3), 100);
  // (150 - 101) / (0.085 - 0.071) * (0.078 - 0.071) + 101, rounded: EPA's example of ozone.
  is("O3 by the equation", americanIndex("o3", 78.5 * O3_UGM3), 126);
  is("O3 of eight hours, beyond its table", americanIndex("o3", 201 * O3_UGM3), NaN);
  is("O3 of an hour, below its table", americanIndex("o3hour", 124.5 * O3_UGM3), NaN);
  is("O3 of an hour", americanIndex("o3hour", 125.5 * O3_UGM3), 101);
  is("O3 of an hour, hazardous", americanIndex("o3hour", 604.5 * O3_UGM3), 500);
  is("no value, no index", americanIndex("pm10", NaN), NaN);
  await t.pause();

  const means = new HourlyMeans();
  is("no hour yet", means.over(1), NaN);
  for (let i = 0; i <= 360; i++) means.add(i % 2 === 0 ? 10 : 20, i * 10);
  means.endHour();
  t.check("mean of an hour", Math.abs(means.over(1) - 15) < 0.06, "is " + means.over(1));
  is("one of two hours is too little", means.over(2), NaN);
  for (let i = 0; i < 3; i++) means.add(10, 3600 + i * 600);
  means.endHour();
  is("half an hour is too little", means.over(1), NaN);
  for (let hour = 2; hour < 5; hour++) {
    for (let i = 0; i < 12; i++) means.add(1000, hour * 3600 + i * 300);
    means.endHour();
  }
  is("three of four hours are enough", means.over(4), 1000);
  const broken = new HourlyMeans();
  for (let i = 0; i <= 93; i++) broken.add(10, i * 10);
  for (let i = 267; i <= 360; i++) broken.add(10, i * 10);
  broken.endHour();
  is("an hour with a pause of 29 minutes is too little", broken.over(1), NaN);
  const slow = new HourlyMeans();
  for (let i = 0; i <= 5; i++) slow.add(10, i * 720);
  slow.endHour();
  is("an hour sampled every twelve minutes is enough", slow.over(1), 10);
  await t.pause();

  const air = new AirQuality();
  is("the first hour does not end with its first value", feed(air, PM25, 40, 0, 3600, 60), 0);
  is("it ends with the next one's first", feed(air, PM25, 4, 3600, 7200, 60), 1);
  is("its level", air.europeanLevel, 3);
  is("no American index before 18 hours", air.americanIndex, NaN);
  is("another hour", feed(air, PM25, 4, 7200, 7260, 60), 1);
  is("the level follows", air.europeanLevel, 1);
  for (let hour = 2; hour < 18; hour++) {
    feed(air, PM25, 4, hour * 3600 + 60, (hour + 1) * 3600 + 30, 60);
    await t.pause();
  }
  // 17 hours of 4 and one of 40: 6 ug/m3.
  is("the American index after 18 hours", air.americanIndex, 33);
  feed(air, NO2, 200, 18 * 3600 + 60, 19 * 3600, 60);
  feed(air, PM25, 4, 18 * 3600 + 90, 19 * 3600 + 31, 60);
  is("the worst of two is the level", air.europeanLevel, 6);
  // 104 ppb: (150 - 101) / (360 - 101) * (104 - 101) + 101
  is("and the index", air.americanIndex, 102);
  is("a silence of two days ends hours once", feed(air, PM25, 4, 70 * 3600, 70 * 3600 + 1, 60), 1);
  is("and leaves nothing", air.americanIndex, NaN);
  is("nothing at all", air.europeanLevel, NaN);

  const ozone = new AirQuality();
  for (let hour = 0; hour < 7; hour++) {
    feed(ozone, O3, 100.5 * O3_UGM3, hour * 3600, (hour + 1) * 3600 + 1, 100);
    await t.pause();
  }
  // 100 ppb of eight hours: (200 - 151) / (105 - 86) * (100 - 86) + 151
  is("ozone of eight hours", ozone.americanIndex, 187);
}
