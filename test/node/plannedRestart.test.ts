import { describe, expect, it } from "vitest";
import { VirtualBroker } from "../../src/broker/virtual/virtualBroker";
import { MemoryNetwork } from "../../src/sim/network/memoryNetwork";
import type { Scheduler } from "../../src/sim/scheduler";
import { runInVm } from "../vm/harness";

/** A node that restarts by plan with a hundred readings on its hands; what it says, and what the broker gets. */
async function restart(brokerIsThere: boolean) {
  const published: string[] = [];
  const run = await runInVm("test/vm/plannedRestart.main.ts", {
    forMs: 120_000,
    network: (scheduler: Scheduler) => {
      const broker = new VirtualBroker(scheduler);
      broker.onPublish((topic, payload) =>
        published.push(`${topic.slice(topic.indexOf("up/"))} ${Buffer.from(payload).toString()}`),
      );
      if (!brokerIsThere) broker.stop({ sessions: "kept" });
      return new MemoryNetwork(scheduler, broker).path("bk-0001");
    },
  });
  expect(run.panics).toEqual([]);
  return { said: run.lines.filter((line) => /^(FOUND|LEFT|DONE)/.test(line)), published };
}

describe("a planned restart", () => {
  it("leaves what the broker does not have in flash, and the next boot finds it", async () => {
    const { said } = await restart(false);
    // A hundred readings are five blocks of 24 at most.
    expect(said).toEqual(["FOUND 0", "LEFT 0", "FOUND 5", "DONE"]);
  });

  it("lets the broker have what waits, then says offline, and the will stays unsaid", async () => {
    const { said, published } = await restart(true);
    expect(said.slice(0, 3)).toEqual(["FOUND 0", "LEFT 0", "FOUND 0"]);
    const offline = published.findIndex((text) => text === "up/state restart");
    const packs = published.slice(0, offline).filter((text) => text.startsWith("up/data"));
    expect(packs.join().match(/"v":/g)).toHaveLength(100);
    expect(published).not.toContain("up/state lost");
  });
});
