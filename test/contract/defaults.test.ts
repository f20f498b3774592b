import { describe, expect, it } from "vitest";
import { defaultChannel } from "../../devs/contract/defaults";
import { metricNames } from "../../devs/contract/metrics";
import { checkChain } from "../../devs/filter/check";

describe("the default of each metric", () => {
  it.each(metricNames())("%s", (name) => {
    const channel = defaultChannel(name);
    expect(channel?.periodS).toBeGreaterThan(0);
    expect(checkChain(channel?.chain, "")).toEqual([]);
    expect(channel?.chain.range?.min).toBeDefined();
    expect(channel?.chain.range?.max).toBeDefined();
    expect(channel?.chain.report?.heartbeatS).toBeLessThanOrEqual(900);
  });

  it("is nothing for another name", () => {
    expect(defaultChannel("radon")).toBeUndefined();
  });
});
