import { afterEach, describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { startCity, type CityUnderTest } from "../support/simulatedCity";

const SECOND_MS = 1000;
const NODE = "bk-0001";
/** Flashes of one code are closer together than that; the pauses between are longer. */
const PAUSE_MS = 1200;

let city: CityUnderTest | undefined;
afterEach(async () => {
  await city?.close();
  city = undefined;
});

/** What somebody below the pole counts in the next half minute: flashes from pause to pause. */
async function countedFlashes({ run, lights, scheduler }: CityUnderTest): Promise<number[]> {
  const fromMs = scheduler.nowMs;
  await run(30 * SECOND_MS);
  const flashes = lights.filter(({ timeMs, lit }) => lit && timeMs > fromMs);
  const groups: number[] = [];
  let lastMs = -Infinity;
  for (const { timeMs } of flashes) {
    if (timeMs - lastMs > PAUSE_MS) groups.push(0);
    groups.push((groups.pop() ?? 0) + 1);
    lastMs = timeMs;
  }
  // The first and the last may have been cut by the time of looking.
  return groups.slice(1, -1);
}

describe("the status light of a node", () => {
  it("is on while the node starts, and then says how it is", async () => {
    city = await startCity();
    await city.run(60 * SECOND_MS);
    const [on, off] = city.lights;
    expect(on?.lit).toBe(true);
    expect((off?.timeMs ?? 0) - (on?.timeMs ?? 0)).toBeGreaterThan(SECOND_MS);
    expect(new Set(await countedFlashes(city))).toEqual(new Set([1]));

    city.city.nodes[0].wifi = false;
    city.network.path(NODE).disconnect();
    await city.run(120 * SECOND_MS);
    expect(new Set(await countedFlashes(city)), "no Wi-Fi").toEqual(new Set([2]));

    city.city.nodes[0].wifi = true;
    city.broker.stop({ sessions: "kept" });
    city.network.path(NODE).reconnect();
    await city.run(30 * SECOND_MS);
    expect(new Set(await countedFlashes(city)), "no broker").toEqual(new Set([3]));

    city.broker.start();
    await city.run(150 * SECOND_MS);
    expect(new Set(await countedFlashes(city)), "all well").toEqual(new Set([1]));
  });

  it("says that the broker does not take the password", async () => {
    city = await startCity();
    city.broker.refused.add(NODE);
    await city.run(60 * SECOND_MS);
    expect(new Set(await countedFlashes(city))).toEqual(new Set([4]));
  });

  it("says that no chip answers", async () => {
    city = await startCity({ bus: () => new VirtualI2cBus() });
    await city.run(60 * SECOND_MS);
    expect(new Set(await countedFlashes(city))).toEqual(new Set([5]));
  });

  it("says that one of the chips that were there is silent", async () => {
    city = await startCity();
    await city.run(60 * SECOND_MS);
    city.buses.get(NODE)?.chip("veml7700")?.faults.set({ noAnswer: true }, city.scheduler.nowMs);
    await city.run(60 * SECOND_MS);
    expect(new Set(await countedFlashes(city))).toEqual(new Set([5]));
  });

  it("flickers while somebody looks for the node", async () => {
    city = await startCity();
    await city.run(60 * SECOND_MS);
    const command = JSON.stringify({ id: "one", command: "identify", seconds: 10 });
    const topic = `streetnode/v1/berkane/${NODE}/down/command`;
    city.broker.publish(topic, Buffer.from(command), { qos: 1, retain: false });
    const fromMs = city.scheduler.nowMs;
    await city.run(12 * SECOND_MS);
    const flashes = city.lights.filter(({ timeMs, lit }) => lit && timeMs > fromMs);
    expect(flashes.length).toBeGreaterThan(40);
    expect(flashes.length).toBeLessThan(60);
    expect(new Set(await countedFlashes(city))).toEqual(new Set([1]));
  });
});
