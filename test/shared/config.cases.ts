import {
  type ConfigDocument,
  channelConfig,
  checkConfig,
  sectionConfig,
  sensorConfig,
} from "../../devs/contract/config";
import { metricNames } from "../../devs/contract/metrics";
import type { CaseRunner } from "./caseRunner";

/** The first problem of a document, as the node prints it. */
function firstProblem(document: unknown): string {
  const problems = checkConfig(document);
  return problems.length === 0 ? "" : problems[0].path + " " + problems[0].reason;
}

/** Configuration documents, good and bad. */
export async function configCases(t: CaseRunner): Promise<void> {
  t.check("nothing is a good document", firstProblem({}) === "");
  for (const name of metricNames()) {
    const channel = channelConfig({}, name);
    // The level itself is off: its figures of a minute tell more.
    t.check("a default for " + name, channel.on === (name !== "LAF") && channel.periodS > 0);
    await t.pause();
  }
  const part = { channels: { pm25: { periodS: 60, report: { heartbeatS: 1200 } } } };
  t.check("a part is good", firstProblem(part) === "");
  const merged = channelConfig(part, "pm25");
  t.check("and lies over the defaults", merged.periodS === 60 && merged.on);
  t.check("deep down too", merged.report !== undefined && merged.report.heartbeatS === 1200);
  t.check("without taking what it leaves out", merged.range !== undefined);
  t.check("others stay", channelConfig(part, "pm10").periodS === 10);
  const reset: ConfigDocument = { channels: { pm25: { periodS: null } } };
  t.check("null is the default", channelConfig(reset, "pm25").periodS === 10);
  t.check("and no problem", firstProblem(reset) === "");
  t.check("the health period", sectionConfig({ health: { periodS: 30 } }, "health").periodS === 30);
  t.check("its default", sectionConfig({ health: null }, "health").periodS === 900);
  t.check(
    "the release period",
    sectionConfig({ release: { periodS: 5 } }, "release").periodS === 5,
  );
  t.check("its own default", sectionConfig({}, "release").periodS === 300);
  t.check(
    "a release too seldom",
    firstProblem({ release: { periodS: 3601 } }) ===
      "release.periodS must be a number from 1 to 3600, got 3601",
  );

  const cell = { workingZeroMv: 225, auxiliaryZeroMv: 238, mvPerPpb: 0.27 };
  const oxCell = { workingZeroMv: 231, auxiliaryZeroMv: 229, mvPerPpb: 0.34, no2MvPerPpb: 0.3 };
  const cells: ConfigDocument = { sensors: { alphasense: { no2: cell, ox: oxCell } } };
  t.check("the cells of a gas sensor", firstProblem(cells) === "");
  t.check("as they are given", sensorConfig(cells, "alphasense").ox?.no2MvPerPpb === 0.3);
  t.check("none by default", sensorConfig({}, "alphasense").no2 === undefined);
  t.check("a sensor is looked for by default", sensorConfig({}, "sen55").on === undefined);
  t.check(
    "unless it is switched off",
    sensorConfig({ sensors: { sen55: { on: false } } }, "sen55").on === false,
  );
  t.check("the lamp meter's shunt by default", sensorConfig({}, "ina226").shuntOhm === 0.02);
  t.check(
    "another shunt",
    sensorConfig({ sensors: { ina226: { shuntOhm: 0.1 } } }, "ina226").shuntOhm === 0.1,
  );
  t.check(
    "a cell without its sensitivity",
    firstProblem({
      sensors: { alphasense: { no2: { workingZeroMv: 225, auxiliaryZeroMv: 238 }, ox: oxCell } },
    }) === "sensors.alphasense.no2.mvPerPpb is missing",
  );
  t.check(
    "an OX cell without that to NO2",
    firstProblem({ sensors: { alphasense: { no2: cell, ox: cell } } }) ===
      "sensors.alphasense.ox.no2MvPerPpb is missing",
  );
  t.check(
    "a sensitivity of nothing",
    firstProblem({
      sensors: {
        alphasense: {
          no2: { workingZeroMv: 225, auxiliaryZeroMv: 238, mvPerPpb: 0 },
          ox: oxCell,
        },
      },
    }) === "sensors.alphasense.no2.mvPerPpb must be a number above 0, up to 10, got 0",
  );
  t.check(
    "a shunt that is none",
    firstProblem({ sensors: { ina226: { shuntOhm: 0 } } }) ===
      "sensors.ina226.shuntOhm must be a number from 0.0005 to 1, got 0",
  );
  t.check(
    "a sensor at its other address",
    firstProblem({ sensors: { bme280: { i2cAddress: 119 }, ina226: { i2cAddress: 65 } } }) === "" &&
      sensorConfig({ sensors: { ina226: { i2cAddress: 65 } } }, "ina226").shuntOhm === 0.02,
  );
  t.check(
    "a sensor at an address that it cannot have",
    firstProblem({ sensors: { bme280: { i2cAddress: 64 } } }) ===
      "sensors.bme280.i2cAddress must be a whole number from 118 to 119, got 64",
  );
  t.check(
    "an address of a sensor that has one only",
    firstProblem({ sensors: { sen55: { i2cAddress: 105 } } }) ===
      "sensors.sen55.i2cAddress is not known; expected on",
  );
  t.check(
    "a shunt of a sensor that has none",
    firstProblem({ sensors: { sen55: { shuntOhm: 0.1 } } }) ===
      "sensors.sen55.shuntOhm is not known; expected on",
  );
  t.check(
    "a sensor that nobody knows",
    firstProblem({ sensors: { sen99: {} } }) === "sensors.sen99 is no sensor of this firmware",
  );
  await t.pause();

  t.check("no object", firstProblem([]) === " must be an object");
  t.check(
    "an unknown part",
    firstProblem({ a: 1 }) ===
      "a is not known; expected channels, health, release, time, noise, lamp, sensors",
  );
  t.check(
    "an unknown metric",
    firstProblem({ channels: { pm99: {} } }) === "channels.pm99 is no metric of this node",
  );
  t.check(
    "a period of nothing",
    firstProblem({ channels: { pm25: { periodS: 0 } } }) ===
      "channels.pm25.periodS must be a number from 0.1 to 86400, got 0",
  );
  t.check(
    "on is no number",
    firstProblem({ channels: { pm25: { on: 1 } } }) === "channels.pm25.on must be true or false",
  );
  t.check(
    "health too often",
    firstProblem({ health: { periodS: 1 } }) ===
      "health.periodS must be a number from 10 to 86400, got 1",
  );
  t.check(
    "statistics, humidity and a schedule",
    firstProblem({
      channels: {
        pm25: {
          statistics: { windowS: 60 },
          calibrate: { humidity: { kappa: 0.4 } },
          alarms: [{ above: 35, clear: 30, during: ["night"] }],
        },
      },
    }) === "",
  );
  t.check(
    "the offset of the local time",
    sectionConfig({ time: { utcOffsetMin: 0 } }, "time").utcOffsetMin === 0,
  );
  t.check("its default", sectionConfig({}, "time").utcOffsetMin === 60);
  t.check(
    "an offset beyond any zone",
    firstProblem({ time: { utcOffsetMin: 900 } }) ===
      "time.utcOffsetMin must be a number from -720 to 840, got 900",
  );
  t.check(
    "another word for it",
    firstProblem({ time: { zone: 1 } }) === "time.zone is not known; expected utcOffsetMin",
  );
  t.check(
    "a wrong alarm, by its place",
    firstProblem({
      channels: {
        pm25: {
          alarms: [
            { above: 50, clear: 40 },
            { above: 35, clear: 40 },
          ],
        },
      },
    }) === "channels.pm25.alarms[1].clear must be below above (35), got 40",
  );
  t.check("a wrong chain", firstProblem({ channels: { pm25: { range: 3 } } }) !== "");
}
