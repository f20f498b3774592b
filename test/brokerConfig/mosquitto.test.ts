import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { nodeTopic, timeTopic, UP_DATA } from "../../devs/contract/topics";
import { brokerCommand } from "../../src/cli/commands/broker";
import { provisionCommand } from "../../src/cli/commands/provision";
import { Inventory } from "../../src/inventory/inventory";
import { tcpNetwork } from "../../src/sim/network/tcpNetwork";
import { selfSignedCertificate } from "../support/certificate";
import { freePort, HAS_MOSQUITTO, startMosquitto, type Mosquitto } from "../support/mosquitto";
import { startCity } from "../support/simulatedCity";

const BOARD = "streetnode_esp32_devkitc";
/** MQTT 5 reason codes (section 2.4); 3.1.1 has return codes 4 and 5 for the first. */
const BAD_CREDENTIALS = [4, 5, 134, 135];
const NOT_AUTHORIZED = 135;
/** Longest wait for something that takes milliseconds on an idle machine. */
const PATIENCE_MS = 20_000;
/** The same for a node, which compiles first and then lives in real time. */
const FIRMWARE_PATIENCE_MS = 60_000;

const command = (leaf: string, node = "bk-0001") => nodeTopic("berkane", node, leaf);

describe.runIf(HAS_MOSQUITTO)("Mosquitto from the generated configuration", () => {
  const { certificate, key } = selfSignedCertificate();
  const passwords = new Map<string, string>();
  const clients: MqttClient[] = [];
  let folder: string;
  let brokerFolder: string;
  let inventory: Inventory;
  let nodesPort: number;
  let peoplePort: number;
  let webSocketsPort: number;
  let mosquitto: Mosquitto;

  function provision(...args: string[]): Promise<unknown> {
    return provisionCommand()
      .exitOverride()
      .parseAsync([...args, "--inventory", inventory.file], { from: "user" });
  }

  beforeAll(async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    folder = mkdtempSync(join(tmpdir(), "streetnode-broker-"));
    brokerFolder = join(folder, "broker");
    inventory = new Inventory(join(folder, "inventory.db"));
    for (const [node, city] of [
      ["bk-0001", "berkane"],
      ["bk-0002", "berkane"],
      ["bk-0003", "berkane"],
      ["ou-0001", "oujda"],
    ] as const)
      await provision(node, "--city", city, "--board", BOARD);
    [nodesPort, peoplePort, webSocketsPort] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
    ]);
    await brokerCommand()
      .exitOverride()
      .parseAsync(
        [
          ...["--mosquitto", brokerFolder, "--inventory", inventory.file],
          ...["--nodes-port", String(nodesPort), "--people-port", String(peoplePort)],
          ...["--websockets-port", String(webSocketsPort)],
        ],
        { from: "user" },
      );
    mkdirSync(join(brokerFolder, "certs"));
    writeFileSync(join(brokerFolder, "certs", "server.crt"), certificate);
    writeFileSync(join(brokerFolder, "certs", "server.key"), key);
    for (const [i, { name }] of inventory.nodes().entries())
      passwords.set(name, inventory.claim({ name, mac: `24:6f:28:00:00:0${i}` }).password);
    for (const role of ["centre", "crew"])
      passwords.set(
        role,
        readFileSync(join(folder, "passwords", `${role}.password`), "utf8").trim(),
      );
    mosquitto = await startMosquitto({ complete: { folder: brokerFolder, port: nodesPort } });
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    await mosquitto?.stop();
    rmSync(folder, { recursive: true, force: true });
    vi.restoreAllMocks();
  });

  async function signIn(user: string, options: IClientOptions = {}): Promise<MqttClient> {
    const isNode = !["centre", "crew"].includes(user);
    const client = await connectAsync({
      protocol: "mqtts",
      host: "localhost",
      port: isNode ? nodesPort : peoplePort,
      ca: certificate,
      username: user,
      password: passwords.get(user) ?? "",
      clientId: isNode ? user : `${user}-${clients.length}`,
      // 5 only for its reason codes; the firmware speaks 3.1.1.
      protocolVersion: 5,
      reconnectPeriod: 0,
      ...options,
    } as IClientOptions);
    client.on("error", () => {});
    clients.push(client);
    return client;
  }

  /** What a refused connection was refused with. */
  async function refusal(user: string, options: IClientOptions): Promise<unknown> {
    try {
      const client = await signIn(user, options);
      await client.endAsync(true);
      return "let in";
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string };
      return code ?? message;
    }
  }

  async function publishes(client: MqttClient, topic: string): Promise<boolean> {
    try {
      const packet = await client.publishAsync(topic, "x", { qos: 1 });
      // 16: nobody reads it, which is no refusal.
      return [undefined, 0, 16].includes((packet as { reasonCode?: number }).reasonCode);
    } catch (error) {
      expect((error as { code?: number }).code).toBe(NOT_AUTHORIZED);
      return false;
    }
  }

  it.each([
    ["bk-0001", nodeTopic("berkane", "bk-0001", UP_DATA), true],
    ["bk-0001", command("up/state"), true],
    ["bk-0001", command("up/state", "bk-0002"), false],
    ["bk-0001", nodeTopic("oujda", "bk-0001", "up/data"), false],
    ["bk-0001", command("down/command"), false],
    ["bk-0001", command("down/command", "bk-0002"), false],
    ["bk-0001", timeTopic("berkane"), false],
    ["bk-0001", "streetnode/v1/berkane/bk-0001", false],
    ["bk-0001", "streetnode/v2/berkane/bk-0001/up/data", false],
    ["bk-0001", "up/data", false],
    ["centre", command("down/config"), true],
    ["centre", timeTopic("berkane"), true],
    ["centre", nodeTopic("oujda", "ou-0001", "down/command"), true],
    ["centre", command("up/data"), false],
    ["crew", command("down/command"), true],
    ["crew", command("down/config"), false],
    ["crew", timeTopic("berkane"), false],
    ["crew", nodeTopic("berkane", "all", "down/command"), false],
    ["crew", command("up/state"), false],
  ])("%s publishes to %s: %s", async (user, topic, allowed) => {
    const client = await signIn(user);
    expect(await publishes(client, topic)).toBe(allowed);
    await client.endAsync(true);
  });

  it.each([
    ["bk-0001", ["bk-0001/down/command", "bk-0001/down/config", "all/down/time"]],
    ["crew", ["bk-0001/up/data", "bk-0002/up/data", "bk-0002/up/event"]],
  ])("%s reads nothing but %j of all that is sent", async (user, expected) => {
    const reader = await signIn(user);
    const heard: string[] = [];
    reader.on("message", (topic) => heard.push(topic));
    // Whatever it asks for: everything, others' topics, the broker's own.
    await reader.subscribeAsync(
      ["#", "streetnode/#", "+/+/+/bk-0002/#", "streetnode/v1/oujda/+/#", "$SYS/#"],
      { qos: 1 },
    );
    const centre = await signIn("centre");
    const node = await signIn(user === "bk-0001" ? "bk-0003" : "bk-0001");
    const other = await signIn("bk-0002");
    if (user === "crew") await publishes(node, command("up/data"));
    else await publishes(node, command("up/data", "bk-0003"));
    for (const leaf of ["up/data", "up/event"]) await publishes(other, command(leaf, "bk-0002"));
    for (const target of ["bk-0001", "bk-0002"])
      for (const leaf of ["down/command", "down/config"])
        await publishes(centre, command(leaf, target));
    await publishes(centre, nodeTopic("oujda", "ou-0001", "down/command"));
    await publishes(centre, timeTopic("oujda"));
    await publishes(centre, timeTopic("berkane"));
    // What it may read comes in order: after the last of it nothing is under way.
    const [last, from] =
      user === "crew"
        ? (["bk-0001/up/data", node] as const)
        : (["bk-0001/down/command", centre] as const);
    const before = heard.length;
    await vi.waitFor(() => expect(new Set(heard).size).toBe(expected.length), PATIENCE_MS);
    await publishes(from, `streetnode/v1/berkane/${last}`);
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(before), PATIENCE_MS);
    expect([...new Set(heard)].sort()).toEqual(
      expected.map((topic) => `streetnode/v1/berkane/${topic}`).sort(),
    );
    await Promise.all([reader, centre, node, other].map((client) => client.endAsync(true)));
  });

  it("lets nobody in without TLS, a password, or with another's name", async () => {
    const protocol = "mqtt" as const;
    expect(await refusal("bk-0001", { protocol, connectTimeout: 2000 })).not.toBe("let in");
    expect(await refusal("centre", { protocol, connectTimeout: 2000 })).not.toBe("let in");
    expect(BAD_CREDENTIALS).toContain(await refusal("bk-0001", { password: "wrong" }));
    expect(BAD_CREDENTIALS).toContain(
      await refusal("bk-0001", { username: "bk-0002", clientId: "bk-0002" }),
    );
    expect(BAD_CREDENTIALS).toContain(await refusal("nobody", { password: "wrong" }));
    const nameless = { username: undefined, password: undefined } as unknown as IClientOptions;
    expect(BAD_CREDENTIALS).toContain(await refusal("bk-0001", nameless));
    // A node has no business at the people's door.
    expect(BAD_CREDENTIALS).toContain(await refusal("bk-0001", { port: peoplePort }));
    // A node that does not know this certificate sends no password at all.
    expect(await refusal("bk-0001", { ca: selfSignedCertificate().certificate })).toMatch(
      /SELF_SIGNED|UNABLE|CERT/,
    );
  });

  it("does not let a node take over another one's session by its client identifier", async () => {
    const victim = await signIn("bk-0002", { protocolVersion: 4 });
    let lost = false;
    victim.on("close", () => (lost = true));
    await victim.subscribeAsync(command("down/command", "bk-0002"), { qos: 1 });
    const heard: string[] = [];
    victim.on("message", (topic) => heard.push(topic));
    const attacker = await signIn("bk-0001", { clientId: "bk-0002", protocolVersion: 4 });
    attacker.on("message", (topic) => heard.push(`attacker: ${topic}`));
    await attacker.subscribeAsync("#", { qos: 1 });
    const centre = await signIn("centre");
    await publishes(centre, command("down/command", "bk-0002"));
    await vi.waitFor(
      () => expect(heard).toEqual([command("down/command", "bk-0002")]),
      PATIENCE_MS,
    );
    expect(lost).toBe(false);
    await Promise.all([victim, attacker, centre].map((client) => client.endAsync(true)));
  });

  it("keeps a command for a node that is away, over a restart of the broker", async () => {
    const session: IClientOptions = { protocolVersion: 4, clean: false };
    const node = await signIn("bk-0003", session);
    await node.subscribeAsync(command("down/command", "bk-0003"), { qos: 1 });
    await node.endAsync();
    const centre = await signIn("centre");
    await centre.publishAsync(command("down/command", "bk-0003"), "identify", { qos: 1 });
    await centre.endAsync();
    await mosquitto.terminate();
    await mosquitto.start();
    const heard: string[] = [];
    const back = await signInListening(session, (payload) => heard.push(payload));
    await vi.waitFor(() => expect(heard).toEqual(["identify"]), PATIENCE_MS);
    await back.endAsync(true);
  });

  /** Listens before the broker can answer: what it kept comes with the connection. */
  async function signInListening(
    options: IClientOptions,
    onPayload: (payload: string) => void,
  ): Promise<MqttClient> {
    const client = connect({
      protocol: "mqtts",
      host: "localhost",
      port: nodesPort,
      ca: certificate,
      username: "bk-0003",
      password: passwords.get("bk-0003") ?? "",
      clientId: "bk-0003",
      reconnectPeriod: 0,
      ...options,
    } as IClientOptions);
    clients.push(client);
    client.on("message", (_, payload) => onPayload(payload.toString()));
    await new Promise((resolve) => client.once("connect", resolve));
    return client;
  }

  it("takes new nodes in and retired ones out while it runs", async () => {
    const pidFile = join(brokerFolder, "mosquitto.pid");
    passwords.set("bk-0009", "wrong");
    expect(BAD_CREDENTIALS).toContain(await refusal("bk-0009", {}));
    const steady = await signIn("bk-0002");
    let lost = false;
    steady.on("close", () => (lost = true));
    const leaving = await signIn("ou-0001");
    const left = new Promise<void>((resolve) => leaving.once("close", () => resolve()));

    await provision("bk-0009", "--city", "berkane", "--board", BOARD, "--reload", pidFile);
    const claim = inventory.claim({ name: "bk-0009", mac: "24:6f:28:00:00:99" });
    passwords.set("bk-0009", claim.password);
    await vi.waitFor(async () => expect(await refusal("bk-0009", {})).toBe("let in"), PATIENCE_MS);
    await provision("--retire", "ou-0001", "--reason", "broken", "--reload", pidFile);
    await left;
    expect(BAD_CREDENTIALS).toContain(await refusal("ou-0001", {}));
    expect(await publishes(steady, command("up/health", "bk-0002"))).toBe(true);
    expect(lost).toBe(false);
    await steady.endAsync(true);
  });

  it("serves people's browsers over WebSockets, and no node", async () => {
    const options = { protocol: "wss", port: webSocketsPort, path: "/" } as IClientOptions;
    // Without a client identifier, as many a tool connects.
    const crew = await signIn("crew", { ...options, clientId: "" });
    expect(await publishes(crew, command("down/command"))).toBe(true);
    expect(await publishes(crew, command("down/config"))).toBe(false);
    expect(BAD_CREDENTIALS).toContain(await refusal("bk-0001", options));
    await crew.endAsync(true);
  });

  it("lets the firmware in with the password of the inventory", async () => {
    const centre = await signIn("centre");
    const states: { state: string }[] = [];
    const data: string[] = [];
    centre.on("message", (topic, payload) => {
      if (topic === command("up/state")) states.push(JSON.parse(payload.toString()));
      if (topic === command(UP_DATA)) data.push(payload.toString());
    });
    await centre.subscribeAsync("streetnode/v1/berkane/+/up/#", { qos: 1 });
    const city = await startCity({
      network: tcpNetwork(certificate),
      brokerAddress: { host: "localhost", port: nodesPort, tls: true },
      password: passwords.get("bk-0001") ?? "",
      configuration: { channels: { LAF: { periodS: 1, report: { deadband: 0 } } } },
    });
    const ending = new AbortController();
    const running = city.city.run(Infinity, 1, ending.signal);
    try {
      await vi.waitFor(() => expect(data.length).toBeGreaterThan(0), FIRMWARE_PATIENCE_MS);
      expect(states.at(-1)?.state).toBe("online");
    } finally {
      ending.abort();
      await running;
      await city.close();
      await centre.endAsync(true);
    }
  }, 90_000);
});
