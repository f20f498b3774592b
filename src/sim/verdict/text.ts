import Table from "cli-table3";
import { shortcomings, totals, type Verdict } from "./verdict";

/** Nodes whose lines are shown; the others are in the JSON and HTML reports. */
const NODES_SHOWN = 20;

/** A verdict for a terminal. */
export function verdictText(verdict: Verdict): string {
  const sum = totals(verdict);
  const overview = new Table({ head: ["", ""], style: { head: [], border: [] } });
  const row = (name: string, text: string) => overview.push([name, text]);
  const { readings, events, truth, alarms } = sum;
  row("readings reported", `${readings.reported}`);
  row(
    "delivered",
    `${readings.delivered}, ${readings.late} late (the latest after ${readings.latestS} s), ${verdict.duplicates} messages twice`,
  );
  row(
    "not delivered",
    `${readings.droppedAndSaid} dropped and said so, ${readings.lostWithPower} lost with the power, ${readings.waiting} still waiting`,
  );
  row("unexplained", `${readings.unexplained} lost, ${readings.altered} altered`);
  row(
    "times off by more than 2 s",
    `${readings.timeOff} (${readings.timeOffUnderWrongBeacon} more under a wrong beacon)`,
  );
  row(
    "against the world",
    `${truth.compared} compared, ${truth.wrong} wrong (${truth.wrongUnderFault} more under a fault), ${truth.swallowed} changes swallowed`,
  );
  row("counters", `${sum.counters.checked} health messages compared, ${sum.counters.wrong} wrong`);
  row("heaps that grew", `${sum.heapsGrown}`);
  row(
    "alarms",
    `${alarms.due} due, ${alarms.missed} missed, ${alarms.false} false, ${alarms.late} late (the slowest after ${alarms.slowestS} s)`,
  );
  row(
    "events",
    `${events.reported} noticed, ${events.delivered} delivered, ${events.lostWithPower} lost with the power, ${events.waiting} waiting, ${events.unexplained} unexplained`,
  );
  row(
    "faults",
    `${sum.faultsNoticed} of ${sum.faultsExpected} noticed, the slowest after ${sum.slowestNoticeS} s; ${sum.falseFaults} false`,
  );
  row(
    "orders",
    `${sum.orders} configurations and commands, ${sum.ordersRefused} refused, ${sum.ordersUnanswered} without an answer`,
  );
  row("messages", `${sum.messages}, ${sum.bytes} bytes`);
  row("connections", `${verdict.connectsPerSecondMax} in the busiest second`);
  row("panics", `${sum.panics}`);
  const nodes = new Table({
    head: [
      "node",
      "boots",
      "reported",
      "delivered",
      "late",
      "said",
      "power",
      "waiting",
      "unexplained",
      "wrong",
      "heap peak",
      "heap early",
      "heap end",
      "flash writes",
    ],
    style: { head: [], border: [] },
    colAligns: ["left", ...Array<"right">(13).fill("right")],
  });
  for (const node of verdict.nodes.slice(0, NODES_SHOWN))
    nodes.push([
      node.node,
      node.boots,
      node.readings.reported,
      node.readings.delivered,
      node.readings.late,
      node.readings.droppedAndSaid,
      node.readings.lostWithPower,
      node.readings.waiting,
      node.readings.unexplained,
      node.truth.wrong,
      node.heapPeakBytes,
      node.heapEarlyBytes,
      node.heapEndBytes,
      node.flashWrites,
    ]);
  const missed = verdict.nodes
    .flatMap(({ faults }) => faults)
    .filter(({ noticedAfterS }) => noticedAfterS === undefined)
    .map(({ node, fault, atS }) => `never noticed: ${node} ${fault} at ${atS} s`);
  const orders = verdict.nodes
    .flatMap((node) => node.orders)
    .filter(({ result }) => result === undefined || result === "refused")
    .map(
      ({ node, order, atS, result }) => `${node} ${order} at ${atS} s: ${result ?? "no answer"}`,
    );
  const panics = verdict.nodes.flatMap(({ node, panicsAt }) =>
    panicsAt.map((panic) => `panic of ${node}: ${panic}`),
  );
  const problems = shortcomings(verdict);
  return [
    nodes.toString(),
    ...(verdict.nodes.length > NODES_SHOWN
      ? [`and ${verdict.nodes.length - NODES_SHOWN} more nodes`]
      : []),
    overview.toString(),
    ...missed.slice(0, NODES_SHOWN),
    ...orders.slice(0, NODES_SHOWN),
    ...panics,
    ...verdict.nodes
      .flatMap(({ node, notes }) => notes.map((note) => `${node} ${note}`))
      .slice(0, NODES_SHOWN),
    problems.length === 0 ? "Verdict: good." : `Verdict: ${problems.join("; ")}.`,
  ].join("\n");
}
