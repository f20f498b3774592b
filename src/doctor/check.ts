/** How one thing of the technician's computer is. */
export interface Check {
  /** What was looked at, in a word or two. */
  readonly name: string;
  /** `skipped`: it could not be looked at, for the reason in `found`. */
  readonly verdict: "ok" | "failed" | "skipped";
  /** What was found, in one line. */
  readonly found: string;
  /** What to do about it, where there is something to do. */
  readonly mend?: string;
}

/** All is well. */
export function ok(name: string, found: string): Check {
  return { name, verdict: "ok", found };
}

/** Something must be mended before boards can be flashed. */
export function failed(name: string, found: string, mend: string): Check {
  return { name, verdict: "failed", found, mend };
}

/** It was not looked at; `mend` says how it can be. */
export function skipped(name: string, found: string, mend?: string): Check {
  return { name, verdict: "skipped", found, ...(mend === undefined ? {} : { mend }) };
}
