import { describe, expect, it } from "vitest";
import { I2cStatus, VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualSen5x } from "../../../src/sim/chips/virtualSen5x";
import { sensirionCrc } from "../../../src/sim/chips/virtualSensirion";
import { StillWorld } from "../../support/chipScript";

function rig() {
  const world = new StillWorld({
    pm1: 8.1,
    pm25: 12.4,
    pm4: 15.2,
    pm10: 21.7,
    temperature: -3.5,
    humidity: 48.6,
    vocIndex: 105,
    noxIndex: 3.5,
  });
  const chip = new VirtualSen5x(world);
  const bus = new VirtualI2cBus().attach(chip);
  const command = (code: number, nowMs: number) =>
    bus.transaction(0x69, Uint8Array.of(code >> 8, code & 0xff), 0, nowMs).status;
  const answer = (length: number, nowMs: number) => {
    const { status, data } = bus.transaction(0x69, Uint8Array.of(), length, nowMs);
    if (status !== I2cStatus.ok) return undefined;
    const words: number[] = [];
    for (let i = 0; i < data.length; i += 3) {
      const [high = 0, low = 0, crc] = data.subarray(i, i + 3);
      expect(crc).toBe(sensirionCrc(high, low));
      words.push((high << 8) | low);
    }
    return words;
  };
  const values = (nowMs: number) => {
    expect(command(0x03c4, nowMs)).toBe(I2cStatus.ok);
    return answer(24, nowMs + 20);
  };
  const ready = (nowMs: number) => {
    expect(command(0x0202, nowMs)).toBe(I2cStatus.ok);
    return answer(3, nowMs + 20)?.[0];
  };
  return { chip, bus, world, command, answer, values, ready };
}

describe("virtual SEN55", () => {
  it("has the check sum of the data sheet", () => {
    expect(sensirionCrc(0xbe, 0xef)).toBe(0x92);
  });

  it("acknowledges nothing during a command, and refuses what it does not know", () => {
    const { command, answer } = rig();
    expect(command(0x1234, 0)).toBe(I2cStatus.dataNotAcknowledged);
    expect(command(0x0021, 0)).toBe(I2cStatus.ok);
    expect(command(0x0202, 49)).toBe(I2cStatus.dataNotAcknowledged);
    expect(command(0x0202, 50)).toBe(I2cStatus.ok);
    expect(answer(3, 69)).toBeUndefined();
    expect(answer(3, 70)).toEqual([0]);
    expect(answer(3, 71)).toBeUndefined();
  });

  it("has unknown values before the first measurement and when it is idle", () => {
    const { command, values } = rig();
    const unknown = [0xffff, 0xffff, 0xffff, 0xffff, 0x7fff, 0x7fff, 0x7fff, 0x7fff];
    expect(values(0)).toEqual(unknown);
    command(0x0021, 100);
    expect(values(1000)).toEqual(unknown);
    expect(values(1100)?.slice(0, 4)).toEqual([81, 124, 152, 217]);
    expect(command(0x0104, 2000)).toBe(I2cStatus.ok);
    expect(values(2200)).toEqual(unknown);
  });

  it("has a new measurement every second, until it is read", () => {
    const { command, ready, values } = rig();
    command(0x0021, 0);
    expect(ready(500)).toBe(0);
    expect(ready(1000)).toBe(1);
    values(1100);
    expect(ready(1500)).toBe(0);
    expect(ready(2000)).toBe(1);
  });

  it("codes temperatures below zero, and starts its indexes late", () => {
    const { command, values } = rig();
    command(0x0021, 0);
    expect(values(9000)?.slice(4)).toEqual([4860, 0x10000 - 700, 0, 0x7fff]);
    expect(values(10_000)?.slice(6)).toEqual([0, 0]);
    expect(values(45_000)?.slice(6)).toEqual([1050, 35]);
  });

  it("measures without particles when asked for", () => {
    const { command, values } = rig();
    command(0x0037, 0);
    expect(values(2000)?.slice(0, 5)).toEqual([0xffff, 0xffff, 0xffff, 0xffff, 4860]);
  });

  it("takes longer when it is slow", () => {
    const { chip, command, answer } = rig();
    chip.faults.set({ slowFactor: 3 }, 0);
    command(0x0202, 0);
    expect(answer(3, 59)).toBeUndefined();
    expect(answer(3, 60)).toEqual([0]);
  });

  it("does not answer where its surroundings have no value", () => {
    const { world, command } = rig();
    expect(command(0x0202, 0)).toBe(I2cStatus.ok);
    world.values.noxIndex = undefined;
    expect(command(0x0202, 1000)).toBe(I2cStatus.dataNotAcknowledged);
    world.values.noxIndex = 1;
    expect(command(0x0202, 2000)).toBe(I2cStatus.ok);
  });

  it("reports a fan cleaning in its status for ten seconds", () => {
    const { command, answer } = rig();
    command(0x0021, 0);
    command(0x5607, 1000);
    command(0xd206, 2000);
    expect(answer(6, 2020)).toEqual([0x0008, 0]);
    command(0xd206, 12_000);
    expect(answer(6, 12_020)).toEqual([0, 0]);
  });
});
