import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { timeTopic } from "../../devs/contract/topics";
import { userFiles } from "../../src/brokerConfig/export";
import { writeFiles } from "../../src/brokerConfig/writeFiles";
import { doctorCommand, type DoctorWorld } from "../../src/cli/commands/doctor";
import type { Check } from "../../src/doctor/check";
import { checkBroker, clockCheck } from "../../src/doctor/checkBroker";
import { checkInventory } from "../../src/doctor/checkInventory";
import { checkPorts } from "../../src/doctor/checkPorts";
import { checkRuntime } from "../../src/doctor/checkRuntime";
import { RuntimeCache } from "../../src/flash/runtimeCache";
import { Inventory } from "../../src/inventory/inventory";
import { selfSignedCertificate } from "../support/certificate";
import { freePort, HAS_MOSQUITTO, startMosquitto, type Mosquitto } from "../support/mosquitto";

const BOARD_PORT = { path: "/dev/ttyUSB0", vendorId: "10c4", productId: "ea60" };
const MOUSE_PORT = { path: "/dev/ttyS0" };
const NOW_MS = Date.UTC(2026, 2, 20);

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "streetnode-doctor-"))));
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const verdicts = (checks: readonly Check[]) =>
  Object.fromEntries(checks.map(({ name, verdict }) => [name, verdict]));

/** Every check that failed says how to mend it. */
function found(checks: readonly Check[], name: string): string {
  for (const { verdict, mend } of checks) if (verdict === "failed") expect(mend).toBeTruthy();
  const check = checks.find((candidate) => candidate.name === name);
  return `${check?.verdict}: ${check?.found} (${check?.mend})`;
}

describe("the ports", () => {
  const world = (ports: { path: string }[], access: (path: string) => void = () => {}) => ({
    list: () => Promise.resolve(ports),
    access,
    platform: "linux" as const,
  });

  it("are well when a board may be read and written", async () => {
    const checks = await checkPorts(world([MOUSE_PORT, BOARD_PORT]));
    expect(verdicts(checks)).toEqual({ driver: "ok", port: "ok" });
    expect(found(checks, "driver")).toContain("/dev/ttyUSB0 (board with Silicon Labs CP210x)");
  });

  it("say which group is missing", async () => {
    const checks = await checkPorts(
      world([BOARD_PORT], () => {
        throw Object.assign(new Error("no"), { code: "EACCES" });
      }),
    );
    expect(found(checks, "port")).toBe(
      "failed: /dev/ttyUSB0: no permission (sudo usermod -aG dialout $USER (Arch: uucp), then log out and in again)",
    );
  });

  it("cannot be judged while no board is plugged in", async () => {
    const checks = await checkPorts(world([MOUSE_PORT]));
    expect(verdicts(checks)).toEqual({ driver: "skipped", port: "skipped" });
    expect(found(checks, "driver")).toContain("brltty");
    const broken = await checkPorts({ ...world([]), list: () => Promise.reject(new Error("x")) });
    expect(verdicts(broken)).toEqual({ driver: "failed" });
  });
});

describe("the runtime cache", () => {
  it("must hold the runtime of every chip, as it was fetched", () => {
    const empty = checkRuntime(new RuntimeCache(folder), ["esp32", "esp32c3"]);
    expect(empty).toMatchObject({ verdict: "failed", mend: expect.stringContaining("--fetch") });
    expect(empty.found).toContain("ESP32-C3 is not here yet");
    const cache = { read: () => ({ version: "v2.16.4" }) } as unknown as RuntimeCache;
    expect(checkRuntime(cache, ["esp32"])).toMatchObject({
      verdict: "ok",
      found: "in the cache: esp32 v2.16.4",
    });
  });
});

describe("the inventory", () => {
  let inventory: Inventory;
  beforeEach(() => {
    inventory = new Inventory(join(folder, "inventory.db"), "salma", () => NOW_MS);
    inventory.create();
    inventory.add([{ name: "bk-0001", city: "berkane", board: "streetnode_esp32_devkitc" }]);
  });
  const check = (nowMs = NOW_MS) => checkInventory(inventory, nowMs);

  it("is well, and open to its owner only", () => {
    expect(verdicts(check())).toEqual({
      inventory: "ok",
      "broker files": "skipped",
      privacy: "ok",
    });
    expect(found(check(), "inventory")).toContain("1 nodes, 1 wait for a board");
    chmodSync(inventory.file, 0o640);
    expect(found(check(), "privacy")).toContain("could be read by others until now");
    expect(verdicts(check())["privacy"]).toBe("ok");
  });

  it("says what is cut off, missing or damaged", () => {
    inventory.claim({ mac: "24:6f:28:00:00:01" });
    expect(found(check(), "inventory")).toContain("ok: ");
    expect(found(check(NOW_MS + 3_600_000), "inventory")).toContain(
      "the flashing of bk-0001 was cut off (flash again: streetnode flash --node bk-0001)",
    );
    const none = new Inventory(join(folder, "none.db"));
    expect(found(checkInventory(none), "inventory")).toContain("failed: there is none at");
    writeFileSync(join(folder, "bad.db"), "x".repeat(10_000), { mode: 0o600 });
    expect(found(checkInventory(new Inventory(join(folder, "bad.db"))), "inventory")).toContain(
      "is not a database",
    );
  });

  it("says when a broker's files are behind", () => {
    const broker = join(folder, "broker");
    writeFiles(broker, userFiles("mosquitto", inventory.brokerUsers()));
    inventory.rememberExport(broker, "mosquitto");
    expect(found(check(), "broker files")).toContain("ok: 1 up to date");
    inventory.add([{ name: "bk-0002", city: "berkane", board: "streetnode_esp32_devkitc" }]);
    expect(found(check(), "broker files")).toContain(`failed: ${broker}: not what the inventory`);
  });
});

describe("the broker", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());
  const at = (port: number, tls = false) => ({ host: "127.0.0.1", port, tls, city: "berkane" });

  it("must listen, and speak TLS where it should", async () => {
    const nobody = await checkBroker(at(await freePort()));
    expect(verdicts(nobody)).toEqual({ broker: "failed", password: "skipped", clock: "skipped" });
    expect(found(nobody, "broker")).toContain("nobody listens");
    server = createServer((socket) => socket.on("error", () => {}).end("no TLS"));
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(found(await checkBroker(at(port, true)), "broker")).toContain("does not speak TLS");
    const unknown = await checkBroker({ ...at(1), host: "streetnode.invalid" });
    expect(found(unknown, "broker")).toContain("no such host");
  });

  it("must show a certificate that is believed", async () => {
    const { certificate, key } = selfSignedCertificate(new Date(NOW_MS));
    const tls = createTlsServer({ cert: certificate, key });
    await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
    server = tls;
    const access = { ...at((tls.address() as AddressInfo).port, true), host: "localhost" };
    expect(found(await checkBroker(access), "broker")).toMatch(/not (believed|valid today)/);
    const today = selfSignedCertificate();
    tls.setSecureContext({ cert: today.certificate, key: today.key });
    expect(found(await checkBroker(access), "broker")).toContain("the certificate is not believed");
    const trusted = await checkBroker({ ...access, ca: today.certificate });
    expect(found(trusted, "broker")).toContain("answers with TLS, certificate good for 0 days");
    const otherName = await checkBroker({ ...access, host: "127.0.0.2", ca: today.certificate });
    expect(verdicts(otherName)["broker"]).toBe("failed");
  });

  it.each([
    [0, "ok: within 1 s of the city's"],
    [-59_000, "ok: within 59 s"],
    [7_200_000, "failed: 7200 s ahead of the city's"],
    [-90_000, "failed: 90 s behind the city's"],
  ])("compares a clock that is off by %s ms", (offMs, verdict) => {
    const check = clockCheck(JSON.stringify({ utcMs: NOW_MS }), NOW_MS + offMs);
    expect(found([check], "clock")).toContain(verdict);
  });

  it("does not trust a beacon that is none", () => {
    expect(clockCheck("{}", NOW_MS).verdict).toBe("skipped");
    expect(clockCheck("what?", NOW_MS).verdict).toBe("skipped");
  });

  describe.runIf(HAS_MOSQUITTO)("that is Mosquitto", () => {
    let mosquitto: Mosquitto;
    beforeEach(async () => {
      mosquitto = await startMosquitto({
        config: "allow_anonymous false\npassword_file {folder}/passwords",
        // PBKDF2 of "secret", made by mosquitto_passwd for the user "city".
        files: {
          passwords:
            "city:$7$101$YWW+jiy4/VHTMdtl$5kM6UZqYtwpF8hcXEv5izg9nDaCu42J77e1eyA0DF9i5Eo8SnMgJNylLMWHfOhyrksh4jEIQqut0/aQ2HrpOAQ==\n",
        },
      });
    });
    afterEach(() => mosquitto.stop());

    it("takes the right password only, and tells the time", async () => {
      const access = { ...at(mosquitto.port), user: "city" };
      const wrong = await checkBroker({ ...access, password: "wrong" });
      expect(found(wrong, "password")).toContain("failed: the broker refuses city's");
      const nobody = await checkBroker(at(mosquitto.port));
      expect(verdicts(nobody)).toEqual({ broker: "ok", password: "skipped", clock: "skipped" });
      const silent = await checkBroker({ ...access, password: "secret", beaconWaitMs: 50 });
      expect(verdicts(silent)).toEqual({ broker: "ok", password: "ok", clock: "skipped" });
      const city = await connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`, {
        username: "city",
        password: "secret",
      });
      const beacon = JSON.stringify({ utcMs: NOW_MS });
      await city.publishAsync(timeTopic("berkane"), beacon, { retain: true });
      await city.endAsync();
      const heard = await checkBroker({ ...access, password: "secret" }, () => NOW_MS + 5000);
      expect(found(heard, "clock")).toContain("ok: within 5 s");
    });
  });
});

describe("streetnode doctor", () => {
  const lines: string[] = [];
  const run = (world: DoctorWorld, ...args: string[]) => {
    lines.length = 0;
    vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    return doctorCommand(world)
      .exitOverride()
      .parseAsync([...args, "--inventory", join(folder, "inventory.db")], { from: "user" });
  };
  const world = (cache: unknown): DoctorWorld => ({
    ports: {
      list: () => Promise.resolve([BOARD_PORT]),
      access: () => {},
      platform: "linux",
    },
    cache: cache as RuntimeCache,
  });
  afterEach(() => (process.exitCode = undefined));

  it("ends with 1 when something failed, and says how to mend it", async () => {
    await run(world(new RuntimeCache(join(folder, "cache"))));
    expect(process.exitCode).toBe(1);
    expect(lines.join("\n")).toMatch(/runtime +failed/);
    expect(lines.join("\n")).toContain("To mend:\n  runtime: streetnode flash --fetch-runtime");
    expect(lines.join("\n")).toContain("Not looked at:\n  broker: --broker mqtts://HOST");
  });

  it("ends with 0 when all is well, for machines as one object", async () => {
    new Inventory(join(folder, "inventory.db")).create();
    await run(world({ read: () => ({ version: "v2.16.4" }) }), "--json");
    expect(process.exitCode).toBeUndefined();
    const result = JSON.parse(lines.join("")) as { ok: boolean; checks: Check[] };
    expect(result.ok).toBe(true);
    expect(verdicts(result.checks)).toMatchObject({ runtime: "ok", inventory: "ok" });
  });
});
