import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { CityView } from "../../src/city/cityView";
import { Receiver } from "../../src/city/receiver";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { startWebServer } from "../../src/web/server";
import { buildPage } from "../support/builtPage";
import { launchChromium } from "../support/chromium";
import { START_UTC_MS, startCity } from "../support/simulatedCity";

const FOLDER = process.env["SCREENSHOTS"] ?? join(PROJECT_FOLDER, "src/web/screenshots");

/** From the start at 06:00 to the morning's traffic, so that every chart has an hour to show. */
const RUN_MS = 2.25 * 3600_000;

const SIZES = [
  { name: "phone", width: 360, height: 740 },
  { name: "desktop", width: 1280, height: 740 },
];

/** Not a test: takes the pictures of the page for the documentation, with the real firmware. */
test("screenshots", { timeout: 300_000 }, async () => {
  mkdirSync(FOLDER, { recursive: true });
  const page = await buildPage();
  const city = await startCity({ nodes: 3 });
  const view = new CityView({ city: "berkane", now: () => START_UTC_MS + city.scheduler.nowMs });
  const receiver = new Receiver(view);
  city.broker.onPublish((topic, payload) => receiver.receive(topic, payload, view.now()));
  await city.run(RUN_MS - 600_000);
  // One sensor comes loose and one node loses its power: what is wrong must look so.
  city.buses.get("bk-0002")?.chips[1]?.faults.set({ noAnswer: true }, city.scheduler.nowMs);
  await city.run(300_000);
  city.city.nodes[2]?.powerOff();
  await city.run(300_000);

  const server = await startWebServer({ port: 0, view, folder: page.folder });
  const browser = await launchChromium();
  try {
    for (const locale of ["ar", "fr", "en"])
      for (const { name, width, height } of SIZES)
        for (const colorScheme of ["light", "dark"] as const) {
          if (colorScheme === "dark" && locale !== "en") continue;
          const tab = await browser.newPage({
            locale,
            colorScheme,
            viewport: { width, height },
            reducedMotion: "reduce",
          });
          await tab.goto(server.url);
          // The last hour of every node in sight is there when its charts are.
          await tab.waitForFunction(() =>
            [...document.querySelectorAll(".node")]
              .filter((node) => node.getBoundingClientRect().top < innerHeight)
              .every((node) => node.querySelector(".uplot canvas")),
          );
          const dark = colorScheme === "dark" ? "-dark" : "";
          await tab.screenshot({
            path: join(FOLDER, `city-${name}-${locale}${dark}.png`),
          });
          await tab.close();
        }
  } finally {
    await browser.close();
    await server.close();
    await city.close();
    page.remove();
  }
});
