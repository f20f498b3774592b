import { describe, expect, it } from "vitest";
import { SECTIONS, channelConfig, checkConfig, sectionConfig } from "../../devs/contract/config";
import { DEFAULTS } from "../../devs/contract/defaults";
import { jsonLine } from "../../devs/contract/jsonLines";
import { metricNames } from "../../devs/contract/metrics";

describe("the default of each metric", () => {
  it.each(metricNames())("%s", (name) => {
    const channel = channelConfig({}, name);
    expect(checkConfig({ channels: { [name]: channel } })).toEqual([]);
    expect(channel.periodS).toBeGreaterThan(0);
    expect(channel.range?.min).toBeDefined();
    expect(channel.range?.max).toBeDefined();
    expect(channel.report?.heartbeatS).toBeLessThanOrEqual(900);
  });

  it("is nothing for another name", () => {
    expect(jsonLine(DEFAULTS, "radon")).toBeUndefined();
  });
});

describe("the default of each section", () => {
  it.each(["health", "release", "time", "noise", "lamp"] as const)("%s", (name) => {
    expect(SECTIONS).toContain(name);
    expect(checkConfig({ [name]: sectionConfig({}, name) })).toEqual([]);
    expect(Object.keys(sectionConfig({}, name))).not.toHaveLength(0);
  });
});
