import { unitSymbol } from "../../city/unitSymbols";

/** Where the streets are, and so the time that is shown. */
const TIME_ZONE = "Africa/Casablanca";
/** Keeps a number and its unit on one line. */
const NO_BREAK_SPACE = "\u00a0";

/** A value in two parts, so that the unit can be set smaller. */
export interface ShownValue {
  readonly number: string;
  readonly unit: string;
  /** The unit comes first, as the percent sign does in some languages. */
  readonly unitFirst: boolean;
}

/** Writes numbers, units and times as one locale does. */
export class Format {
  readonly #locale: string;
  /** Among Arabic words a number and a Latin unit would change places. */
  readonly #isolate: boolean;
  readonly #numbers = new Map<number, Intl.NumberFormat>();
  readonly #units = new Map<string, Intl.NumberFormat>();
  readonly #time: Intl.DateTimeFormat;
  readonly #dayAndTime: Intl.DateTimeFormat;
  readonly #clock: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #hour: Intl.DateTimeFormat;
  readonly #brief: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #plural: Intl.PluralRules;

  constructor(locale: string) {
    this.#locale = locale;
    this.#isolate = locale.startsWith("ar");
    const zone = { timeZone: TIME_ZONE, hourCycle: "h23" } as const;
    const time = { hour: "2-digit", minute: "2-digit" } as const;
    const day = { day: "numeric", month: "short" } as const;
    this.#time = new Intl.DateTimeFormat(locale, { ...zone, ...time });
    this.#clock = new Intl.DateTimeFormat(locale, { ...zone, ...time, second: "2-digit" });
    this.#dayAndTime = new Intl.DateTimeFormat(locale, { ...zone, ...time, ...day });
    this.#day = new Intl.DateTimeFormat("en-CA", { timeZone: TIME_ZONE });
    this.#hour = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "numeric" });
    this.#brief = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
    this.#percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
    this.#plural = new Intl.PluralRules(locale);
  }

  /** A plain number; `decimals` are always written out, so that values do not jump about. */
  number(value: number, decimals = 0): string {
    let format = this.#numbers.get(decimals);
    if (!format) {
      format = new Intl.NumberFormat(this.#locale, {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      });
      this.#numbers.set(decimals, format);
    }
    return format.format(value);
  }

  /** A value and its SenML unit, in parts. */
  parts(value: number, unit: string, decimals: number): ShownValue {
    const style =
      unit === "%RH"
        ? { style: "unit", unit: "percent" }
        : unit === "Cel"
          ? { style: "unit", unit: "celsius" }
          : undefined;
    if (!style) {
      const number = this.number(value, decimals);
      return { number, unit: unitSymbol(unit), unitFirst: false };
    }
    const key = unit + decimals;
    let format = this.#units.get(key);
    if (!format) {
      format = new Intl.NumberFormat(this.#locale, {
        ...(style as Intl.NumberFormatOptions),
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      });
      this.#units.set(key, format);
    }
    const parts = format.formatToParts(value);
    const isUnit = ({ type }: Intl.NumberFormatPart) => type === "unit" || type === "percentSign";
    const join = (some: Intl.NumberFormatPart[]) =>
      some
        .map((part) => part.value)
        .join("")
        .trim();
    return {
      number: join(parts.filter((part) => !isUnit(part))),
      unit: join(parts.filter(isUnit)),
      unitFirst: parts.findIndex(isUnit) < parts.findIndex(({ type }) => type === "integer"),
    };
  }

  /** A value and its unit as one text. */
  value(value: number, unit: string, decimals: number): string {
    const shown = this.parts(value, unit, decimals);
    if (!shown.unit) return shown.number;
    const order = shown.unitFirst ? [shown.unit, shown.number] : [shown.number, shown.unit];
    const text = order.join(NO_BREAK_SPACE);
    return this.#isolate ? `\u2066${text}\u2069` : text;
  }

  /** A share from 0 to 1 in percent, never rounded up: 99.96 % is not all. */
  percent(share: number): string {
    return this.#percent.format(Math.floor(share * 1000) / 1000);
  }

  /** Hours and minutes; with the day when that is not today. */
  time(timeMs: number, nowMs: number): string {
    const today = this.#day.format(timeMs) === this.#day.format(nowMs);
    return (today ? this.#time : this.#dayAndTime).format(timeMs);
  }

  /** Hours and minutes. */
  hours(timeMs: number): string {
    return this.#time.format(timeMs);
  }

  /** The hour of the day, 0 to 23. */
  hour(timeMs: number): number {
    return Number(this.#hour.format(timeMs));
  }

  /** A number as short as it stands at an axis: 12k for 12,345. */
  brief(value: number): string {
    return this.#brief.format(value);
  }

  /** Hours, minutes and seconds. */
  clock(timeMs: number): string {
    return this.#clock.format(timeMs);
  }

  /** A duration in its largest one or two units. */
  duration(seconds: number): string {
    const units: [Intl.NumberFormatOptions["unit"], number][] = [
      ["day", Math.floor(seconds / 86_400)],
      ["hour", Math.floor(seconds / 3600) % 24],
      ["minute", Math.floor(seconds / 60) % 60],
      ["second", Math.floor(seconds) % 60],
    ];
    const first = units.findIndex(([, n]) => n > 0);
    const from = first < 0 ? units.length - 1 : first;
    return units
      .slice(from, from + 2)
      .filter(([, n], i) => n > 0 || i === 0)
      .map(([unit, n]) =>
        new Intl.NumberFormat(this.#locale, {
          style: "unit",
          unit: unit as string,
          unitDisplay: "short",
        }).format(n),
      )
      .join(" ");
  }

  /** The form of a text for that number of things. */
  plural(forms: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>, n: number): string {
    return forms[this.#plural.select(n)] ?? forms.other ?? "";
  }
}
