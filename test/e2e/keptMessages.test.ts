import { afterEach, describe, expect, it } from "vitest";
import type {
  ConfigReportMessage,
  HealthMessage,
  ReplyMessage,
  StateMessage,
} from "../../devs/contract/messages";
import { OperatedCity } from "../support/operatedCity";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

let city: OperatedCity | undefined;
afterEach(async () => {
  await city?.under.close();
  city = undefined;
});

async function start(): Promise<OperatedCity> {
  city = await OperatedCity.start({ configuration: { health: { periodS: 30 } } });
  await city.under.run(20 * SECOND_MS);
  return city;
}

async function powerCut({ node, under }: OperatedCity): Promise<void> {
  node.powerOff();
  await under.run(2 * SECOND_MS);
  await node.powerOn();
  await under.run(40 * SECOND_MS);
}

const poles = (operated: OperatedCity) =>
  operated.of<StateMessage>("up/state").map(({ pole }) => pole);

describe("what the broker keeps, or sends again,", { timeout: 240_000 }, () => {
  it("is no command: a restart that somebody published retained is done once", async () => {
    const operated = await start();
    operated.tell("down/command", '{"id":"r","command":"restart"}', true);
    await operated.under.run(5 * MINUTE_MS);
    expect(operated.node.boots).toBe(2);
    expect(operated.of<ReplyMessage>("up/reply")).toEqual([{ id: "r", result: "done" }]);
    expect(operated.last<HealthMessage>("up/health")).toMatchObject({ badMessages: 1 });
    // Others are done.
    expect(await operated.command({ command: "flush" })).toMatchObject({ result: "done" });
  });

  it("does not restart the node a second time by the command that restarted it", async () => {
    const operated = await start();
    const restart = '{"id":"r","command":"restart"}';
    for (let times = 0; times < 2; times++) {
      operated.tell("down/command", restart);
      await operated.under.run(40 * SECOND_MS);
    }
    expect(operated.node.boots).toBe(2);
    expect(operated.of<ReplyMessage>("up/reply")).toEqual([
      { id: "r", result: "done" },
      { id: "r", result: "done", repeated: true },
    ]);
  });

  it("does not undo a calibration when the document comes again", async () => {
    const operated = await start();
    await operated.configure({
      version: 1,
      channels: { humidity: { periodS: 5, calibrate: null }, pm25: null },
    });
    const { hash } = operated.last<ConfigReportMessage>("up/config");
    await operated.under.run(20 * SECOND_MS);
    for (const reference of [{ zero: 0 }, { span: 20 }]) {
      const command = { command: "calibrate", channel: "humidity", ...reference };
      const reply = await operated.command(command, 20 * SECOND_MS);
      expect(reply).toEqual({ id: reply?.id, result: "done" });
    }
    const { config } = operated.last<ConfigReportMessage>("up/config");
    expect(config).toMatchObject({
      channels: { humidity: { calibrate: { offset: expect.any(Number) as number } } },
    });
    await powerCut(operated);
    expect(operated.last<ConfigReportMessage>("up/config")).toMatchObject({
      version: 1,
      hash,
      status: "in-force",
      config,
    });
  });

  it("is not taken again when the node went back to the configuration before it", async () => {
    const operated = await start();
    await operated.configure({ version: 1, channels: { temperature: { periodS: 5 } } });
    await operated.under.run(11 * MINUTE_MS);
    // One part is applied while the node runs, the other by a restart.
    const next = { channels: { temperature: { periodS: 7 } }, noise: { on: false } };
    await operated.configure({ version: 2, ...next }, 20 * SECOND_MS);
    expect(operated.node.boots).toBe(2);
    operated.under.broker.stop({ sessions: "kept" });
    await operated.under.run(12 * MINUTE_MS);
    expect(operated.node.boots).toBe(3);
    operated.under.broker.start();
    await operated.under.run(3 * MINUTE_MS);
    const first = { version: 1, config: { channels: { temperature: { periodS: 5 } } } };
    expect(operated.last<ConfigReportMessage>("up/config")).toMatchObject({
      ...first,
      status: "refused",
      refused: [{ path: "", reason: "ended the program 3 times, or lost the broker" }],
    });
    await powerCut(operated);
    expect(operated.last<ConfigReportMessage>("up/config")).toMatchObject(first);
    // The operator's next one is another document.
    expect(await operated.configure({ version: 3, ...next }, 30 * SECOND_MS)).toMatchObject({
      version: 3,
      status: "in-force",
      config: next,
    });
    expect(operated.node.panics).toBe(0);
  });

  it("is answered, too, where it is longer than a node takes", async () => {
    const operated = await start();
    expect(await operated.configure({ version: 1, long: "x".repeat(5000) })).toMatchObject({
      version: 0,
      status: "refused",
      refused: [{ path: "", reason: "is too long for this node" }],
    });
    for (const leaf of ["down/command", "down/place"]) operated.tell(leaf, "x".repeat(5000));
    await operated.under.run(40 * SECOND_MS);
    expect(operated.last<HealthMessage>("up/health")).toMatchObject({
      badMessages: 2,
      reconnects: 0,
    });
    expect(operated.node.panics).toBe(0);
  });

  it("takes no pole from the node that is none", async () => {
    const operated = await start();
    operated.tell("down/place", '{"pole":"P-1","lat":34.9,"lon":-2.3}', true);
    await operated.under.run(10 * SECOND_MS);
    const bad = ["P-2", "[]", "{}", '{"pole":5}', '{"pole":null}', '{"pole":{"a":1}}'];
    for (const message of [...bad, `{"pole":"${"p".repeat(41)}"}`]) {
      operated.tell("down/place", message);
      await operated.under.run(2 * SECOND_MS);
    }
    expect(poles(operated)).toEqual([undefined, "P-1"]);
    await operated.under.run(40 * SECOND_MS);
    expect(operated.last<HealthMessage>("up/health")).toMatchObject({ badMessages: 7 });
    await powerCut(operated);
    expect(poles(operated).at(-1)).toBe("P-1");
    operated.tell("down/place", "", true);
    await operated.under.run(10 * SECOND_MS);
    expect(poles(operated).at(-1)).toBeUndefined();
  });

  it.each([
    ["in Arabic, as long as one may be", "شارع محمد الخامس عمود رقم 12 قرب المسجد"],
    ["with what JSON escapes", 'P "12" \\ é'],
    ["of four bytes a character", "💡".repeat(20)],
  ])("starts again with a pole %s", async (_what, pole) => {
    expect(pole.length).toBeLessThanOrEqual(40);
    const operated = await start();
    operated.tell("down/place", JSON.stringify({ pole, lat: 34.9, lon: -2.3 }));
    await operated.under.run(10 * SECOND_MS);
    expect(poles(operated).at(-1)).toBe(pole);
    await powerCut(operated);
    expect(operated.node.panics).toBe(0);
    expect(operated.last<StateMessage>("up/state")).toMatchObject({ boot: 2, pole });
  });
});
