import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verdictHtml } from "../../../src/sim/verdict/html";
import type { NodeVerdict, Verdict } from "../../../src/sim/verdict/verdict";
import { HAS_CHROMIUM, launchChromium } from "../../support/chromium";
import { START_UTC_MS } from "../../support/simulatedCity";

const ACCOUNT = {
  ...{ reported: 1234, delivered: 1230, late: 0, latestS: 0, droppedAndSaid: 0 },
  ...{ lostWithPower: 4, waiting: 0, unexplained: 0, altered: 0 },
  ...{ timeOff: 0, timeOffUnderWrongBeacon: 0 },
};

const NODE: NodeVerdict = {
  ...{ node: "bk-0001", boots: 2, panics: 1, samples: 5000, readingsReported: 1234 },
  ...{ messagesPublished: 90, messagesAcknowledged: 90, bytesPublished: 45_000, reconnects: 1 },
  eventCounts: {},
  ...{ heapPeakBytes: 30_000, heapHighWaterBytes: 46_000, heapBytes: 29_000 },
  bytecodeBytes: 89_000,
  readings: ACCOUNT,
  events: ACCOUNT,
  truth: { compared: 1000, wrong: 0, wrongUnderFault: 0, swallowed: 0 },
  counters: { checked: 10, wrong: 0 },
  alarms: { due: 3, missed: 1, false: 0, late: 2, slowestS: 700 },
  faults: [{ node: "bk-0001", fault: "sen55: bad check sums", atS: 288_000 }],
  falseFaults: 0,
  orders: [{ node: "bk-0001", order: "configuration 12", atS: 3600, result: "in-force" }],
  ...{ flashWrites: 9, heapEarlyBytes: 28_000, heapEndBytes: 28_100, heapGrownBytes: 100 },
  panicsAt: [
    "60001 at 12.5 s\n  at <take> (devs/node/sensing.ts:12) & many more words on one line",
  ],
  notes: ["</script><b>pm10 at 600.0 s"],
};

const VERDICT: Verdict = {
  nodes: Array.from({ length: 12 }, (_, i) => ({ ...NODE, node: `bk-${1000 + i}` })),
  series: { stepS: 60, reported: [1, 5, 3, 8], delivered: [0, 6, 3, 8], connects: [2, 0, 0, 1] },
  connectsPerSecondMax: 2,
  duplicates: 0,
};

const FACTS = {
  name: "night <1>",
  description: 'A "bad" night & day.',
  seed: 1,
  startUtcMs: START_UTC_MS,
  virtualSeconds: 240,
};

let folder: string;
let browser: Browser | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-report-"));
  if (HAS_CHROMIUM) browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

describe("the report", () => {
  it("says what the verdict says, and takes nobody's text for its own", () => {
    const html = verdictHtml(VERDICT, FACTS);
    for (const text of [
      "night &#60;1&#62;",
      "A &#34;bad&#34; night &#38; day.",
      "12 panics; 12 alarms missed; 12 faults that the city never heard of.",
      "<td>36 / 12 / 0 / 24</td>",
      "at &#60;take&#62; (devs/node/sensing.ts:12)",
      "<td>configuration 12</td>",
      "<td>never</td>",
    ])
      expect(html).toContain(text);
    expect(html).not.toContain("</script><b>");
  });

  it.runIf(HAS_CHROMIUM)("is whole in one file, at the width of a phone too", async () => {
    const file = join(folder, "report.html");
    writeFileSync(file, verdictHtml(VERDICT, FACTS));
    for (const width of [360, 1280]) {
      const context = await browser?.newContext({ viewport: { width, height: 800 } });
      const page = await context?.newPage();
      if (!context || !page) throw new Error("Chromium did not start");
      const asked: string[] = [];
      const errors: string[] = [];
      await context.route("**", (route) => {
        const url = route.request().url();
        if (url.startsWith("file:")) return route.continue();
        asked.push(url);
        return route.abort();
      });
      page.on("pageerror", ({ message }) => errors.push(message));
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      await page.goto(pathToFileURL(file).href);
      await page.waitForSelector("#connects canvas");
      expect(await page.locator("canvas").count()).toBe(2);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      expect([asked, errors]).toEqual([[], []]);
      await context.close();
    }
  });
});
