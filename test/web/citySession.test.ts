import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { REQUEST_HEADER, REQUEST_HEADER_VALUE } from "../../src/web/api";
import { LANGUAGES, fill, type Language } from "../../src/web/page/language";
import { buildPage, type BuiltPage } from "../support/builtPage";
import { violations } from "../support/axe";
import { HAS_CHROMIUM, launchChromium } from "../support/chromium";
import { PASSWORD, startPagesCity, type PagesCity } from "../support/pagesCity";

const NODE = "bk-0001";

describe.runIf(HAS_CHROMIUM)("the city page of a city that not everybody may watch", () => {
  let built: BuiltPage;
  let city: PagesCity;
  let browser: Browser;
  const offences: string[] = [];

  beforeAll(async () => {
    built = await buildPage();
    city = await startPagesCity({ nodes: 1, folder: built.folder, publicView: false });
    await city.run(30_000);
    browser = await launchChromium();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await city?.close();
    built?.remove();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(offences.splice(0)).toEqual([]);
  });

  async function open(locale = "en", hash = ""): Promise<Page> {
    const context = await browser.newContext({ locale, viewport: { width: 360, height: 740 } });
    const page = await context.newPage();
    page.on("pageerror", (error) => offences.push(error.message));
    await page.goto(city.server.url + hash);
    return page;
  }

  async function signIn(page: Page, { texts }: Language, name = "operator"): Promise<void> {
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(texts.userName).fill(name);
    await dialog.getByLabel(texts.password).fill(PASSWORD);
    await dialog.getByRole("button", { name: texts.signIn }).click();
    await dialog.waitFor({ state: "detached" });
  }

  it.each(LANGUAGES.map((language) => [language.code, language] as const))(
    "in %s shows it to who signs in at the second try, and nothing to who signed out",
    { timeout: 60_000 },
    async (code, language) => {
      const { texts } = language;
      const page = await open(code);
      const node = page.locator(".node-list").getByText(NODE);
      await page.getByRole("dialog").getByRole("button", { name: texts.cancel }).click();
      await page.getByText(texts.signInToWatch).waitFor();
      expect(await page.locator(".summary").isVisible()).toBe(false);
      expect(await violations(page)).toEqual([]);
      await page.locator("main").getByRole("button", { name: texts.signIn }).click();
      await signIn(page, language);
      await node.waitFor();
      // An operator takes the audit log along; the others are not offered it.
      const audit = page.getByRole("link", { name: texts.auditCsv });
      const href = (await audit.getAttribute("href")) ?? "";
      const taken = await page.request.get(new URL(href, city.server.url).href);
      expect(await taken.text()).toContain(",operator,sign-in,");
      await page.getByRole("button", { name: texts.signOut }).click();
      await page.getByText(texts.signInToWatch).waitFor();
      expect(await node.count()).toBe(0);
      await page.locator(".menu").getByRole("button", { name: texts.signIn }).click();
      await signIn(page, language, "viewer");
      await node.waitFor();
      expect(await audit.count()).toBe(0);
    },
  );

  it.each(LANGUAGES.map((language) => [language.code, language] as const))(
    "in %s shows crews what was done at a pole, and nobody else",
    { timeout: 60_000 },
    async (code, language) => {
      const { texts } = language;
      const pole = `P-${code}`;
      const answer = await city.visit({
        node: NODE,
        pole,
        note: "قرب المسجد\nprès du marché",
        despite: "cable ordered",
        photo: { data: Buffer.from([0xff, 0xd8, 0xff, 0xd9]).toString("base64") },
      });
      expect(answer.status, await answer.text()).toBe(200);
      const page = await open(code, `#${NODE}`);
      await signIn(page, language, "crew");
      const visits = page.locator(".visits li");
      await visits.first().getByText(pole).waitFor();
      await visits.first().getByText("cable ordered").waitFor();
      expect(await visits.first().innerText()).toContain("près du marché");
      const photo = visits.first().getByRole("img", { name: fill(texts.visitPhoto, { pole }) });
      const answered = await page.request.get(
        new URL((await photo.getAttribute("src")) ?? "", city.server.url).href,
      );
      expect(answered.headers()["content-type"]).toBe("image/jpeg");
      expect(await violations(page)).toEqual([]);
      expect(
        await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        ),
      ).toBe(0);
      await page.getByRole("button", { name: texts.signOut }).click();
      await page.locator(".menu").getByRole("button", { name: texts.signIn }).click();
      await signIn(page, language, "viewer");
      await page.getByRole("article", { name: NODE }).waitFor();
      expect(await visits.count()).toBe(0);
    },
  );

  it("asks to sign in again when the session is over", { timeout: 60_000 }, async () => {
    const [, , english = LANGUAGES[0]] = LANGUAGES;
    const page = await open("en");
    await signIn(page, english);
    const node = page.locator(".node-list").getByText(NODE);
    await node.waitFor();
    // The server forgets the session; the line is cut when it looks the next time, or now.
    await page.request.post(`${city.server.url}api/sign-out`, {
      headers: { [REQUEST_HEADER]: REQUEST_HEADER_VALUE },
      data: {},
    });
    await city.restart();
    await page.getByText(english.texts.signInExpired).waitFor();
    expect(await node.count()).toBe(0);
    await signIn(page, english);
    await node.waitFor();
    await page.locator(".live", { hasText: english.texts.live }).waitFor();
  });

  it("shows the map where the address names what can be no node", async () => {
    const page = await open("en", "#%E0%A4%A");
    await signIn(page, LANGUAGES[2] ?? LANGUAGES[0]);
    await page.locator(".map canvas").waitFor();
  });
});
