import type { AuditLine } from "../web/api";
import type { StoredReading } from "./history";

export const CSV_HEADER = "time,node,metric,value,unit,untimed\r\n";

/** Readings as lines of CSV (RFC 4180); times in ISO 8601, UTC. */
export function csvLines(readings: readonly StoredReading[]): string {
  return readings
    .map(({ timeMs, node, metric, value, unit, untimed }) =>
      [
        new Date(timeMs).toISOString(),
        node,
        metric,
        String(value),
        cell(unit),
        untimed ? "1" : "",
      ].join(","),
    )
    .map((line) => `${line}\r\n`)
    .join("");
}

/** Who did what as CSV (RFC 4180), with a header; times in ISO 8601, UTC. */
export function auditCsv(lines: readonly AuditLine[]): string {
  const rows = lines.map(({ atMs, who, what, name, detail }) => [
    new Date(atMs).toISOString(),
    ...[who, what, name ?? "", detail ?? ""].map(cell),
  ]);
  return [["time", "who", "what", "name", "detail"], ...rows]
    .map((row) => `${row.join(",")}\r\n`)
    .join("");
}

/** What a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection). */
function cell(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
