import { describe, expect, it } from "vitest";
import type { LampSettings } from "../../devs/contract/config";
import { FaultState, LAMP_FAULTS, Lamp, Sign, nextFaultState } from "../../devs/lighting/lamp";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";

const { Clear, Suspected, Raised, Recovering } = FaultState;
const { Right, Unknown, Wrong } = Sign;
const SETTINGS: LampSettings = { darkLx: 8, brightLx: 100, leastMa: 50, lowW: 40, highW: 80 };
const ON = [1950, 60] as const;
const OFF = [0.3, 0] as const;

describe("the states of a lamp's fault", () => {
  it.each([
    [Clear, Right, false, Clear],
    [Clear, Right, true, Clear],
    [Clear, Unknown, false, Clear],
    [Clear, Unknown, true, Clear],
    [Clear, Wrong, false, Suspected],
    [Clear, Wrong, true, Suspected],
    [Suspected, Right, false, Clear],
    [Suspected, Right, true, Clear],
    [Suspected, Unknown, false, Clear],
    [Suspected, Unknown, true, Clear],
    [Suspected, Wrong, false, Suspected],
    [Suspected, Wrong, true, Raised],
    [Raised, Right, false, Recovering],
    [Raised, Right, true, Recovering],
    [Raised, Unknown, false, Raised],
    [Raised, Unknown, true, Raised],
    [Raised, Wrong, false, Raised],
    [Raised, Wrong, true, Raised],
    [Recovering, Right, false, Recovering],
    [Recovering, Right, true, Clear],
    [Recovering, Unknown, false, Raised],
    [Recovering, Unknown, true, Raised],
    [Recovering, Wrong, false, Raised],
    [Recovering, Wrong, true, Raised],
  ])("from %i with sign %i, due %s, to %i", (state, sign, due, next) => {
    expect(nextFaultState(state, sign, due)).toBe(next);
  });
});

/** Feeds a lamp every 10 s, and keeps what it tells. */
function watch(settings = SETTINGS) {
  const lamp = new Lamp(settings);
  const told: string[] = [];
  let timeS = 0;
  const pass = (forS: number, lx: number | undefined, [ma, watts]: readonly [number, number]) => {
    for (const endS = timeS + forS; timeS < endS; timeS += 10) {
      if (lx !== undefined) lamp.light(lx, timeS);
      const changed = lamp.power(ma, watts, timeS);
      LAMP_FAULTS.forEach((name, fault) => {
        if (changed & (1 << fault))
          told.push(`${name} ${lamp.states[fault] === Raised ? "raised" : "cleared"}`);
      });
    }
  };
  return { lamp, told, pass };
}

describe("a lamp", () => {
  it("that goes out at night is told once within five minutes, and once that it burns", () => {
    const { told, pass, lamp } = watch();
    pass(3600, 1.2, ON);
    expect(lamp.on).toBe(true);
    pass(290, 0.01, OFF);
    expect(told).toEqual(["lamp-out raised"]);
    pass(7200, 0.01, OFF);
    // The sun does not repair it.
    pass(40_000, 5000, OFF);
    pass(300, 0.5, OFF);
    pass(120, 1.2, ON);
    expect(told).toEqual(["lamp-out raised", "lamp-out cleared"]);
  });

  it("raises nothing for headlights, a thunderstorm, or a slow dusk", () => {
    const { told, pass } = watch();
    for (let i = 0; i < 30; i++) {
      pass(20, 300, ON);
      pass(100, 1.2, ON);
    }
    pass(3600, 20_000, OFF);
    pass(60, 5, OFF);
    pass(900, 200, OFF);
    for (let lx = 60; lx > 0.5; lx *= 0.9) pass(30, lx, lx < 20 ? ON : OFF);
    expect(told).toEqual([]);
  });

  it("finds a lamp that is out although headlights pass", () => {
    const { told, pass } = watch();
    for (let i = 0; i < 5; i++) {
      pass(40, 0.1, OFF);
      pass(20, 200, OFF);
    }
    expect(told).toEqual(["lamp-out raised"]);
  });

  it("that burns by day is told after half an hour, until it is off", () => {
    const { told, pass } = watch();
    pass(1700, 10_000, ON);
    expect(told).toEqual([]);
    pass(300, 10_000, ON);
    pass(600, 10_000, OFF);
    expect(told).toEqual(["day-burner raised", "day-burner cleared"]);
  });

  it("that goes on and off is told once, and is well after hours of calm", () => {
    const { told, pass } = watch();
    for (let i = 0; i < 8; i++) {
      pass(60, 1, ON);
      pass(60, 1, OFF);
    }
    pass(4 * 3600, 1, ON);
    expect(told).toEqual(["lamp-cycling raised", "lamp-cycling cleared"]);
  });

  it("with too little power is told, where its band is known", () => {
    const dim = watch();
    dim.pass(600, 1, [700, 20]);
    dim.pass(600, 1, ON);
    expect(dim.told).toEqual(["lamp-power raised", "lamp-power cleared"]);
    const unknown = watch({ ...SETTINGS, lowW: 0, highW: 0 });
    unknown.pass(3600, 1, [700, 20]);
    expect(unknown.told).toEqual([]);
  });

  it("is not judged without light, and its energy not guessed in a pause", () => {
    const { lamp, told, pass } = watch();
    pass(3600, undefined, ON);
    expect(lamp.energyWh).toBeCloseTo(59.8, 1);
    lamp.power(...ON, 20_000);
    expect(lamp.energyWh).toBeCloseTo(59.8, 1);
    pass(7200, undefined, OFF);
    expect(told).toEqual([]);
  });

  it("raises nothing in ten synthetic days of three streets", () => {
    const startUtcMs = Date.UTC(2026, 2, 1, 5);
    for (const node of ["bk-0001", "bk-0002", "bk-0003"]) {
      const day = new SyntheticDay({ seed: 3, node, startUtcMs });
      const own = new Lamp({ ...SETTINGS, lowW: 0, highW: 0 });
      let changed = 0;
      for (let timeMs = 0; timeMs < 10 * 86_400_000; timeMs += 10_000) {
        own.light(day.value("illuminance", timeMs) ?? NaN, timeMs / 1000);
        const [ma, watts] = [day.value("lampCurrent", timeMs), day.value("lampPower", timeMs)];
        changed |= own.power(ma ?? NaN, watts ?? NaN, timeMs / 1000);
      }
      expect(changed, node).toBe(0);
    }
  });
});
