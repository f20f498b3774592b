import { describe, expect, it } from "vitest";
import type { CaseRunner } from "../shared/caseRunner";
import { runCasesInVm, type CaseResult } from "../vm/harness";

/**
 * Declares the tests of one file of shared cases: once under Node, once as
 * bytecode inside the VM, and that both ran the same expectations.
 */
export function testInBothWorlds(
  topic: string,
  cases: (t: CaseRunner) => Promise<void>,
  vmEntry: string,
): void {
  describe(topic, () => {
    const inNode: CaseResult[] = [];
    it("holds under Node", async () => {
      await cases({
        check: (name, ok, detail = "") => inNode.push({ name, ok, detail }),
        pause: async () => {},
      });
      expect(inNode.length).toBeGreaterThan(0);
      expect(inNode.filter((result) => !result.ok)).toEqual([]);
    });
    it("holds in the VM", async () => {
      const inVm = await runCasesInVm(vmEntry);
      expect(inVm.filter((result) => !result.ok)).toEqual([]);
      expect(inVm.map((result) => result.name)).toEqual(inNode.map((result) => result.name));
    }, 120_000);
  });
}
