import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { expect, test } from "vitest";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { REQUEST_HEADER, REQUEST_HEADER_VALUE } from "../../src/web/api";
import { buildPage } from "../support/builtPage";
import { launchChromium } from "../support/chromium";
import { PASSWORD, startPagesCity, type PagesCity } from "../support/pagesCity";

const FOLDER = join(PROJECT_FOLDER, "src/web/screenshots");

const MINUTE_MS = 60_000;
const NODES = 8;

const SIZES = [
  { size: "phone", width: 360, height: 740 },
  { size: "desktop", width: 1100, height: 700 },
];

/** Quality of the pictures, of 100: text stays sharp, and each has few tens of kilobytes. */
const QUALITY = 55;

interface Picture {
  readonly name: string;
  readonly path: string;
  /** What is there when the page is complete. */
  readonly ready: string;
  /** What is to stand at the top. */
  readonly scrollTo?: string;
  readonly signedOut?: true;
  /** Where the window of a desktop shows it with another picture. */
  readonly onPhone?: true;
}

const PICTURES: readonly Picture[] = [
  { name: "city", path: "", ready: ".attention li" },
  { name: "lists", path: "", ready: ".attention li", scrollTo: ".lists", onPhone: true },
  { name: "node", path: "#bk-0002", ready: ".uplot canvas" },
  { name: "checks", path: "field?node=bk-0002", ready: ".check.fail" },
  { name: "acceptance", path: "field?node=bk-0008", ready: ".check.pass", scrollTo: "form.visit" },
  { name: "label", path: "field", ready: "form" },
  { name: "sign-in", path: "field", ready: "dialog[open]", signedOut: true },
];

/** Not a test: takes the pictures of the pages for the documentation, with the real firmware. */
test("screenshots", { timeout: 600_000 }, async () => {
  mkdirSync(FOLDER, { recursive: true });
  const built = await buildPage();
  const city = await startPagesCity({ nodes: NODES, folder: built.folder });
  const browser = await launchChromium();
  try {
    await furnish(city);
    for (const locale of ["ar", "fr", "en"])
      for (const { size, width, height } of SIZES) {
        const open = async (): Promise<BrowserContext> => {
          const context = await browser.newContext({
            locale,
            colorScheme: "light",
            viewport: { width, height },
            reducedMotion: "reduce",
          });
          await context.clock.install({ time: city.now() });
          return context;
        };
        const [signedIn, signedOut] = [await open(), await open()];
        await signedIn.request.post(`${city.server.url}api/sign-in`, {
          headers: { [REQUEST_HEADER]: REQUEST_HEADER_VALUE },
          data: { name: "crew", password: PASSWORD },
        });
        for (const picture of PICTURES) {
          if (picture.onPhone && size !== "phone") continue;
          const page = await (picture.signedOut ? signedOut : signedIn).newPage();
          await page.goto(city.server.url + picture.path);
          await page.locator(picture.ready).first().waitFor();
          if (picture.scrollTo !== undefined)
            await page.locator(picture.scrollTo).evaluate((part) => part.scrollIntoView());
          // Charts and map draw once what they asked for is there.
          await page.waitForTimeout(400);
          const file = join(FOLDER, `${picture.name}-${size}-${locale}.webp`);
          writeFileSync(file, await pictureOf(page));
          await page.close();
        }
        await signedIn.close();
        await signedOut.close();
      }
  } finally {
    await browser.close();
    await city.close();
    built.remove();
  }
});

/** A part of the morning, with a bit of everything: the charts have something to show. */
async function furnish(city: PagesCity): Promise<void> {
  await city.run(2 * MINUTE_MS);
  for (let i = 1; i < NODES; i++) {
    const answer = await city.visit({
      node: `bk-000${i}`,
      heightM: 6,
      directionDeg: 90,
      despite: "-",
    });
    expect(answer.ok, await answer.text()).toBe(true);
  }
  await city.run(30 * MINUTE_MS);
  // One sensor comes loose and one node loses its power: what is wrong must look so.
  city.buses.get("bk-0002")?.chips[0]?.faults.set({ noAnswer: true }, city.scheduler.nowMs);
  city.city.nodes[2]?.powerOff();
  await city.run(8 * MINUTE_MS);
}

/** What is in the window, as WebP. */
async function pictureOf(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", {
    format: "webp",
    quality: QUALITY,
  });
  return Buffer.from(data, "base64");
}
