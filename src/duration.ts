const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a time such as `30s` or `1h30m`; NaN where it is none. */
export function durationMs(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?[smhd])+$/.test(text)) return NaN;
  let sum = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g))
    sum += Number(value) * (UNIT_MS[unit ?? ""] ?? NaN);
  return sum;
}
