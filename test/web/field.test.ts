import { createServer } from "node:http";
import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StateMessage } from "../../devs/contract/messages";
import { UP_STATE, nodeTopic } from "../../devs/contract/topics";
import type { VisitRequest, VisitsAnswer } from "../../src/web/api";
import { listen } from "../../src/net/listen";
import { fieldPageUrl } from "../../src/label/fieldPageUrl";
import type { Surroundings } from "../../src/sim/world/surroundings";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";
import { fieldTexts } from "../../src/web/page/field/texts";
import { LANGUAGES, fill, type LanguageCode } from "../../src/web/page/language";
import { buildPage, type BuiltPage } from "../support/builtPage";
import { violations } from "../support/axe";
import { HAS_CHROMIUM, cameraArgs, launchChromium } from "../support/chromium";
import { writeLabelVideo } from "../support/labelVideo";
import { PASSWORD, startPagesCity, type PagesCity } from "../support/pagesCity";
import { START_UTC_MS } from "../support/simulatedCity";

/** The nodes and what is wrong with each. */
const WELL = "bk-0001";
const SEN55_UNPLUGGED = "bk-0002";
const LAMP_CABLE_OFF = "bk-0003";
const TAKEN_OFF = "bk-0004";
/** One more without a fault for each language, since an accepted node is on its pole. */
const TO_ACCEPT: Readonly<Record<LanguageCode, string>> = {
  ar: "bk-0005",
  fr: "bk-0006",
  en: "bk-0007",
};
/** The broker never lets it in. */
const WRONG_PASSWORD = "bk-0008";
const WEAK_SIGNAL_DBM = -90;

/** Half past nine in the evening: dark, the lamps burn; half of a phone's screen is the bracket. */
const EVENING_MS = START_UTC_MS + 15.5 * 3600_000;
const PHONE = { width: 360, height: 740 };

/** Chooses as a finger does: by the label, when it has come to rest. */
async function chooseKind(page: Page, name: string): Promise<void> {
  const radio = page.getByRole("radio", { name, exact: true });
  await page.locator("label", { has: radio }).click();
  await expect.poll(() => radio.isChecked()).toBe(true);
}

describe.runIf(HAS_CHROMIUM)("the field page", () => {
  let built: BuiltPage;
  let city: PagesCity;
  let browser: Browser;
  const offences: string[] = [];
  /** A tile server, the one other host that the page may ask; it has no tiles. */
  const tilesAsked: string[] = [];
  const tileServer = createServer((request, response) => {
    tilesAsked.push(request.url ?? "");
    response.writeHead(404).end();
  });
  /** What the nodes said last of themselves. */
  const states = new Map<string, StateMessage>();

  beforeAll(async () => {
    built = await buildPage();
    const tilesUrl = `http://127.0.0.1:${await listen(tileServer, "127.0.0.1", 0)}/`;
    city = await startPagesCity({
      tiles: { url: `${tilesUrl}{z}/{x}/{y}.png`, credit: "© who made them" },
      nodes: 8,
      refused: [WRONG_PASSWORD],
      signalDbm: (node) => (node === LAMP_CABLE_OFF ? WEAK_SIGNAL_DBM : undefined),
      folder: built.folder,
      publicView: false,
      startUtcMs: EVENING_MS,
      surroundings: (node) => (node === LAMP_CABLE_OFF ? withoutLamp(node) : day(node)),
    });
    await city.run(150_000);
    city.buses
      .get(SEN55_UNPLUGGED)
      ?.chips.find(({ name }) => name === "sen55")
      ?.faults.set({ noAnswer: true }, city.scheduler.nowMs);
    await city.run(120_000);
    city.city.nodes[3]?.powerOff();
    // The broker tells the last will after one and a half keep-alives.
    await city.run(120_000);
    city.broker.onPublish((topic, payload) => {
      const node = topic.split("/")[3];
      if (node && topic === nodeTopic("berkane", node, UP_STATE))
        states.set(node, JSON.parse(Buffer.from(payload).toString()) as StateMessage);
    });
    browser = await launchChromium();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await city?.close();
    tileServer.close();
    built?.remove();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(offences.splice(0)).toEqual([]);
  });

  async function phone(locale: string, more: object = {}): Promise<BrowserContext> {
    const context = await browser.newContext({
      locale,
      viewport: PHONE,
      reducedMotion: "reduce",
      geolocation: { latitude: 34.9212, longitude: -2.3201, accuracy: 6 },
      permissions: ["geolocation"],
      ...more,
    });
    // The city's clock: what is entered without a network carries the phone's own time.
    await context.clock.install({ time: city.now() });
    return context;
  }

  /** Opens what a node's label says, as the phone's camera app does. */
  async function scan(context: BrowserContext, node: string): Promise<Page> {
    const page = await context.newPage();
    page.on("pageerror", (error) => offences.push(error.message));
    page.on("request", (request) => {
      if (/^(data|blob):/.test(request.url()) || /\/\d+\/\d+\/\d+\.png$/.test(request.url()))
        return;
      if (!request.url().startsWith(city.server.url)) offences.push(request.url());
    });
    await page.goto(fieldPageUrl(city.server.url, node));
    return page;
  }

  async function signIn(page: Page, language: LanguageCode, name = "crew"): Promise<void> {
    const { texts } = LANGUAGES.find(({ code }) => code === language) ?? LANGUAGES[0];
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(texts.userName).fill(name);
    await dialog.getByLabel(texts.password).fill(PASSWORD);
    await dialog.getByRole("button", { name: texts.signIn }).click();
    await dialog.waitFor({ state: "detached" });
  }

  const check = (page: Page, name: string) => page.locator(`[data-check="${name}"]`);

  async function visits(page: Page, node: string): Promise<VisitsAnswer["visits"]> {
    const answer = await page.request.get(`${city.server.url}api/visits?node=${node}`);
    return ((await answer.json()) as VisitsAnswer).visits;
  }

  /** The pole on which a node says that it hangs, a moment of the city's time later. */
  async function poleToldBy(node: string): Promise<string | undefined> {
    await city.run(5000);
    return states.get(node)?.pole;
  }

  describe.each<[LanguageCode, string]>([
    ["ar", "light"],
    ["fr", "light"],
    ["en", "dark"],
  ])("in %s", (language, colorScheme) => {
    const texts = fieldTexts(language);
    const node = TO_ACCEPT[language];

    it(
      "leads a crew from the label to the acceptance, and names each fault",
      { timeout: 60_000 },
      async () => {
        const context = await phone(language, { colorScheme });
        const page = await scan(context, SEN55_UNPLUGGED);
        await page.getByRole("dialog").waitFor();
        expect(await violations(page)).toEqual([]);
        await signIn(page, language);
        await check(page, "sen55").getByText(texts.advice["no-answer"]).waitFor();
        expect(await check(page, "sen55").getAttribute("class")).toContain("fail");
        expect(await check(page, "veml7700").getAttribute("class")).toContain("pass");
        expect(await check(page, "veml7700").innerText()).toContain("lx");
        expect(await violations(page)).toEqual([]);
        expect(
          await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          ),
        ).toBe(0);

        await page.goto(fieldPageUrl(city.server.url, LAMP_CABLE_OFF));
        await check(page, "lamp").getByText(texts.advice["lamp.lamp-out"]).waitFor();
        await check(page, "signal").getByText(texts.advice["signal.weak"]).waitFor();
        await page.goto(fieldPageUrl(city.server.url, TAKEN_OFF));
        await check(page, "online").getByText(texts.advice["online.offline"]).waitFor();
        await page.goto(fieldPageUrl(city.server.url, WRONG_PASSWORD));
        await check(page, "online").getByText(texts.advice["online.never-heard"]).waitFor();

        await page.goto(fieldPageUrl(city.server.url, node));
        await check(page, "online").getByText(texts.states.pass).waitFor();
        await page.getByRole("button", { name: texts.submit.accept }).click();
        await page.getByText(texts.missing.pole).waitFor();
        // The crew can go on where something is missing, and what is not asked for is no problem.
        const isFocused = (field: Locator) =>
          field.evaluate((one) => one === document.activeElement);
        expect(await isFocused(page.getByLabel(texts.pole))).toBe(true);
        await chooseKind(page, texts.kinds["take-down"]);
        expect(await page.getByText(texts.missing.pole).count()).toBe(0);
        await chooseKind(page, texts.kinds.accept);
        await page.getByLabel(texts.pole).fill(`P-${language}`);
        await page.getByLabel(texts.height).fill("6,5");
        await page.getByLabel(texts.direction).selectOption("90");
        await page.getByRole("button", { name: texts.takePosition }).click();
        await page.getByText(/34[.,]92120/).waitFor();
        await page.getByText("© who made them").waitFor();
        // In the middle of Berkane, with a street or more to a tile.
        await expect
          .poll(() => tilesAsked.some((url) => /^\/1\d\/\d+\/\d+\.png$/.test(url)))
          .toBe(true);
        await page.getByLabel(texts.note).fill("مصباح lampe lamp");
        await page.getByLabel(texts.despite).fill("lamp");
        await page.getByRole("button", { name: texts.submit.accept }).click();
        await page.getByRole("heading", { name: texts.whichNode }).waitFor();
        // Before the ladder comes down the crew knows that the city has it.
        await page
          .locator(".queued.arrived", { hasText: `P-${language}` })
          .getByText(texts.arrived)
          .waitFor();
        expect(await violations(page)).toEqual([]);
        await expect.poll(async () => (await visits(page, node))[0]?.pole).toBe(`P-${language}`);
        expect((await visits(page, node))[0]).toMatchObject({
          kind: "accept",
          by: "crew",
          heightM: 6.5,
          directionDeg: 90,
          lat: 34.9212,
          lon: -2.3201,
          accuracyM: 6,
          note: "مصباح lampe lamp",
          despite: "lamp",
          checks: expect.arrayContaining([{ name: "online", state: "pass" }]),
        });
        await page.goto(`${city.server.url}#${node}`);
        await page.getByText(`P-${language}`).filter({ visible: true }).first().waitFor();
      },
    );
  });

  it(
    "keeps what was entered without a network, over a reload, and sends it once, in its order",
    { timeout: 60_000 },
    async () => {
      const texts = fieldTexts("en");
      const context = await phone("en");
      const page = await scan(context, LAMP_CABLE_OFF);
      await signIn(page, "en");
      await check(page, "lamp").waitFor();
      await page.evaluate(async () => void (await navigator.serviceWorker.ready));
      await page.getByLabel(texts.pole).fill("P-77");
      await page.getByRole("button", { name: texts.takePosition }).click();
      await page.getByText(/34.92120/).waitFor();
      await page.setInputFiles("input[type=file]", {
        name: "pole.png",
        mimeType: "image/png",
        buffer: await noisyPicture(page),
      });
      await page.getByRole("img", { name: texts.photoAlt }).waitFor();
      await context.setOffline(true);
      await page.getByText(/No network since/).waitFor();
      await page.getByLabel(texts.despite).fill("cable ordered");
      // Long enough for the last letters to be kept.
      await page.waitForTimeout(500);
      await page.reload();
      await expect.poll(() => page.getByLabel(texts.pole).inputValue()).toBe("P-77");
      expect(await page.getByLabel(texts.despite).inputValue()).toBe("cable ordered");
      await page.getByRole("img", { name: texts.photoAlt }).waitFor();
      await page.getByRole("button", { name: texts.submit.accept }).click();
      await page.getByText(texts.waitsToBeSent).waitFor();
      await page.reload();
      await page.getByText(texts.waitsToBeSent).waitFor();
      expect(await violations(page)).toEqual([]);
      // The next node, still without a network, and by mistake on the same pole.
      await page.getByLabel(texts.nodeName).fill(TAKEN_OFF);
      await page.getByRole("button", { name: texts.openNode }).click();
      await page.getByLabel(texts.pole).fill("P-77");
      await page.getByRole("button", { name: texts.takePosition }).click();
      await page.getByText(/34.92120/).waitFor();
      await page.getByLabel(texts.despite).fill("no power yet");
      await page.getByRole("button", { name: texts.submit.accept }).click();
      await expect.poll(() => page.getByText(texts.waitsToBeSent).count()).toBe(2);
      const posted: string[] = [];
      page.on("request", (request) => {
        if (request.method() !== "POST" || !request.url().endsWith("/api/visits")) return;
        const { node, pole } = JSON.parse(request.postData() ?? "{}") as VisitRequest;
        posted.push(`${node} ${pole}`);
      });
      await context.setOffline(false);
      await page
        .getByText(fill(texts.refusals["pole-taken"] ?? "", { details: LAMP_CABLE_OFF }))
        .waitFor({ timeout: 20_000 });
      expect(await page.getByText(texts.waitsToBeSent).count()).toBe(0);
      await page.locator(".queued.arrived", { hasText: LAMP_CABLE_OFF }).waitFor();
      // With the network the page is again what it was, though it was opened without one.
      await page.locator('.live[data-state="live"]').waitFor();
      await page.getByRole("button", { name: /^Sign out/ }).waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByRole("button", { name: texts.changeAndSend }).click();
      await expect.poll(() => page.getByLabel(texts.replaces).inputValue()).toBe(LAMP_CABLE_OFF);
      await chooseKind(page, texts.kinds.accept);
      await page.getByLabel(texts.pole).fill("P-78");
      await page.getByRole("button", { name: texts.submit.accept }).click();
      await expect
        .poll(() => visits(page, TAKEN_OFF))
        .toMatchObject([{ pole: "P-78", despite: "no power yet" }]);
      expect(posted).toEqual([`${LAMP_CABLE_OFF} P-77`, `${TAKEN_OFF} P-77`, `${TAKEN_OFF} P-78`]);
      const sent = await visits(page, LAMP_CABLE_OFF);
      expect(sent).toMatchObject([{ pole: "P-77", despite: "cable ordered", hasPhoto: true }]);
      const photo = await page.request.get(`${city.server.url}api/visits/${sent[0].id}/photo`);
      expect(photo.headers()["content-type"]).toBe("image/jpeg");
      expect((await photo.body()).length).toBeLessThanOrEqual(400 * 1024);

      // The nodes' broker forgets what it kept for the one without power: the server tells it again.
      city.nodeBroker.stop({ sessions: "lost" });
      city.nodeBroker.start();
      await city.city.nodes[3]?.powerOn();
      await expect.poll(() => poleToldBy(TAKEN_OFF), { timeout: 20_000 }).toBe("P-78");
    },
  );

  it(
    "asks to sign in again when the session is over, and loses nothing",
    { timeout: 60_000 },
    async () => {
      const texts = fieldTexts("en");
      const context = await phone("en");
      const page = await scan(context, SEN55_UNPLUGGED);
      await signIn(page, "en");
      await page.getByLabel(texts.pole).fill("P-88");
      await page.getByLabel(texts.despite).fill("part is ordered");
      await page.getByRole("button", { name: texts.takePosition }).click();
      await page.getByText(/34.92120/).waitFor();
      await context.clearCookies();
      await page.getByRole("button", { name: texts.submit.accept }).click();
      await page.getByText("Your session is over.").waitFor();
      await signIn(page, "en");
      // What waits is tried again every quarter of a minute.
      await expect
        .poll(async () => (await visits(page, SEN55_UNPLUGGED))[0]?.pole, { timeout: 20_000 })
        .toBe("P-88");

      // The pole has a node now: the next one offers to replace it.
      await page.goto(fieldPageUrl(city.server.url, WELL));
      await chooseKind(page, texts.kinds.replace);
      await page.getByLabel(texts.replaces).fill(SEN55_UNPLUGGED);
      await page.getByLabel(texts.replaces).blur();
      await expect.poll(() => page.getByLabel(texts.pole).inputValue()).toBe("P-88");
      await page.getByLabel(texts.despite).fill("lamp not tried");
      await page.getByRole("button", { name: texts.submit.replace }).click();
      await expect.poll(async () => (await visits(page, WELL))[0]?.kind).toBe("replace");
      await page.goto(fieldPageUrl(city.server.url, WELL));
      await page.getByText("on pole P-88").waitFor();
      await chooseKind(page, texts.kinds["take-down"]);
      // The node itself was told, and says so.
      await expect.poll(() => poleToldBy(WELL), { timeout: 20_000 }).toBe("P-88");
      await expect.poll(() => poleToldBy(SEN55_UNPLUGGED), { timeout: 20_000 }).toBe(undefined);
      await page.getByRole("button", { name: texts.submit["take-down"] }).click();
      await expect.poll(async () => (await visits(page, WELL))[0]?.kind).toBe("take-down");
      await page.goto(fieldPageUrl(city.server.url, WELL));
      await page.getByText(texts.onNoPole).waitFor();
      await expect.poll(() => poleToldBy(WELL), { timeout: 20_000 }).toBe(undefined);
      expect(states.get(WELL)).toMatchObject({ state: "online", reason: "placed" });
    },
  );

  it("reads a label with the camera where the browser cannot read codes, without a network too", async () => {
    const texts = fieldTexts("en");
    const film = join(built.folder, "label.y4m");
    writeLabelVideo(film, fieldPageUrl(city.server.url, WELL));
    const withCamera = await launchChromium(cameraArgs(film));
    try {
      const context = await withCamera.newContext({ locale: "en", viewport: PHONE });
      await context.addInitScript(() => Reflect.deleteProperty(window, "BarcodeDetector"));
      const page = await context.newPage();
      page.on("pageerror", (error) => offences.push(error.message));
      await page.goto(`${city.server.url}field`);
      await signIn(page, "en");
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
      await context.setOffline(true);
      await page.getByRole("button", { name: texts.scan }).click();
      await page.getByRole("heading", { name: WELL }).waitFor();
      expect(new URL(page.url()).searchParams.get("node")).toBe(WELL);
    } finally {
      await withCamera.close();
    }
  });

  it("offers a viewer no more than to look", async () => {
    const texts = fieldTexts("en");
    const page = await scan(await phone("en"), WELL);
    await signIn(page, "en", "viewer");
    await page.getByText(texts.roleMayNot).waitFor();
    await check(page, "online").waitFor();
    expect(await page.getByRole("button", { name: texts.submit.accept }).count()).toBe(0);
    expect(await page.getByRole("button", { name: texts.measureNow }).count()).toBe(0);
  });
});

function day(node: string): SyntheticDay {
  return new SyntheticDay({ seed: 1, node, startUtcMs: EVENING_MS });
}

/** A street at night whose lamp gets no current through the meter. */
function withoutLamp(node: string): Surroundings {
  const usual = day(node);
  return {
    value: (metric, timeMs) => {
      if (metric === "lampCurrent") return 0;
      return metric === "illuminance" ? 0.5 : usual.value(metric, timeMs);
    },
  };
}

/** A picture that does not compress: larger than what may be sent. */
async function noisyPicture(page: Page): Promise<Buffer> {
  const data = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = 1800;
    canvas.height = 1400;
    const context = canvas.getContext("2d");
    const image = context?.createImageData(canvas.width, canvas.height);
    if (!context || !image) return "";
    for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 2654435761) >>> 24;
    context.putImageData(image, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  });
  return Buffer.from(data, "base64");
}
