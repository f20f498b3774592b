import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failedCheck, selfTestReport } from "../../devs/contract/selfTest";
import {
  BootLog,
  LogLines,
  nextBootState,
  type BootEvent,
  type BootState,
} from "../../src/flash/bootLog";

const STATES: BootState[] = ["silent", "running", "looping", "refused", "empty", "judged"];

describe("the state of a start", () => {
  const table: Record<BootEvent, BootState[]> = {
    // From:      silent     running    looping    refused    empty      judged
    started: ["running", "running", "looping", "running", "running", "judged"],
    refusal: ["refused", "refused", "looping", "refused", "refused", "judged"],
    "no-image": ["empty", "empty", "looping", "empty", "empty", "judged"],
    verdict: ["judged", "judged", "looping", "judged", "judged", "judged"],
    other: STATES,
  };
  it.each(Object.entries(table) as [BootEvent, BootState[]][])("after %s", (event, expected) => {
    expect(STATES.map((state) => nextBootState(state, event, 1))).toEqual(expected);
  });
  it("is a loop at the fourth start without a verdict", () => {
    expect([1, 2, 3, 4].map((n) => nextBootState("running", "started", n))).toEqual([
      "running",
      "running",
      "running",
      "looping",
    ]);
  });
});

describe("a log on a serial line", () => {
  it("is read in pieces of any size", () => {
    const text = "starting devicescript-esp32 v2.16.1\nä þ\n> self-test {}\n";
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
        const lines = new LogLines();
        const found: string[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length];
          found.push(...lines.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(found).toEqual(text.trim().split("\n"));
      }),
    );
  });

  it("is kept apart from the frames between its lines", () => {
    const lines = new LogLines();
    const frame = [0xfe, 0xfc, 0x0a, 0x41, 0xfe, 0xf8, 0xfe, 0xfd];
    expect(lines.push(Uint8Array.from([0x61, ...frame, 0x62, 0x0a, 0x63, 0x0a]))).toEqual([
      "ab",
      "c",
    ]);
  });

  it("comes back after noise that looks like the start of a frame", () => {
    const lines = new LogLines();
    lines.push(Uint8Array.from([0x80, 0xfe, 0xfc]));
    lines.push(new Uint8Array(300).fill(0x61));
    lines.push(Buffer.from("\n> self-test {}\n"));
    expect(lines.push(Buffer.from("after\n"))).toEqual(["after"]);
    expect(
      new LogLines().push(Buffer.from([0xfe, 0xfc, ...Buffer.from(`${"x".repeat(252)}\nafter\n`)])),
    ).toEqual(["after"]);
  });
});

describe("a start", () => {
  function start(...lines: string[]): BootLog {
    const log = new BootLog();
    log.push(Buffer.from(lines.map((line) => `${line}\r\n`).join("")));
    return log;
  }

  it("is judged by the report, over several lines too", () => {
    const checks = Array.from({ length: 12 }, (_, i) =>
      i % 3 ? `check-${i}` : failedCheck(`check-${i}`, "not-ready"),
    );
    const report = selfTestReport("bk-0001", checks).split("\n");
    expect(report.length).toBeGreaterThan(1);
    const log = start("\xc0\x80garbage", ...report.map((line) => `> ${line}`), "> more");
    expect(log.state).toBe("judged");
    expect(log.verdict).toEqual({ pass: false, node: "bk-0001", checks });
  });

  it("passes over a damaged line", () => {
    const cut = selfTestReport("bk-0001", ["a"]).slice(0, -2);
    expect(start(`> ${cut}`, "> self-test {null", '> self-test {"pass":true}').state).toBe(
      "silent",
    );
  });

  it("says why the program cannot start", () => {
    const log = start(
      "starting devicescript-esp32 v2.16.1",
      "! streetnode cannot start: not provisioned: no identity or broker in flash",
    );
    expect(log.state).toBe("refused");
    expect(log.refusal).toBe("not provisioned: no identity or broker in flash");
  });

  it("finds an empty flash and a loop", () => {
    expect(start("invalid header: 0xffffffff").state).toBe("empty");
    expect(start(...Array<string>(4).fill("starting devicescript-esp32c3 v2.16.1")).state).toBe(
      "looping",
    );
  });
});
