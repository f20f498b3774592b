/** Writes batches without end into the database that it is told of, and says after each how many readings it has acknowledged. */
import { openCityDatabase } from "../../src/history/cityDatabase";
import { SqliteHistory } from "../../src/history/sqliteHistory";

const history = new SqliteHistory(openCityDatabase(String(process.argv[2]), "berkane"));
const origin = { city: "berkane", node: "bk-0001", metric: "pm25", unit: "ug/m3", value: 1 };
const first =
  Number(
    (await history.series("bk-0001", "pm25", { fromMs: 0, toMs: 1e12 }, 4))?.points.at(-1)?.[0] ??
      -1,
  ) + 1;

for (let n = first; ; n += 10) {
  await history.write({
    readings: Array.from({ length: 10 }, (_, i) => ({ ...origin, timeMs: n + i })),
    events: [],
    states: [],
    nodes: new Map([["bk-0001", { heardMs: n }]]),
  });
  await history.audit({ atMs: n, who: "x", what: "command", name: null, detail: null });
  process.stdout.write(`${n + 10}\n`);
}
