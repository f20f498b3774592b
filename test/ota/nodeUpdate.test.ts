import { afterEach, expect, it } from "vitest";
import { DOWN_COMMAND, UP_REPLY, UP_STATE, nodeTopic } from "../../devs/contract/topics";
import type { StateMessage } from "../../devs/contract/messages";
import { fnv1a } from "../../src/flash/fstor";
import { loadFirmware } from "../../src/toolchain/firmware";
import { OtaCity, otherVersion } from "../support/otaCity";

const MINUTE_MS = 60_000;
const NODE = "bk-0001";

let city: OtaCity;
afterEach(() => city.close());

/** What the node says at `up/state`, and when; and what it answers. */
async function startNode() {
  city = new OtaCity(1);
  const states: (StateMessage & { atMs: number })[] = [];
  const replies: object[] = [];
  city.broker.onPublish((topic, payload) => {
    const said = () => JSON.parse(Buffer.from(payload).toString()) as object;
    if (topic === nodeTopic("berkane", NODE, UP_STATE))
      states.push({ ...(said() as StateMessage), atMs: city.nowMs });
    if (topic === nodeTopic("berkane", NODE, UP_REPLY)) replies.push(said());
  });
  city.add(loadFirmware().bytecode, "0.1.0");
  await city.start();
  await city.run(MINUTE_MS);
  states.splice(0);
  const command = (fields: object) =>
    city.broker.publish(
      nodeTopic("berkane", NODE, DOWN_COMMAND),
      JSON.stringify({ command: "update", ...fields }),
      { qos: 1 },
    );
  return { states, replies, command };
}

it("says with its first words after an update what it runs now, and how its self-test went", async () => {
  const { states } = await startNode();
  const program = otherVersion(loadFirmware().bytecode);
  city.rollout(city.add(program), { canary: 1 });
  await city.until(() => states.some(({ state }) => state === "online"), 5 * MINUTE_MS);
  expect(states).toHaveLength(2);
  expect(states[0]).toMatchObject({ state: "offline", reason: "updating", boot: 1 });
  expect(states[1]).toMatchObject({
    state: "online",
    reason: "boot",
    boot: 2,
    start: "update",
    version: "9.9.9",
    program: fnv1a(program),
    checks: ["sen55", "veml7700", "ina226", "sen0232"],
  });
});

it("comes back when the time is over and no program came, says so, and goes on measuring", async () => {
  const { states, replies, command } = await startNode();
  command({ id: "u1", minutes: 2, program: 12345 });
  await city.until(() => states.length === 2, 3 * MINUTE_MS);
  const [left, back] = states;
  expect(left).toMatchObject({ state: "offline", reason: "updating" });
  expect(back).toMatchObject({
    state: "online",
    reason: "not-updated",
    boot: 1,
    program: fnv1a(loadFirmware().bytecode),
  });
  // The time that it was given, and what it takes to connect.
  const awayMs = (back?.atMs ?? 0) - (left?.atMs ?? 0);
  expect(awayMs).toBeGreaterThanOrEqual(2 * MINUTE_MS);
  expect(awayMs).toBeLessThan(2 * MINUTE_MS + 5000);
  expect(replies).toMatchObject([{ id: "u1", result: "accepted" }]);
  const before = city.readings.length;
  await city.until(() => city.readings.length > before, 10 * MINUTE_MS);
});

it("does not leave for the program that it runs, nor for a time that nobody should give it", async () => {
  const { states, replies, command } = await startNode();
  command({ id: "u2", program: fnv1a(loadFirmware().bytecode) });
  command({ id: "u3", minutes: 31, program: 1 });
  await city.run(MINUTE_MS);
  expect(states).toEqual([]);
  expect(replies).toMatchObject([
    { id: "u2", result: "refused", reason: "runs that program already" },
    { id: "u3", result: "refused", reason: expect.stringContaining("minutes") as string },
  ]);
});
