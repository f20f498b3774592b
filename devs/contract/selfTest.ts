/**
 * The self-test's verdict in the node's log: what the firmware prints after its chips' first
 * tries, and what the flasher waits for.
 *
 *     self-test {"checks":["sen5x","veml7700","ina226","ads1115"]}
 *     self-test {"pass":false,"node":"bk-0001","checks":["clock=not-set"]}
 *
 * A check is its name when it passed, `name=reason` when it failed, `name~reason` when it could
 * not be made. The line with `pass` ends
 * the report; checks that do not fit into it go into lines before it, since a board cuts its
 * log lines.
 */

/** How a line of the report starts, after the mark of the log. */
export const SELF_TEST_TAG = "self-test ";

/**
 * Longest line of the report, in characters. A board's log line holds 160 bytes with its mark,
 * the end of the line and the closing zero (`JD_DMESG_LINE_BUFFER`); the rest is cut off.
 */
export const SELF_TEST_LINE_MAX = 150;

/** Room that the closing line needs beside its checks: tag, pass, the longest node name, brackets. */
const CLOSING_LENGTH = 75;

/** How a check that failed for `reason` is written; both are of a-z, A-Z, 0-9, '-' and '.'. */
export function failedCheck(name: string, reason: string): string {
  return name + "=" + reason;
}

/** How a check that could not be made for `reason` is written. */
export function skippedCheck(name: string, reason: string): string {
  return name + "~" + reason;
}

/** The report on a node with that name, its lines separated by line feeds. */
export function selfTestReport(node: string, checks: string[]): string {
  let pass = true;
  let text = "";
  let list = "";
  for (const check of checks) {
    if (check.indexOf("=") >= 0) pass = false;
    if (list && CLOSING_LENGTH + list.length + check.length + 3 > SELF_TEST_LINE_MAX) {
      text += SELF_TEST_TAG + '{"checks":[' + list + "]}\n";
      list = "";
    }
    list += (list ? ',"' : '"') + check + '"';
  }
  return (
    text +
    SELF_TEST_TAG +
    '{"pass":' +
    (pass ? "true" : "false") +
    ',"node":"' +
    node +
    '","checks":[' +
    list +
    "]}"
  );
}
