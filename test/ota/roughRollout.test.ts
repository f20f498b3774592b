import { afterEach, expect, it } from "vitest";
import { seededRandom } from "../../src/sim/random";
import { loadFirmware } from "../../src/toolchain/firmware";
import { judgeDelivery } from "../support/deliveryProof";
import { OtaCity, otherVersion } from "../support/otaCity";

/** `npm run proofs` sets it to 200. */
const NODES = Number(process.env["STREETNODE_PROOF_NODES"] ?? 6);
const MINUTE_MS = 60_000;
/** Share of the nodes that lose their power at a random moment of a transfer. */
const CUT_SHARE = 0.25;
/** Writes that a transfer makes: the runtime's own entry, the program's header, and its end. */
const TRANSFER_WRITES = 3;
/** Shorter than a message's way to a node. */
const FINE_MS = 20;

let city: OtaCity;
afterEach(() => city.close());

/** Brings a node's power back after that time. */
function powerOnAfter(name: string, ms: number): void {
  city.scheduler.after(ms, () => void city.node(name).powerOn());
}

/** How far the transfer to a node is, 0 to 1; undefined while it has none. */
function progress(name: string): number | undefined {
  return city.gatewayRuns ? city.service.gateway.progress(name) : undefined;
}

/**
 * Runs for a second; where writes are to be cut, to the very begin of a node's next transfer at
 * most. Gives whether it had none meanwhile: what the gateway knew of a node that lost its
 * power stands there until that one is back.
 */
async function runToTransfer(name: string, writeCuts: number): Promise<boolean> {
  const fine = writeCuts > 0 && ["asked", "away"].includes(city.step(name)?.state ?? "");
  const untilMs = city.scheduler.nowMs + 1000;
  let hadNone = false;
  do {
    hadNone ||= progress(name) === undefined;
    await city.run(fine ? FINE_MS : 1000);
  } while (city.scheduler.nowMs < untilMs && !(hadNone && progress(name) === 0));
  return hadNone;
}

it(
  `updates ${NODES} nodes over a bad network through every mishap, and loses no node and no reading`,
  async () => {
    city = new OtaCity(NODES, { nodesAtOnce: 50, bytesPerS: 2_000_000 });
    const { bytecode } = loadFirmware();
    const before = city.add(bytecode, "0.1.0");
    const image = city.add(otherVersion(bytecode));
    await city.start({ trace: true });
    for (const name of city.names)
      city.network.path(name).setConditions({ delayMs: 30, lossShare: 0.02 });
    await city.run(2 * MINUTE_MS);

    const random = seededRandom(7);
    /** At what share of its transfer a node loses its power. */
    const cuts = new Map<string, number>();
    for (const name of city.names.slice(3, -1)) if (random() < CUT_SHARE) cuts.set(name, random());
    cuts.set(city.names[0] as string, 0.5);
    const unlucky = city.names.at(-1) as string;
    const mishaps = { powerCuts: 0, writeCuts: 0, gatewayKills: 0, outages: 0 };
    /** Cuts at a write: each write of a transfer, kept or not kept. */
    const writeCuts = [1, 2, 3].flatMap((write) =>
      // Where its end is kept the program is whole, and no transfer follows.
      [false, true].map((stored) => ({ write, stored })),
    );
    let armed = false;
    /** Whether the next transfer to the unlucky node is another one than the last. */
    let another = true;
    const lies: string[] = [];

    const id = city.rollout(image, { canary: 3, batch: 100, limit: 0.1, backMs: 30 * MINUTE_MS });
    const isOver = () => ["done", "stopped"].includes(city.latest()?.state ?? "");
    const endMs = city.scheduler.nowMs + 180 * MINUTE_MS;
    while (!isOver() && city.scheduler.nowMs < endMs) {
      if (await runToTransfer(unlucky, armed ? 0 : writeCuts.length)) another = true;
      for (const [name, share] of cuts) {
        if ((progress(name) ?? -1) < share) continue;
        cuts.delete(name);
        city.node(name).powerOff();
        powerOnAfter(name, 20_000);
        mishaps.powerCuts++;
      }
      const node = city.node(unlucky);
      if (!node.powered) {
        if (armed) {
          armed = false;
          mishaps.writeCuts++;
          powerOnAfter(unlucky, 5000);
        }
      } else if (!armed && another && progress(unlucky) === 0) {
        another = false;
        const next = writeCuts.shift();
        if (next) node.cutPowerAt(node.flashWrites + next.write, next.stored);
        armed = next !== undefined;
      }
      const transfers = city.gatewayRuns ? city.service.gateway.transfers : 0;
      if (
        mishaps.gatewayKills < 2 &&
        transfers > 1 &&
        city.latest()?.stage === mishaps.gatewayKills
      ) {
        mishaps.gatewayKills++;
        city.killGateway();
        city.scheduler.after(45_000, () => city.startGateway());
      }
      if (mishaps.outages === 0 && (city.latest()?.stage ?? 0) > 0 && city.count()["away"]) {
        mishaps.outages++;
        city.broker.stop({ sessions: "kept" });
        city.scheduler.after(3 * MINUTE_MS, () => city.broker.start());
      }
      lies.push(...city.lies(before, image));
    }

    if (city.latest()?.state !== "done")
      console.log(city.latest(), JSON.stringify(mishaps), city.notes.slice(-40));
    expect(city.latest()).toMatchObject({ id, state: "done" });
    expect(mishaps).toMatchObject({ writeCuts: 2 * TRANSFER_WRITES, gatewayKills: 2, outages: 1 });
    expect(mishaps.powerCuts).toBeGreaterThan(0);
    expect([...new Set(lies)]).toEqual([]);
    const count = city.count();
    const told = city.names.map((name) => city.program(name));
    expect(told.filter((hash) => hash !== image && hash !== before)).toEqual([]);
    expect((count["good"] ?? 0) + (count["returned"] ?? 0)).toBe(NODES);
    expect(count["good"]).toBeGreaterThan(0.9 * NODES - 1);
    expect(city.city.nodes.every(({ powered, panics }) => powered && panics === 0)).toBe(true);

    // What is reported last may wait in the node for some minutes still.
    const untilMs = city.scheduler.nowMs;
    await city.run(6 * MINUTE_MS);
    const verdict = judgeDelivery({ ...city, startUtcMs: city.startMs, scheduler: city.scheduler });
    const lost = verdict.lost.filter(({ timeMs }) => timeMs < untilMs);
    console.log(
      `${NODES} nodes in ${(untilMs / MINUTE_MS).toFixed(0)} virtual minutes: ${JSON.stringify({ ...mishaps, ...count })}; ` +
        `${verdict.reported} readings reported, ${lost.length} lost, ${verdict.invented.length} invented`,
    );
    expect(verdict.reported).toBeGreaterThan(10 * NODES);
    expect(lost).toEqual([]);
    expect(verdict.invented).toEqual([]);

    // What each node says it runs stands whole in its flash.
    await city.powerCycle(5 * MINUTE_MS);
    expect(city.names.map((name) => city.program(name))).toEqual(told);
  },
  60 * MINUTE_MS,
);
