import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../../projectFolder";
import { shortcomings, totals, type Verdict } from "./verdict";

/** uPlot, as the build put it beside the command. */
const PLOT_FOLDER = join(PROJECT_FOLDER, "dist", "report");

/** What a report says of the run that it is about. */
export interface RunFacts {
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  readonly startUtcMs: number;
  readonly virtualSeconds: number;
}

/**
 * A verdict as one HTML file that needs nothing else. It holds no time of day and nothing of
 * this machine: two runs of one plan give the same bytes.
 */
export function verdictHtml(verdict: Verdict, facts: RunFacts): string {
  const sum = totals(verdict);
  const problems = shortcomings(verdict);
  const { readings, truth, alarms, events } = sum;
  const overview: [string, string | number][] = [
    ["Readings that passed the nodes' filters", readings.reported],
    ["… delivered", readings.delivered],
    ["… delivered late", readings.late],
    ["… the latest after, s", readings.latestS],
    ["… dropped or thinned by a full node, and said so", readings.droppedAndSaid],
    ["… lost with the power", readings.lostWithPower],
    ["… still waiting at the end", readings.waiting],
    ["… unexplained", readings.unexplained],
    ["… arrived altered", readings.altered],
    ["… with a time off by more than 2 s", readings.timeOff],
    ["… the same under a wrong beacon of the scenario", readings.timeOffUnderWrongBeacon],
    ["Messages that arrived twice", verdict.duplicates],
    ["Readings compared with the world", truth.compared],
    ["… farther off than the sensor's error", truth.wrong],
    ["… the same under a sensor fault of the scenario", truth.wrongUnderFault],
    ["Changes that ought to have been reported and were not", truth.swallowed],
    ["Health messages compared", sum.counters.checked],
    ["… with a wrong count or clock", sum.counters.wrong],
    ["Nodes whose heap grew", sum.heapsGrown],
    [
      "Alarms due / missed / false / late",
      slashed(alarms.due, alarms.missed, alarms.false, alarms.late),
    ],
    ["… the slowest after, s", alarms.slowestS],
    [
      "Events noticed / delivered / unexplained",
      slashed(events.reported, events.delivered, events.unexplained),
    ],
    ["Faults of the scenario noticed", `${sum.faultsNoticed} of ${sum.faultsExpected}`],
    ["… the slowest after, s", sum.slowestNoticeS],
    ["Faults that were none", sum.falseFaults],
    [
      "Configurations and commands / refused / without an answer",
      slashed(sum.orders, sum.ordersRefused, sum.ordersUnanswered),
    ],
    ["Messages / bytes published", slashed(sum.messages, sum.bytes)],
    ["Connections in the busiest second", verdict.connectsPerSecondMax],
    ["Panics", sum.panics],
  ];
  const { series } = verdict;
  const startS = facts.startUtcMs / 1000;
  const times = series.reported.map((_, i) => startS + i * series.stepS);
  const notes = verdict.nodes.flatMap(({ node, notes: some, panicsAt }) =>
    [...some, ...panicsAt.map((panic) => `panic ${panic}`)].map((note) => `${node} ${note}`),
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Streetnode: ${escape(facts.name)}</title>
<style>
${asset("uPlot.min.css")}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1d2733; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; white-space: nowrap; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #d8dee4; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.sums td:first-child { white-space: normal; }
.good { color: #116329; } .bad { color: #a40e26; }
.wide { overflow-x: auto; }
</style>
<h1>${escape(facts.name)}</h1>
<p>${escape(facts.description)}</p>
<p>${verdict.nodes.length} ${verdict.nodes.length === 1 ? "node" : "nodes"}, ${hours(facts.virtualSeconds)} from ${new Date(facts.startUtcMs).toISOString().slice(0, 16).replace("T", " ")} UTC, seed ${facts.seed}.</p>
<p class="${problems.length === 0 ? "good" : "bad"}"><strong>${problems.length === 0 ? "Good." : escape(`${problems.join("; ")}.`)}</strong></p>
<div class="wide sums">${table(["", ""], overview)}</div>
<h2>Over time</h2>
<div id="readings"></div>
<div id="connects"></div>
<h2>Faults</h2>
<div class="wide">${table(
    ["node", "fault", "at, s", "noticed after, s", "known to be over after, s"],
    verdict.nodes.flatMap(({ faults }) =>
      faults.map(({ node, fault, atS, noticedAfterS, clearedAfterS }) => [
        node,
        fault,
        atS,
        noticedAfterS ?? "never",
        clearedAfterS ?? "",
      ]),
    ),
  )}</div>
${
  sum.orders === 0
    ? ""
    : `<h2>Configurations and commands</h2>
<div class="wide">${table(
        ["node", "order", "at, s", "result", "answered after, s"],
        verdict.nodes.flatMap(({ orders }) =>
          orders.map(({ node, order, atS, result, answeredAfterS }) => [
            node,
            order,
            atS,
            result ?? "none",
            answeredAfterS ?? "",
          ]),
        ),
      )}</div>`
}
<h2>Nodes</h2>
<div class="wide">${table(
    [
      "node",
      "boots",
      "panics",
      "reported",
      "delivered",
      "late",
      "said",
      "power",
      "waiting",
      "unexplained",
      "messages",
      "bytes",
      "reconnects",
      "heap peak",
      "heap early",
      "heap end",
      "flash writes",
    ],
    verdict.nodes.map((node) => [
      node.node,
      node.boots,
      node.panics,
      node.readings.reported,
      node.readings.delivered,
      node.readings.late,
      node.readings.droppedAndSaid,
      node.readings.lostWithPower,
      node.readings.waiting,
      node.readings.unexplained,
      node.messagesPublished,
      node.bytesPublished,
      node.reconnects,
      node.heapPeakBytes,
      node.heapEarlyBytes,
      node.heapEndBytes,
      node.flashWrites,
    ]),
  )}</div>
${notes.length === 0 ? "" : `<h2>Differences</h2><pre class="wide">${escape(notes.join("\n"))}</pre>`}
<script>
${asset("uPlot.iife.min.js")}
const times = ${JSON.stringify(times)};
const plot = (id, title, columns) => new uPlot({
  title, width: document.getElementById(id).clientWidth, height: 260,
  tzDate: (s) => uPlot.tzDate(new Date(s * 1000), "UTC"),
  axes: [
    { space: 100, values: (_, seconds) => seconds.map((s) => new Date(s * 1000).toISOString().slice(5, 16).replace("T", " ")) },
    { size: 75 },
  ],
  series: [{}, ...columns.map(([label, stroke]) => ({ label, stroke, width: 1.5 }))],
}, [times, ...columns.map(([, , values]) => values)], document.getElementById(id));
plot("readings", "Readings in ${minutes(series.stepS)}", [
  ["reported by the nodes", "#0969da", ${JSON.stringify(series.reported)}],
  ["delivered to the city", "#bf5700", ${JSON.stringify(series.delivered)}],
]);
plot("connects", "Connections in ${minutes(series.stepS)}", [["connections", "#6639ba", ${JSON.stringify(series.connects)}]]);
</script>
</html>
`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) =>
    typeof value === "number" ? `<td class="n">${number(value)}</td>` : `<td>${escape(value)}</td>`;
  return `<table><tr>${head.map((name) => `<th>${escape(name)}</th>`).join("")}</tr>
${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}
</table>`;
}

function number(value: number): string {
  return value.toLocaleString("en-GB");
}

function slashed(...values: readonly number[]): string {
  return values.map(number).join(" / ");
}

function hours(seconds: number): string {
  return `${number(Math.round(seconds / 360) / 10)} hours`;
}

function minutes(seconds: number): string {
  return seconds === 60 ? "a minute" : `${number(Math.round(seconds / 6) / 10)} minutes`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function asset(file: string): string {
  return readFileSync(join(PLOT_FOLDER, file), "utf8");
}
