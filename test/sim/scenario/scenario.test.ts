import { describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../../src/projectFolder";
import { groupsOf } from "../../../src/sim/city/cityMap";
import { cuesOf } from "../../../src/sim/scenario/cues";
import { durationMs } from "../../../src/duration";
import { loadScenario, parseScenario, readyScenarios } from "../../../src/sim/scenario/scenario";
import { nodeName } from "../../../src/sim/citySimulation";

const NODES = Array.from({ length: 20 }, (_, i) => nodeName("berkane", i + 1));

const scenario = (steps: string, more = "") =>
  parseScenario(`{ "description": "x", "for": "2d", ${more} "steps": [${steps}] }`, "x.jsonc");

describe("a scenario", () => {
  it("names the place that is wrong, and what was expected there", () => {
    const cases: [string, string][] = [
      ["{", "x.jsonc line 1: not JSON: "],
      ["[]", "x.jsonc: the scenario must be object"],
      ['{ "for": "1h" }', "x.jsonc: the scenario must have 'description'"],
      [
        '{ "description": "x", "for": "soon" }',
        "x.jsonc: for must be a time above 0, such as 30s, 10m, 1h30m or 2d",
      ],
      ["", "x.jsonc line 1: not JSON: value expected"],
      ['{ "description": "x", "for": "0s" }', "x.jsonc: for must be a time above 0, such as"],
      ['{ "description": "x", "for": "-1h" }', "x.jsonc: for must be a time above 0, such as"],
      ['{ "description": "x", "for": 3600 }', "x.jsonc: for must be a time above 0, such as"],
      [
        '{ "description": "x", "for": "1h", "start": "tomorrow" }',
        "x.jsonc: start must be UTC such as 2026-07-14T05:00Z",
      ],
      ...["2026-13-45T99:99Z", "2026-02-30T05:00Z", "2019-07-14T05:00Z", "2100-01-01T00:00Z"].map(
        (start): [string, string] => [
          `{ "description": "x", "for": "1h", "start": "${start}" }`,
          `x.jsonc: start must be a time from 2026-01-01T00:00Z to 2099-12-31T23:59Z, got ${start}`,
        ],
      ),
      [
        '{ "description": "x", "for": "1h", "node": 1 }',
        "x.jsonc: the scenario has 'node', which is not known there",
      ],
      [
        '{ "description": "x", "for": "1h", "configuration": { "channels": { "pm99": {} } } }',
        "x.jsonc: configuration.channels.pm99: is no metric of this node",
      ],
    ];
    for (const [text, message] of cases)
      expect(() => parseScenario(text, "x.jsonc"), text).toThrow(message);
    const steps: [string, string][] = [
      ['{ "do": "earthquake" }', "steps[0].do must be one of broker-down, network,"],
      ['{ "do": "power-cut", "at": "1h" }', "steps[0] must have 'for'"],
      ['{ "do": "power-cut", "at": "1h", "for": "1h", "x": 1 }', "steps[0] has 'x', which"],
      ['{ "do": "half-open" }', "steps[0] must have either 'at' or 'rate'"],
      [
        '{ "do": "network", "at": "1h", "for": "1h", "lossPct": 101 }',
        "steps[0].lossPct must be <= 100",
      ],
    ];
    steps.push(
      ['{ "do": "half-open", "at": "2d" }', "steps[0].at: 2d lies behind the end"],
      ['{ "do": "half-open", "at": "1h", "until": "2h" }', "steps[0]: 'from' and 'until' go with"],
      ['{ "do": "beacon-wrong", "at": "1h", "for": "1h" }', "steps[0] must have 'offsetS' or"],
      ['{ "do": "network", "at": "1h", "for": "1h" }', "steps[0] must have 'lossPct', 'delayMs'"],
      [
        '{ "do": "brown-out", "at": "1h", "times": 2, "every": "5s", "off": "5s" }',
        "steps[0].off must be shorter than 'every'",
      ],
      [
        '{ "do": "configure", "at": "1h", "document": { "channels": { "pm99": {} } } }',
        "steps[0].document.channels.pm99: is no metric of this node",
      ],
      ['{ "do": "configure", "at": "1h", "document": { "version": 0 } }', "steps[0].document.ver"],
      [
        '{ "do": "command", "at": "1h", "command": { "command": "dance" } }',
        "steps[0].command: command: must be one of identify,",
      ],
    );
    steps.push(
      ['{ "do": "half-open", "at": "-1m" }', "steps[0].at must be a time such as 30s, 10m,"],
      ['{ "do": "half-open", "at": 60 }', "steps[0].at must be a time such as 30s, 10m,"],
      ['{ "do": "power-cut", "at": "0s", "for": "0s" }', "steps[0].for must be a time above 0,"],
      [
        '{ "do": "brown-out", "at": "1h", "times": 2, "every": "5s", "off": "0.0s" }',
        "steps[0].off must be a time above 0,",
      ],
      [
        '{ "do": "half-open", "rate": { "perDay": 1 }, "until": "3d" }',
        "steps[0].until: 3d lies behind the end of the scenario",
      ],
      [
        '{ "do": "half-open", "at": "1h", "nodes": ["bk-0001", "bk-0001"] }',
        "steps[0].nodes must NOT have duplicate items",
      ],
      ['{ "do": "half-open", "at": "1h", "nodes": 5 }', "steps[0].nodes must be a name, a list of"],
      [
        '{ "do": "beacon-wrong", "at": "1h", "for": "1h", "silent": false }',
        "steps[0] must have 'offsetS' or",
      ],
      [
        '{ "do": "chip-fault", "at": "1h", "chip": "sen55", "fault": { "noAnswer": false, "slowFactor": 1 } }',
        "steps[0].fault must have a fault that is switched on",
      ],
    );
    for (const [step, message] of steps)
      expect(() => scenario(step), step).toThrow(`x.jsonc: ${message}`);
  });

  it("may begin with a byte order mark and hold comments", () => {
    const text = '\uFEFF// one\n{ "description": "x", /* two */ "for": "1h", }';
    expect(parseScenario(text, "x.jsonc")).toEqual({ description: "x", for: "1h" });
  });

  it("is refused where more happens than has a place in memory", () => {
    const step = '{ "do": "half-open", "rate": { "perDay": 1440 } }';
    expect(cuesOf(scenario(step), NODES.slice(0, 1), 1).length).toBeGreaterThan(2000);
    const all = Array.from({ length: 1000 }, (_, i) => nodeName("berkane", i + 1));
    expect(() => cuesOf(scenario(step), all, 1, "x.jsonc")).toThrow(
      "x.jsonc: steps[0]: with it more than 200000 things happen",
    );
  });

  it("comes with ready ones, all of them good", () => {
    expect(readyScenarios()).toEqual([
      "broker-upgrade",
      "heatwave",
      "quiet-day",
      "soak-30d",
      "storm",
    ]);
    for (const name of readyScenarios()) {
      const ready = loadScenario(name);
      const nodes = Array.from({ length: ready.nodes ?? 1 }, (_, i) => nodeName("berkane", i + 1));
      for (const cue of cuesOf(ready, nodes, 1))
        expect(cue.atMs, name).toBeLessThan(durationMs(ready.for));
    }
    expect(() => loadScenario("none")).toThrow("none of the ready ones: broker-upgrade,");
    expect(() => loadScenario(PROJECT_FOLDER)).toThrow("cannot be read: EISDIR");
  });

  it("happens to whom and when it says", () => {
    const cut = (nodes: string) =>
      cuesOf(
        scenario(`{ "do": "power-cut", "at": "1h30m", "for": "2m", "nodes": ${nodes} }`),
        NODES,
        1,
      );
    expect(cut('"all"').map(({ node }) => node)).toEqual(NODES);
    expect(cut('["bk-0003"]')).toMatchObject([
      { atMs: 5_400_000, untilMs: 5_520_000, node: "bk-0003" },
    ]);
    expect(cut('{ "share": 0.25 }')).toHaveLength(5);
    const [group = ""] = groupsOf("bk-0004");
    expect(cut(`{ "group": "${group}" }`).map(({ node }) => node)).toContain("bk-0004");
    expect(() => cut('"bk-0021"')).toThrow("no node 'bk-0021' in this run of 20");
    expect(() => cut('{ "group": "moon" }')).toThrow("no node in group 'moon'");
  });

  it("is refused where a chip is not there, or cannot have the fault", () => {
    const fault = (chip: string, faults: string) =>
      cuesOf(
        scenario(`{ "do": "chip-fault", "at": "1h", "chip": "${chip}", "fault": ${faults} }`),
        NODES,
        1,
        "x.jsonc",
      );
    expect(() => fault("sen66", '{ "noAnswer": true }')).toThrow(
      "x.jsonc: steps[0].chip: no chip 'sen66' on a pole, there are sen55, veml7700, ina226, sen0232",
    );
    expect(() => fault("ina226", '{ "badCrc": true }')).toThrow("its answers have no check sum");
    expect(fault("sen55", '{ "badCrc": true }')).toHaveLength(NODES.length);
  });

  it("numbers what it tells each node, whoever else is told", () => {
    const steps = scenario(
      `{ "do": "command", "at": "2h", "command": { "command": "flush" } },
       { "do": "configure", "at": "1h", "document": {} }`,
    );
    for (const nodes of [NODES, NODES.slice(1, 2)])
      expect(
        cuesOf(steps, nodes, 1).flatMap(({ node, action }) => (node === "bk-0002" ? action : [])),
      ).toMatchObject([{ document: { version: 1 } }, { command: { id: "sim-2" } }]);
  });

  it("leaves to chance what has a rate: the same for a seed, and for each node alone", () => {
    const rare = scenario('{ "do": "wifi-gone", "rate": { "perDay": 12 }, "for": "1m" }');
    const cues = cuesOf(rare, NODES, 7);
    expect(cues).toEqual(cuesOf(rare, NODES, 7));
    expect(cues).not.toEqual(cuesOf(rare, NODES, 8));
    expect(cues.filter(({ node }) => node === "bk-0002")).toEqual(cuesOf(rare, ["bk-0002"], 7));
    // 20 nodes, 2 days, 12 a day: 480 on average, with a standard deviation of 22.
    expect(cues.length).toBeGreaterThan(370);
    expect(cues.length).toBeLessThan(590);
    expect(cues.map(({ atMs }) => atMs)).toEqual(
      cues.map(({ atMs }) => atMs).sort((a, b) => a - b),
    );
  });
});
