import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { REQUEST_HEADER, REQUEST_HEADER_VALUE } from "../../src/web/api";
import { buildPage } from "../support/builtPage";
import { launchChromium } from "../support/chromium";
import { PASSWORD, startPagesCity } from "../support/pagesCity";

const FOLDER = process.env["SCREENSHOTS"] ?? join(PROJECT_FOLDER, "src/web/screenshots");

/** From the start at 06:00: a part of the morning, so that every chart has something to show. */
const RUN_MS = 40 * 60_000;
const NODES = 6;

const SIZES = [
  { size: "phone", width: 360, height: 740 },
  { size: "desktop", width: 1100, height: 700 },
];

/** What is shown, where it is, and what is there when it is complete. */
const PAGES = [
  { name: "city", path: "", ready: ".attention li" },
  { name: "node", path: "#bk-0002", ready: ".uplot canvas" },
  { name: "field", path: "field?node=bk-0002", ready: ".check.fail" },
];

/** Not a test: takes the pictures of the pages for the documentation, with the real firmware. */
test("screenshots", { timeout: 600_000 }, async () => {
  mkdirSync(FOLDER, { recursive: true });
  const built = await buildPage();
  const city = await startPagesCity({ nodes: NODES, folder: built.folder });
  const browser = await launchChromium();
  try {
    for (let i = 1; i < NODES; i++)
      await city.visit({ node: `bk-000${i}`, heightM: 6, directionDeg: 90, despite: "-" });
    await city.run(RUN_MS);
    // One sensor comes loose and one node loses its power: what is wrong must look so.
    city.buses.get("bk-0002")?.chips[0]?.faults.set({ noAnswer: true }, city.scheduler.nowMs);
    city.city.nodes[2]?.powerOff();
    await city.run(14 * 60_000);
    for (const locale of ["ar", "fr", "en"])
      for (const { size, width, height } of SIZES) {
        const context = await browser.newContext({
          locale,
          colorScheme: "light",
          viewport: { width, height },
          reducedMotion: "reduce",
        });
        await context.request.post(`${city.server.url}api/sign-in`, {
          headers: { [REQUEST_HEADER]: REQUEST_HEADER_VALUE },
          data: { name: "crew", password: PASSWORD },
        });
        for (const { name, path, ready } of PAGES) {
          const page = await context.newPage();
          await page.goto(city.server.url + path);
          await page.locator(ready).first().waitFor();
          // Charts and map draw once what they asked for is there.
          await page.waitForTimeout(1000);
          await page.screenshot({
            path: join(FOLDER, `${name}-${size}-${locale}.png`),
          });
          await page.close();
        }
        await context.close();
      }
  } finally {
    await browser.close();
    await city.close();
    built.remove();
  }
});
