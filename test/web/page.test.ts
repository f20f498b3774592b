import { connectAsync, type MqttClient } from "mqtt";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nodeTopic } from "../../devs/contract/topics";
import { Broker } from "../../src/broker/broker";
import { CityView } from "../../src/city/cityView";
import { Receiver } from "../../src/city/receiver";
import type { RolloutView, UpdatesView } from "../../src/ota/updatesView";
import { ARABIC } from "../../src/web/page/texts/arabic";
import { ENGLISH } from "../../src/web/page/texts/english";
import { FRENCH } from "../../src/web/page/texts/french";
import { startWebServer, type WebServer } from "../../src/web/server";
import { buildPage, type BuiltPage } from "../support/builtPage";
import { violations } from "../support/axe";
import { HAS_CHROMIUM, launchChromium } from "../support/chromium";

const CITY = "berkane";
const HEALTH = {
  boot: 1,
  uptimeS: 7500,
  start: "power-on",
  samples: 10_000,
  rejected: 3,
  reported: 300,
  published: 120,
  acknowledged: 120,
  dropped: 0,
  thinned: 0,
  refused: 0,
  kept: 0,
  beaconsRefused: 0,
  waiting: 0,
  reconnects: 0,
  sensorFaults: 0,
  badMessages: 0,
};

describe.runIf(HAS_CHROMIUM)("the city page", () => {
  let built: BuiltPage;
  let browser: Browser;
  let broker: Broker;
  let brokerPort: number;
  let server: WebServer;
  let view: CityView;
  /** The city's clock runs this far ahead of the computer's. */
  let aheadMs = 0;
  /** What the page must never do: errors, refused by its policy, requests to other hosts. */
  const offences: string[] = [];
  const clients: MqttClient[] = [];
  const noUpdates: UpdatesView = { rollout: null, rescues: [] };
  let updates = noUpdates;

  beforeAll(async () => {
    built = await buildPage();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    built?.remove();
  });
  beforeEach(async () => {
    offences.length = 0;
    aheadMs = 0;
    updates = noUpdates;
    broker = await Broker.start();
    brokerPort = await broker.listenTcp("127.0.0.1", 0);
    view = new CityView({ city: CITY, now: () => Date.now() + aheadMs });
    const receiver = new Receiver(view);
    broker.onPublish((topic, payload) => receiver.receive(topic, payload, view.now()));
    server = await serve(0);
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    for (const client of clients.splice(0)) await client.endAsync(true);
    await server.close();
    await broker.close();
    expect(offences).toEqual([]);
  });

  function serve(port: number): Promise<WebServer> {
    return startWebServer({
      port,
      view,
      broker: "mqtt://127.0.0.1:1883",
      folder: built.folder,
      updates: () => updates,
    });
  }

  /** @param hash the node to open */
  async function open(options: BrowserContextOptions = {}, hash = ""): Promise<Page> {
    const context = await browser.newContext({
      locale: "en-GB",
      reducedMotion: "reduce",
      ...options,
    });
    const page = await context.newPage();
    page.on("pageerror", (error) => offences.push(error.message));
    page.on("console", (message) => {
      // Chromium reports every request that fails; the tests that stop the server expect it.
      if (message.type() === "error" && !/net::ERR_|Failed to load/.test(message.text()))
        offences.push(message.text());
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(server.url) && !url.startsWith("data:")) offences.push(url);
    });
    await page.goto(server.url + hash);
    return page;
  }

  /** A node as the broker sees it: birth, last will, packs, events, health. */
  async function node(name: string) {
    const client = await connectAsync(`mqtt://127.0.0.1:${brokerPort}`, {
      clientId: name,
      reconnectPeriod: 0,
      will: {
        topic: nodeTopic(CITY, name, "up/state"),
        payload: Buffer.from('{"state":"offline","reason":"connection-lost","boot":1}'),
        qos: 1,
        retain: true,
      },
    });
    clients.push(client);
    let seq = 0;
    const send = (leaf: string, message: object) =>
      client.publishAsync(nodeTopic(CITY, name, leaf), JSON.stringify(message), { qos: 1 });
    return {
      birth: (more: object = {}) =>
        send("up/state", {
          state: "online",
          reason: "boot",
          boot: 1,
          version: "0.1.0",
          board: "simulator",
          ...more,
        }),
      read: (metric: string, unit: string, value: number, t = 0) =>
        send("up/data", [
          {
            bn: `${CITY}/${name}/`,
            boot: 1,
            seq: ++seq,
            n: metric,
            ...(unit ? { u: unit } : {}),
            v: value,
            t,
          },
        ]),
      event: (event: object) => send("up/event", { boot: 1, seq: ++seq, ...event }),
      health: (more: object = {}) => send("up/health", { ...HEALTH, ...more }),
      loseConnection: () => client.stream.destroy(),
    };
  }

  /** A city with something of everything: values, faults, events, a node that is lost. */
  async function furnish(): Promise<Awaited<ReturnType<typeof node>>> {
    const first = await node("bk-0001");
    await first.birth();
    await first.health();
    for (let minute = 50; minute >= 0; minute -= 10) {
      await first.read("pm25", "ug/m3", 10 + minute / 10, -60 * minute);
      await first.read("temperature", "Cel", 20 + minute / 20, -60 * minute);
    }
    await first.read("humidity", "%RH", 55);
    await first.read("illuminance", "lx", 12_345);
    await first.read("vocIndex", "", 101);
    await first.event({ event: "alarm-raised", channel: "pm25", v: 85 });
    await first.event({ event: "sensor-fault", chip: "veml7700", reason: "no-answer" });
    const second = await node("bk-0002");
    await second.birth();
    await second.read("LAF", "dB", 61.5);
    second.loseConnection();
    const third = await node("bk-0003");
    await third.health();
    return first;
  }

  it("waits for the first node and says where it may reach the broker", async () => {
    const page = await open();
    await page.getByRole("heading", { name: "Waiting for the first node" }).waitFor();
    await page.getByText("mqtt://127.0.0.1:1883").waitFor();
    const first = await node("bk-0001");
    await first.birth();
    await page.getByRole("link", { name: "bk-0001" }).waitFor();
    expect(await page.getByText("Waiting for the first node").isVisible()).toBe(false);
    await page.getByRole("link", { name: "bk-0001" }).click();
    await page.getByText("No readings yet").waitFor();
  });

  it("lists what to look at, the worst first, and every node with what the layer says", async () => {
    const first = await furnish();
    aheadMs = 11 * 60_000;
    const page = await open();
    await page.getByText("3 to look at").waitFor();
    const items = page.locator(".attention li");
    expect(await items.count()).toBe(3);
    expect(await items.nth(0).innerText()).toMatch(
      /bk-0002 today\s*Offline, connection lost, since/,
    );
    expect(await items.nth(1).innerText()).toMatch(/VEML7700: fault, no answer, since/);
    expect(await items.nth(2).innerText()).toMatch(/PM2.5: alarm, at 85.0\sµg\/m³, since/);
    const rows = page.locator(".node-list li");
    expect(await rows.allInnerTexts()).toEqual([
      expect.stringMatching(/bk-0001\s*No value/),
      expect.stringMatching(/bk-0002\s*Offline/),
      expect.stringMatching(/bk-0003\s*No value/),
    ]);
    aheadMs = 0;
    await first.read("pm25", "ug/m3", 60);
    await rows.nth(0).getByText("Poor · PM2.5 60 µg/m³").waitFor();
    await page.getByRole("radio", { name: "Noise" }).check({ force: true });
    await page.getByText("60 to 65 dB").waitFor();
  });

  it("opens a node with values, charts, events and what was kept back, and follows them", async () => {
    const first = await furnish();
    const page = await open({ viewport: { width: 1280, height: 3000 } });
    await page.getByRole("link", { name: "bk-0001" }).last().click();
    const card = page.getByRole("article", { name: "bk-0001" });
    const tile = (label: string) => card.locator(".tile", { hasText: label });
    await tile("PM2.5").locator(".value", { hasText: "10.0" }).waitFor();
    expect(await tile("PM2.5").locator(".value").innerText()).toMatch(/^10.0\s*µg\/m³$/);
    expect(await tile("Humidity").locator(".value").innerText()).toMatch(/^55.0\s*%$/);
    expect(await tile("Illuminance").locator(".value").innerText()).toMatch(/^12,345\s*lx$/);
    expect(await tile("VOC index").locator(".value").innerText()).toBe("101");
    await tile("PM2.5").getByText("alarm above 25 µg/m³, 50 µg/m³").waitFor();
    await card.getByText("97% kept back").waitFor();
    await card.getByText("300 of 10,000 measurements sent").waitFor();
    await card.locator(".events").getByText("PM2.5: alarm, at 85.0 µg/m³").waitFor();
    await card.locator(".open").getByText("VEML7700: fault, no answer, since").waitFor();
    await card.getByText("The node has not reported one yet.").waitFor();
    const plot = tile("PM2.5").getByRole("img");
    await expect
      .poll(() => plot.getAttribute("aria-label"))
      .toBe("PM2.5, last day: from 10.0\u00a0µg/m³ to 15.0\u00a0µg/m³");
    await plot.locator("canvas").waitFor();
    // Whoever only watches is offered nothing else.
    expect(await page.getByRole("button", { name: "Make its light blink" }).count()).toBe(0);
    await first.read("LAeq", "dB", 58);
    await tile("Average level")
      .getByText("alarm above 65 dB, 60 dB (evening), 55 dB (night)")
      .waitFor();
    await first.read("pm25", "ug/m3", 44.4);
    await tile("PM2.5").locator(".value", { hasText: "44.4" }).waitFor();
    await page.getByRole("button", { name: "Back to the map" }).click();
    await page.locator(".map canvas").waitFor();
    expect(await page.getByRole("article").count()).toBe(0);
  });

  it.each([
    ["en-GB", ENGLISH],
    ["fr-FR", FRENCH],
    ["ar-MA", ARABIC],
  ])(
    "tells in %s how a rollout goes, why it stops, and whom it rescued",
    async (locale, { rollout: texts }) => {
      const first = await node("bk-0001");
      await first.birth();
      const page = await open({ locale });
      await page.locator(".node-list").getByText("bk-0001").waitFor();
      const panel = page.locator(".rollout");
      expect(await panel.isVisible()).toBe(false);
      const rollout: RolloutView = {
        id: 1,
        version: "1.4.0",
        state: "canary",
        reason: null,
        stage: 0,
        stages: 3,
        createdMs: Date.now(),
        nodes: { away: 1, good: 1, waiting: 3 },
        transfers: [{ node: "bk-0002", share: 0.4 }],
        failures: [],
      };
      updates = { rollout, rescues: [] };
      await first.read("LAF", "dB", 61.5);
      await panel.getByText(texts.title.replace("{version}", "1.4.0")).waitFor();
      await panel.getByText(texts.states.canary).waitFor();
      await panel.getByText(texts.nodes.waiting).waitFor();
      await panel.locator(".rollout-transfers", { hasText: "bk-0002" }).waitFor();
      expect(
        await panel.locator("progress").evaluate((bar: HTMLProgressElement) => bar.value),
      ).toBe(1);
      updates = {
        rollout: {
          ...rollout,
          state: "stopped",
          reason: "1 of 2 failed",
          nodes: { returned: 2, waiting: 3 },
          transfers: [],
          failures: [{ node: "bk-0002", detail: "crashes at every start" }],
        },
        rescues: [{ node: "bk-0001", atMs: Date.now() }],
      };
      await first.read("LAF", "dB", 62.5);
      await panel.getByText(texts.states.stopped).waitFor();
      await panel.getByText("1 of 2 failed").waitFor();
      await panel.locator(".rollout-failures", { hasText: "crashes at every start" }).waitFor();
      await page.locator(".attention").getByText(texts.rescued).waitFor();
      expect(await violations(page)).toEqual([]);
    },
  );

  it("shows that a node was lost, and that its values are old", async () => {
    const first = await node("bk-0001");
    await first.birth();
    await first.read("LAF", "dB", 61.5);
    const page = await open({}, "#bk-0001");
    const card = page.getByRole("article", { name: "bk-0001" });
    await card.getByText("Online").waitFor();
    expect(await card.locator(".tile.stale").count()).toBe(0);
    first.loseConnection();
    await card.getByText("Offline").waitFor();
    await card.getByText(/since .*, connection lost/).waitFor();
    await card.locator(".tile.stale").getByText("no news since").waitFor();
  });

  it("shows that a value is stale when its heartbeat fails to come", async () => {
    const first = await node("bk-0001");
    await first.birth();
    await first.read("LAF", "dB", 61.5);
    await first.read("illuminance", "lx", 12);
    const page = await open({}, "#bk-0001");
    const card = page.getByRole("article", { name: "bk-0001" });
    await card.getByText("61.5").waitFor();
    expect(await card.locator(".tile.stale").count()).toBe(0);
    // Past the heartbeat of the sound level, five minutes, and before that of the light, fifteen.
    aheadMs = 8 * 60_000;
    await first.health();
    await card.locator(".tile.stale", { hasText: "Sound level" }).waitFor();
    expect(await card.locator(".tile.stale").count()).toBe(1);
  });

  it("says that it is not live, and becomes so again by itself with what it missed", async () => {
    const first = await node("bk-0001");
    await first.birth();
    await first.read("pm25", "ug/m3", 11);
    const page = await open();
    await page.getByText("PM2.5 11 µg/m³").waitFor();
    expect(await page.locator(".banner").isVisible()).toBe(false);
    const { port } = server;
    await server.close();
    await page.locator(".banner").getByText("Not live since").waitFor();
    await first.read("pm25", "ug/m3", 22);
    server = await serve(port);
    await page.getByText("PM2.5 22 µg/m³").waitFor();
    await expect.poll(() => page.locator(".banner").isVisible()).toBe(false);
    await page.locator(".live", { hasText: "Live" }).waitFor();
  });

  it("shows texts from the network as texts", async () => {
    const page = await open({}, "#bk-0001");
    const first = await node("bk-0001");
    const evil = "<img src=x onerror=alert(1)>";
    await first.birth({ reason: evil, board: evil });
    await first.event({ event: evil, chip: evil });
    await page.getByText(evil).first().waitFor();
    expect(await page.locator("img").count()).toBe(0);
  });

  it.each([
    ["ar-MA", "ar", "rtl", "مباشر"],
    ["fr-FR", "fr", "ltr", "En direct"],
    ["en-US", "en", "ltr", "Live"],
    ["de-DE", "fr", "ltr", "En direct"],
  ])("to a browser in %s it speaks %s", async (locale, language, direction, live) => {
    const page = await open({ locale });
    await page.getByText(live, { exact: true }).first().waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe(language);
    expect(await page.locator("html").getAttribute("dir")).toBe(direction);
  });

  it("changes its language by keyboard, keeps what it shows, and remembers", async () => {
    await furnish();
    const page = await open({}, "#bk-0001");
    await page.locator(".uplot canvas").first().waitFor();
    await page.getByRole("button", { name: "العربية" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("متصلة", { exact: true }).waitFor();
    expect(await page.locator("html").getAttribute("dir")).toBe("rtl");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("العربية");
    await page.locator(".uplot canvas").first().waitFor();
    await page.reload();
    await page.getByText("متصلة", { exact: true }).waitFor();
  });

  describe.each(["ar", "fr", "en"])("in %s", (locale) => {
    it.each([
      ["phone", 360, "light"],
      ["phone", 360, "dark"],
      ["desktop", 1280, "light"],
      ["desktop", 1280, "dark"],
    ] as const)("is accessible on a %s (%d px, %s)", async (_, width, colorScheme) => {
      await furnish();
      aheadMs = 11 * 60_000;
      const page = await open({ locale, colorScheme, viewport: { width, height: 3000 } });
      const overhang = () =>
        page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
      await page.locator(".attention li").nth(2).waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await overhang()).toBe(0);
      await page.evaluate(() => (location.hash = "bk-0001"));
      await page.locator(".uplot canvas").first().waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await overhang()).toBe(0);
    });

    it("is accessible while empty and while not live", async () => {
      const page = await open({ locale });
      await page.locator(".empty h2").waitFor();
      expect(await violations(page)).toEqual([]);
      await server.close();
      await page.locator(".banner:not([hidden])").waitFor();
      expect(await violations(page)).toEqual([]);
    });
  });
});
