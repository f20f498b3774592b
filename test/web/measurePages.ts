import { expect, test } from "vitest";
import type { CDPSession } from "playwright-core";
import { nodeName } from "../../src/sim/citySimulation";
import { buildPage } from "../support/builtPage";
import { launchChromium } from "../support/chromium";
import { startPagesCity } from "../support/pagesCity";

const NODES = Number(process.env["NODES"] ?? 300);
const MINUTES = Number(process.env["MINUTES"] ?? 60);
/** Readings and lists fill up meanwhile. */
const WARM_MINUTES = 10;
const MINUTE_MS = 60_000;
/** What the page may have more after the run than when it was warm, in bytes. */
const GROWTH_MAX = 1024 * 1024;

/** Not a test of the suite: what the city page costs a browser with a whole city on its map. */
test("city page", { timeout: 3600_000 }, async () => {
  const built = await buildPage();
  const city = await startPagesCity({ nodes: NODES, folder: built.folder, configuration: {} });
  const browser = await launchChromium();
  try {
    await city.run(2 * MINUTE_MS);
    for (let i = 1; i <= NODES; i++) {
      const node = nodeName("berkane", i);
      const answer = await city.visit({ node, heightM: 6, despite: "-" });
      expect(answer.ok, node).toBe(true);
    }
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const debug = await page.context().newCDPSession(page);
    const openedMs = performance.now();
    await page.goto(city.server.url);
    await page
      .locator(".node-list li")
      .nth(NODES - 1)
      .waitFor({ state: "attached" });
    console.log(`${NODES} nodes shown after ${Math.round(performance.now() - openedMs)} ms`);
    await page.waitForTimeout(3000);
    await debug.send("Runtime.evaluate", {
      expression: `globalThis.longTasksMs = []; new PerformanceObserver((list) => longTasksMs.push(
        ...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" })`,
    });
    let warmBytes = 0;
    for (let minute = 1; minute <= MINUTES; minute++) {
      await city.run(MINUTE_MS);
      // Somebody looks about meanwhile.
      await page.mouse.move(400, 400);
      await page.mouse.wheel(0, minute % 2 === 0 ? 120 : -120);
      await page
        .locator(".layers input")
        .nth(minute % 3)
        .check({ force: true });
      if (minute === WARM_MINUTES) warmBytes = await heapBytes(debug);
      const { result } = await debug.send("Runtime.evaluate", {
        expression: "longTasksMs",
        returnByValue: true,
      });
      const longTasksMs = result.value as number[];
      const above = longTasksMs.filter((ms) => ms > 100).length;
      console.log(
        `${minute} min: ${await heapBytes(debug)} B of heap, ${await elements(debug)} DOM nodes; ` +
          `tasks above 50 ms: ${longTasksMs.length}, above 100 ms: ${above}, ` +
          `longest ${Math.max(0, ...longTasksMs)} ms`,
      );
    }
    if (MINUTES > WARM_MINUTES)
      expect((await heapBytes(debug)) - warmBytes).toBeLessThan(GROWTH_MAX);
  } finally {
    await browser.close();
    await city.close();
    built.remove();
  }
});

async function heapBytes(debug: CDPSession): Promise<number> {
  await debug.send("HeapProfiler.collectGarbage");
  return (await debug.send("Runtime.getHeapUsage")).usedSize;
}

async function elements(debug: CDPSession): Promise<number> {
  return (await debug.send("Memory.getDOMCounters")).nodes;
}
