import { ConfigStore, type ConfigStorage } from "../../devs/config/configStore";
import { ConfigOutcome, Configuration } from "../../devs/config/configuration";
import { HASH_START, addToHash, hashText } from "../../devs/config/hash";
import { Trial, TrialVerdict } from "../../devs/config/trial";
import { piecedBytes } from "../../devs/mqtt/piecedBytes";
import type { CaseRunner } from "./caseRunner";

/** Applies documents one after the other; gives the report after the last. */
async function reportAfter(
  storage: ConfigStorage,
  documents: string[],
  t: CaseRunner,
): Promise<string> {
  const store = new ConfigStore(storage);
  await store.open();
  const configuration = new Configuration(store, async () => {
    await t.pause();
  });
  let status = "in-force";
  for (const document of documents) {
    const outcome = await configuration.apply(piecedBytes(Buffer.from(document)));
    status = outcome === ConfigOutcome.Refused ? "refused" : "in-force";
  }
  let report = "";
  for (const piece of await configuration.report(status)) report += piece.toString();
  const at = report.indexOf('"status"');
  return report.slice(at, report.length - 1);
}

/** Documents, and what the node then says; each on new flash. */
export async function configurationCases(
  t: CaseRunner,
  newStorage: () => Promise<ConfigStorage>,
): Promise<void> {
  t.check("FNV-1a", hashText(addToHash(HASH_START, Buffer.from("foobar"))) === "bf9cf968");
  t.check("FNV-1a of nothing", hashText(HASH_START) === "811c9dc5");

  const scripts: string[][] = [
    ["nothing", '"status":"in-force","config":{"channels":{}}'],
    [
      "a part",
      '{"version":1,"channels":{"pm25":{"periodS":60}}}',
      '"status":"in-force","config":{"channels":{"pm25":{"periodS":60}}}',
    ],
    [
      "a second part",
      '{"version":1,"channels":{"pm25":{"periodS":60}}}',
      '{"version":2,"channels":{"pm25":{"report":{"heartbeatS":600}},"pm10":{"on":false}},"health":{"periodS":30}}',
      '"status":"in-force","config":{"channels":{"pm25":{"periodS":60,"report":{"heartbeatS":600}},"pm10":{"on":false}},"health":{"periodS":30}}',
    ],
    [
      "null of a member",
      '{"version":1,"channels":{"pm25":{"periodS":60,"on":true}}}',
      '{"version":2,"channels":{"pm25":{"periodS":null}}}',
      '"status":"in-force","config":{"channels":{"pm25":{"on":true}}}',
    ],
    [
      "null of a channel",
      '{"version":1,"channels":{"pm25":{"periodS":60},"pm10":{"periodS":60}}}',
      '{"version":2,"channels":{"pm25":null}}',
      '"status":"in-force","config":{"channels":{"pm10":{"periodS":60}}}',
    ],
    [
      "null of all channels",
      '{"version":1,"channels":{"pm25":{"periodS":60},"pm10":{"periodS":60}},"health":{"periodS":20}}',
      '{"version":2,"channels":null}',
      '"status":"in-force","config":{"channels":{},"health":{"periodS":20}}',
    ],
    [
      "one rule takes the other's place",
      '{"version":1,"channels":{"pm25":{"report":{"swingingDoor":3}}}}',
      '{"version":2,"channels":{"pm25":{"report":{"deadband":2}}}}',
      '"status":"in-force","config":{"channels":{"pm25":{"report":{"deadband":2}}}}',
    ],
    [
      "all or nothing",
      '{"version":1,"channels":{"pm10":{"periodS":20},"pm25":{"periodS":-1}}}',
      '"status":"refused","wanted":1,"refused":[{"path":"channels.pm25.periodS","reason":"must be a number from 0.1 to 86400, got -1"}],"config":{"channels":{}}',
    ],
    [
      "only with what is there already is it wrong",
      '{"version":1,"channels":{"pm25":{"range":{"min":10}}}}',
      '{"version":2,"channels":{"pm25":{"range":{"max":5}}}}',
      '"status":"refused","wanted":2,"refused":[{"path":"channels.pm25.range.max","reason":"must be above min (10), got 5"}],"config":{"channels":{"pm25":{"range":{"min":10}}}}',
    ],
    [
      "no version",
      "{}",
      '"status":"refused","refused":[{"path":"version","reason":"must be a whole number from 1 to 4294967295"}],"config":{"channels":{}}',
    ],
    [
      "unknown names",
      '{"version":1,"chanels":{},"channels":{"pm99":{}}}',
      '"status":"refused","wanted":1,"refused":[{"path":"chanels","reason":"is not known; expected version, channels, health, release, time, noise, lamp, sensors"},{"path":"channels.pm99","reason":"is no metric of this node"}],"config":{"channels":{}}',
    ],
    [
      "twice",
      '{"version":1,"health":{"periodS":20},"health":{"periodS":30}}',
      '"status":"refused","wanted":1,"refused":[{"path":"health","reason":"is there twice"}],"config":{"channels":{}}',
    ],
    [
      "no JSON",
      '{"version":1,',
      '"status":"refused","wanted":1,"refused":[{"path":"","reason":"is not valid JSON: has no name before a value"}],"config":{"channels":{}}',
    ],
    [
      "no JSON deep inside",
      '{"version":1,"channels":{"pm25":{"periodS":6x}}}',
      '"status":"refused","wanted":1,"refused":[{"path":"channels.pm25","reason":"is not valid JSON"}],"config":{"channels":{}}',
    ],
    [
      "an array",
      "[1]",
      '"status":"refused","refused":[{"path":"","reason":"must be a JSON object"}],"config":{"channels":{}}',
    ],
  ];
  for (const script of scripts) {
    const documents: string[] = [];
    for (let i = 1; i < script.length - 1; i++) documents.push(script[i]);
    const found = await reportAfter(await newStorage(), documents, t);
    t.check(script[0], found === script[script.length - 1], found);
    await t.pause();
  }

  const trial = new Trial();
  t.check("nothing on trial", trial.step(0, false) === TrialVerdict.None);
  trial.begin(0);
  t.check("good for ten minutes", trial.step(599000, true) === TrialVerdict.None);
  t.check("kept", trial.step(600000, true) === TrialVerdict.Keep);
  t.check("over", trial.step(2000000, false) === TrialVerdict.None);
  trial.begin(0);
  t.check("lost", trial.step(500000, false) === TrialVerdict.None);
  t.check("back", trial.step(1099000, true) === TrialVerdict.Keep);
  trial.begin(0);
  trial.step(100000, false);
  t.check("back in the first ten minutes", trial.step(200000, true) === TrialVerdict.None);
  trial.step(300000, false);
  t.check("lost again, not for long", trial.step(899000, false) === TrialVerdict.None);
  t.check("for ten minutes", trial.step(900000, false) === TrialVerdict.RollBack);
  t.check("once", trial.step(2000000, false) === TrialVerdict.None);
  trial.begin(0);
  t.check("restarted without a connection", trial.step(0, false) === TrialVerdict.None);
  t.check("which does not come", trial.step(600000, false) === TrialVerdict.RollBack);
}
