import { describe, expect, it } from "vitest";
import { nodeName } from "../../src/sim/citySimulation";
import { runFleet } from "../../src/sim/run/fleet";
import type { RunPlan } from "../../src/sim/run/runPlan";
import { loadFirmware } from "../../src/toolchain/firmware";
import { START_UTC_MS } from "../support/simulatedCity";

const plan: RunPlan = {
  city: "berkane",
  nodes: [1, 2, 3].map((number) => nodeName("berkane", number)),
  seed: 11,
  startUtcMs: START_UTC_MS,
  durationMs: 90_000,
  speed: Infinity,
  configuration: {},
  replays: [],
  cues: [],
  warmerCel: 0,
  judged: false,
  lateAfterMs: 300_000,
  bytecode: loadFirmware().bytecode,
  log: true,
};

async function run(threads: number) {
  const lines: string[] = [];
  const result = await runFleet(
    plan,
    { line: (atMs, node, text) => lines.push(`${atMs} ${node} ${text}`) },
    { threads },
  );
  return { result, lines };
}

describe("a fleet", () => {
  it("gives the same results and the same log on one thread and on several", async () => {
    const alone = await run(1);
    expect(alone.result.nodes.map(({ node }) => node)).toEqual(plan.nodes);
    expect(alone.result.nodes.every(({ samples }) => samples > 0)).toBe(true);
    expect(alone.lines.length).toBeGreaterThan(30);
    const together = await run(3);
    expect(together.result).toEqual(alone.result);
    expect(JSON.stringify(together.result)).toBe(JSON.stringify(alone.result));
    expect(together.lines).toEqual(alone.lines);
  });

  it("ends when it is told to", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const { virtualMs } = await runFleet(
      { ...plan, durationMs: Infinity, speed: 1, log: false },
      {},
      { threads: 2, signal: stop.signal },
    );
    expect(virtualMs).toBeLessThan(60_000);
  });
});
