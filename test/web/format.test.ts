import { describe, expect, it } from "vitest";
import { Format } from "../../src/web/page/format";
import { fieldTexts } from "../../src/web/page/field/texts";
import { FRENCH as FRENCH_TEXTS } from "../../src/web/page/texts/french";
import { LANGUAGES, fill, startLanguage } from "../../src/web/page/language";

const ENGLISH = new Format("en-GB");
const FRENCH = new Format("fr-MA");
const ARABIC = new Format("ar-MA");
/** 13:30 in Berkane, which was an hour ahead of UTC on that day. */
const NOW_MS = Date.UTC(2025, 5, 15, 12, 30);

describe("Format", () => {
  it("writes numbers and units as each locale does", () => {
    expect(ENGLISH.value(12.345, "ug/m3", 1)).toBe("12.3\u00a0µg/m³");
    expect(FRENCH.value(12.345, "ug/m3", 1)).toBe("12,3\u00a0µg/m³");
    expect(ARABIC.value(12.345, "ug/m3", 1)).toBe("\u206612,3\u00a0µg/m³\u2069");
    expect(ENGLISH.value(55, "%RH", 0)).toMatch(/^55\s?%$/);
    expect(FRENCH.value(-2.5, "Cel", 1)).toMatch(/^[-\u2212]2,5\s°C$/);
    expect(ENGLISH.value(7, "", 0)).toBe("7");
  });

  it("does not round a share up to everything", () => {
    expect(ENGLISH.percent(0.9996)).toBe("99.9%");
    expect(ENGLISH.percent(1)).toBe("100%");
    expect(ENGLISH.percent(0)).toBe("0%");
  });

  it("writes times as they are in Morocco, with the day when it is another", () => {
    expect(ENGLISH.time(NOW_MS, NOW_MS)).toBe("13:30");
    expect(ENGLISH.clock(NOW_MS)).toBe("13:30:00");
    expect(ENGLISH.time(NOW_MS - 86_400_000, NOW_MS)).toBe("14 Jun, 13:30");
    expect(ENGLISH.time(Date.UTC(2025, 5, 14, 23, 30), NOW_MS)).toBe("00:30");
    expect(ARABIC.time(NOW_MS, NOW_MS)).toBe("13:30");
  });

  it("writes durations in their largest two units", () => {
    expect(ENGLISH.duration(0)).toBe("0 secs");
    expect(ENGLISH.duration(59)).toBe("59 secs");
    expect(ENGLISH.duration(3600)).toBe("1 hr");
    expect(ENGLISH.duration(90_061)).toBe("1 day 1 hr");
  });
});

describe("languages", () => {
  it("start with the viewer's choice, then the browser's, then French", () => {
    expect(startLanguage("ar", ["en"]).code).toBe("ar");
    expect(startLanguage(null, ["de-DE", "ar-MA", "fr"]).code).toBe("ar");
    expect(startLanguage("xx", ["en-US"]).code).toBe("en");
    expect(startLanguage(null, ["de"]).code).toBe("fr");
  });

  it("say the same: every text of one is in the others, with the same places to fill", () => {
    const [first, ...others] = LANGUAGES.map(({ code, texts }) =>
      flatten({ city: texts, field: fieldTexts(code) }),
    );
    for (const other of others) {
      expect(Object.keys(other).sort()).toEqual(Object.keys(first).sort());
      for (const [name, text] of Object.entries(other)) {
        expect(text.trim(), name).not.toBe("");
        expect(places(text), name).toEqual(places(first[name]));
      }
    }
  });

  it("keep French signs on the line of their word", () => {
    const texts = Object.values(flatten({ city: FRENCH_TEXTS, field: fieldTexts("fr") }));
    expect(texts.filter((text) => / [:;?!»]|« |\S[;?!»]/.test(text))).toEqual([]);
  });

  it("fill places, and leave unknown ones as they are", () => {
    expect(fill("{a} and {b}", { a: "1" })).toBe("1 and {b}");
  });
});

/** Texts by their path; the plural forms differ from language to language, so only `other` counts. */
function flatten(texts: object, path = ""): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(texts).map(([name, value]: [string, unknown]) => {
      if (/(nodes|unplaced|openChecks)\.$/.test(path) && name !== "other") return {};
      return typeof value === "string"
        ? { [path + name]: value }
        : flatten(value as object, `${path}${name}.`);
    }),
  ) as Record<string, string>;
}

function places(text: string): string[] {
  return [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
}
