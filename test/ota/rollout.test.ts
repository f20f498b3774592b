import { afterEach, describe, expect, it } from "vitest";
import { loadFirmware } from "../../src/toolchain/firmware";
import { judgeDelivery } from "../support/deliveryProof";
import { mutant } from "../support/mutant";
import { OtaCity, otherVersion } from "../support/otaCity";

/** `npm run proofs` */
const IN_FULL = process.env["STREETNODE_PROOF_NODES"] !== undefined;
/** Nodes of a rollout that stops at its two canaries. */
const NODES = IN_FULL ? Number(process.env["STREETNODE_PROOF_NODES"]) : 3;
const MINUTE_MS = 60_000;
const TIMEOUT_MS = IN_FULL ? 3_600_000 : 600_000;

let city: OtaCity;
afterEach(() => city.close());

/** A city whose nodes run the firmware as it is, with its image and another one. */
async function startCity(nodes: number, other: Uint8Array) {
  city = new OtaCity(nodes);
  const { bytecode } = loadFirmware();
  const before = city.add(bytecode, "0.1.0");
  const image = city.add(other);
  await city.start({ trace: true });
  for (const name of city.names)
    city.network.path(name).setConditions({ delayMs: 30, lossShare: 0.02 });
  await city.run(2 * MINUTE_MS);
  return { before, image };
}

const isOver = () => ["done", "stopped"].includes(city.latest()?.state ?? "");

/** What the audit log has of this. */
const events = (kind: string) => city.inventory.audit().filter(({ what }) => what === kind);

/** Program that each node really holds, told by its own state. */
const programs = () => city.names.map((name) => city.program(name));

/**
 * Holds some bytes more every five seconds: what is free of the heap lasts for some twenty
 * minutes. Written so that it takes no more of the program than there is room for.
 */
function leaking(): Uint8Array {
  leakingProgram ??= mutant({
    file: "devs/node/streetNode.ts",
    healthy: "    this.tellDayPart();\n    this.wifiDbm",
    broken: "    kept.push(Buffer.alloc(68));\n    this.tellDayPart();\n    this.wifiDbm",
    more: "\nconst kept: Buffer[] = [];\n",
  }).bytecode;
  return leakingProgram;
}
let leakingProgram: Uint8Array | undefined;

describe("a rollout", () => {
  it.each([
    {
      what: "crashes at every start",
      program: () =>
        mutant({
          file: "devs/main.ts",
          healthy: "await main();",
          broken: 'if (sleep) throw new Error("broken");\nawait main();',
        }).bytecode,
      waitMs: 2 * MINUTE_MS,
      reason: /crashes at every start/,
      rescues: true,
    },
    {
      what: "loses a channel",
      program: () =>
        mutant({
          file: "devs/node/streetNode.ts",
          healthy: "if (this.away) return;",
          broken: 'if (this.away || metricName(metric) === "illuminance") return;',
        }).bytecode,
      waitMs: 10 * MINUTE_MS,
      reason: /no readings of illuminance/,
    },
    {
      what: "cannot reach its broker",
      program: () =>
        mutant({
          file: "devs/mqtt/socket.ts",
          healthy: "const port = this.address.port;",
          broken: "const port = 1884;",
        }).bytecode,
      waitMs: 2 * MINUTE_MS,
      reason: /not back within/,
    },
    {
      what: "leaks its heap and panics after twenty minutes",
      program: leaking,
      // As `--wait 10m` of the command has it: canaries are watched three times as long.
      waitMs: 10 * MINUTE_MS,
      canaryWaitMs: 30 * MINUTE_MS,
      reason: /restarted by itself \(crash\)/,
    },
  ])(
    `stops at the canaries of ${NODES} nodes when the program $what, and gives them the old one back`,
    async ({ program, waitMs, canaryWaitMs = waitMs, reason, rescues = false }) => {
      const { before, image } = await startCity(NODES, program());
      city.rollout(image, { waitMs, canaryWaitMs });
      await city.until(isOver, 90 * MINUTE_MS);
      expect(city.latest()).toMatchObject({ state: "stopped" });
      expect(city.latest()?.reason).toMatch(reason);
      expect(city.count()).toEqual({ returned: 2, waiting: NODES - 2 });
      // What crashes before it reaches the broker is rescued within two minutes, and an entry says so.
      expect(events("node-rescued").length > 0).toBe(rescues);
      for (const canary of rescues ? city.names.slice(0, 2) : []) {
        const [came, back] = events("program-transferred").filter(({ name }) => name === canary);
        expect((back?.atMs ?? Infinity) - (came?.atMs ?? 0)).toBeLessThan(2 * MINUTE_MS);
      }
      await city.run(MINUTE_MS);
      expect(new Set(programs())).toEqual(new Set([before]));
      // The others were never asked.
      const others = new Set<string | undefined>(city.names.slice(2));
      expect(city.notes.filter(({ node }) => others.has(node))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "takes the program back from every node when it fails after the watch is over",
    async () => {
      const { before, image } = await startCity(3, leaking());
      city.rollout(image, { canary: 1, batch: 1, waitMs: 8 * MINUTE_MS });
      await city.until(() => city.notes.some(({ what }) => what === "update-good"), 30 * MINUTE_MS);
      await city.until(isOver, 90 * MINUTE_MS);
      expect(city.latest()).toMatchObject({ state: "stopped" });
      expect(city.latest()?.reason).toMatch(/bk-0001 restarted by itself \(crash\)/);
      expect(city.count()["good"]).toBeUndefined();
      await city.run(MINUTE_MS);
      expect(new Set(programs())).toEqual(new Set([before]));
    },
    TIMEOUT_MS,
  );

  it(
    "is paused and goes on, and gives the old program back when it is aborted",
    async () => {
      const { before, image } = await startCity(2, otherVersion(loadFirmware().bytecode));
      const id = city.rollout(image, { canary: 1, waitMs: 30 * MINUTE_MS });
      await city.until(() => city.step("bk-0001").state === "watched", 20 * MINUTE_MS);
      city.wish(id, "pause");
      await city.until(() => city.latest()?.state === "paused", MINUTE_MS);
      city.wish(id, "resume");
      await city.until(() => city.latest()?.state !== "paused", MINUTE_MS);
      city.wish(id, "abort");
      await city.until(isOver, 30 * MINUTE_MS);
      expect(city.count()).toEqual({ returned: 1, waiting: 1 });
      expect(new Set(programs())).toEqual(new Set([before]));
    },
    TIMEOUT_MS,
  );

  it(
    "waits for what a node measured while it has no broker, and does not count the visit",
    async () => {
      const { image } = await startCity(1, otherVersion(loadFirmware().bytecode));
      city.rollout(image, { canary: 1, batch: 1 });
      const node = city.node("bk-0001");
      await city.until(() => city.step("bk-0001").state === "away", 5 * MINUTE_MS, 20);
      // It comes back with its old program, and finds neither gateway nor broker.
      city.killGateway();
      city.broker.stop({ sessions: "kept" });
      node.powerOff();
      await node.powerOn();
      await city.run(30_000);
      const measured = city.reports.length;
      city.startGateway();
      await city.run(50_000);
      expect(city.reports.length).toBeGreaterThan(measured);
      expect(city.service.gateway.transfers).toBe(0);
      city.broker.start();
      await city.until(isOver, 60 * MINUTE_MS);
      expect(city.latest()).toMatchObject({ state: "done" });
      expect(city.step("bk-0001")).toMatchObject({ state: "good", attempts: 1 });
      await city.run(6 * MINUTE_MS);
      const verdict = judgeDelivery({
        ...city,
        startUtcMs: city.startMs,
        scheduler: city.scheduler,
      });
      expect(verdict.lost).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
