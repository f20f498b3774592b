import axe from "axe-core";
import type { Page } from "playwright-core";

/** What axe-core finds wrong with a page as it is shown now; nothing is what should come. */
export async function violations(page: Page): Promise<string[]> {
  // The page's policy lets no script in that the server did not send; the debugger may.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe.source });
  const { result } = await session.send("Runtime.evaluate", {
    expression: `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
      violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target + " " + n.failureSummary).join("; ")))`,
    awaitPromise: true,
    returnByValue: true,
  });
  return result.value as string[];
}
