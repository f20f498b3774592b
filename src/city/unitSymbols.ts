/** How the SenML units (RFC 8428 section 12.1, RFC 8798 section 3) are written for people. */
const SYMBOLS: Readonly<Record<string, string>> = {
  "ug/m3": "µg/m³",
  Cel: "°C",
  "%RH": "%",
};

/** The unit as people write it; empty for an index without one. */
export function unitSymbol(unit: string): string {
  return SYMBOLS[unit] ?? unit;
}
