import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CityClock, EARLIEST_UTC_S } from "../../devs/clock/cityClock";
import { cityClockCases } from "../shared/cityClock.cases";
import { testInBothWorlds } from "../support/sharedCases";

const START_UTC_S = Date.UTC(2026, 2, 20, 5) / 1000;
const PERIOD_S = 30;
const HOUR_S = 3600;

/** A node whose crystal is wrong by so many parts, with beacons that come late by a delay. */
class Node {
  readonly clock = new CityClock();
  trueS = 0;

  constructor(
    readonly wrongBy: number,
    readonly delayS: () => number = () => 0,
  ) {}

  ownS(): number {
    return this.trueS * (1 + this.wrongBy);
  }

  /** UTC now, and as the node has it. */
  errorS(): number {
    const own = this.ownS();
    return own + this.clock.utcOffsetS(own) - (START_UTC_S + this.trueS);
  }

  beacon(saysS = START_UTC_S + this.trueS): boolean {
    const sentS = this.trueS;
    this.trueS += this.delayS();
    const taken = this.clock.beacon(saysS, false, this.ownS());
    this.trueS = sentS;
    return taken;
  }

  /** Beacons for so long, every one of them or only those that the clock wants. */
  hear(forS: number, wantedOnly = false): void {
    for (const endS = this.trueS + forS; this.trueS < endS; this.trueS += PERIOD_S)
      if (!wantedOnly || this.clock.wantsBeacon(this.ownS())) this.beacon();
  }
}

describe("the city's time on a node", () => {
  it("is known from the first beacon on, whatever it was before", () => {
    const node = new Node(0);
    expect(node.errorS()).toBeNaN();
    node.trueS = 77;
    node.beacon();
    expect(node.errorS()).toBeCloseTo(0, 6);
  });

  it.each([
    [40e-6, false],
    [-40e-6, false],
    [0, false],
    [40e-6, true],
    [-40e-6, true],
  ])(
    "stays within a second through an outage of 12 hours, with a crystal wrong by %d (only the beacons that it wants: %s)",
    (wrongBy, wantedOnly) => {
      const node = new Node(wrongBy);
      node.hear(2 * HOUR_S, wantedOnly);
      node.trueS += 12 * HOUR_S;
      expect(Math.abs(node.errorS())).toBeLessThan(1);
    },
  );

  it.each([false, true])(
    "holds against beacons that come late by up to five seconds (only those that it wants: %s)",
    (wantedOnly) => {
      let seed = 7;
      const delayS = () => 5 * ((seed = (seed * 16807) % 2147483647) / 2147483647) ** 4;
      const node = new Node(20e-6, delayS);
      // The very first one is late, too.
      node.hear(2 * HOUR_S, wantedOnly);
      for (let i = 0; i < 240; i++) {
        node.hear(PERIOD_S, wantedOnly);
        expect(Math.abs(node.errorS())).toBeLessThan(1.5);
      }
      node.trueS += 12 * HOUR_S;
      expect(Math.abs(node.errorS())).toBeLessThan(6);
    },
  );

  it("wants a beacon at first, every half an hour, and while one contradicts it", () => {
    const { clock } = new Node(0);
    expect(clock.wantsBeacon(0)).toBe(true);
    clock.beacon(START_UTC_S, false, 0);
    expect([1, 1799, 1800].map((nowS) => clock.wantsBeacon(nowS))).toEqual([false, false, true]);
    clock.beacon(START_UTC_S + 1800, false, 1800);
    clock.beacon(START_UTC_S + 5000, false, 1830);
    expect(clock.wantsBeacon(1831)).toBe(true);
    clock.beacon(START_UTC_S + 1860, false, 1860);
    expect(clock.wantsBeacon(1861)).toBe(false);
  });

  it.each([
    ["before 2026", EARLIEST_UTC_S - 1],
    ["more than a day ahead", START_UTC_S + HOUR_S + 86_500],
    ["more than a day behind", START_UTC_S + HOUR_S - 86_500],
    ["in another century", 5e9],
  ])("refuses a beacon %s, counts it, and keeps its time", (_, saysS) => {
    const node = new Node(0);
    node.hear(HOUR_S);
    for (let i = 0; i < 20; i++) {
      expect(node.beacon(saysS + i * PERIOD_S * (saysS > EARLIEST_UTC_S ? 1 : 0))).toBe(false);
      node.trueS += PERIOD_S;
    }
    expect(node.clock.refused).toBe(20);
    expect(Math.abs(node.errorS())).toBeLessThan(0.01);
    expect(node.beacon()).toBe(true);
  });

  it("does not follow one beacon that is wrong by minutes, nor a bunch of old ones", () => {
    const node = new Node(0);
    node.hear(HOUR_S);
    node.beacon(START_UTC_S + node.trueS + 300);
    expect(Math.abs(node.errorS())).toBeLessThan(0.01);
    // A broker that kept the beacons of an outage hands them over at once.
    for (let i = 20; i > 0; i--) node.beacon(START_UTC_S + node.trueS - i * PERIOD_S);
    expect(Math.abs(node.errorS())).toBeLessThan(0.01);
  });

  it("follows the city when it says the same other time for long enough", () => {
    const node = new Node(0);
    node.hear(HOUR_S);
    for (let i = 0; i < 4; i++) {
      node.beacon(START_UTC_S + node.trueS + 300);
      node.trueS += PERIOD_S;
    }
    expect(node.errorS()).toBeCloseTo(300, 1);
  });

  it("recovers within hours from a first beacon that lied", () => {
    const node = new Node(0);
    node.beacon(START_UTC_S + 3e8);
    node.trueS += PERIOD_S;
    node.hear(HOUR_S);
    expect(node.errorS()).toBeGreaterThan(1e8);
    expect(node.clock.refused).toBeGreaterThan(100);
    node.hear(HOUR_S / 2);
    expect(Math.abs(node.errorS())).toBeLessThan(0.01);
  });

  it("never shows a time from before 2026, whatever it hears", () => {
    const heard = fc.record({
      utcS: fc.oneof(
        fc.double(),
        fc.double({ min: EARLIEST_UTC_S - 1e6, max: EARLIEST_UTC_S + 1e8, noNaN: true }),
        fc.anything(),
      ),
      kept: fc.boolean(),
      afterS: fc.nat(4000),
    });
    fc.assert(
      fc.property(fc.array(heard, { maxLength: 60 }), (beacons) => {
        const clock = new CityClock();
        let nowS = 0;
        for (const { utcS, kept, afterS } of beacons) {
          nowS += afterS;
          clock.beacon(utcS, kept, nowS);
          const shownS = nowS + clock.utcOffsetS(nowS);
          if (!Number.isNaN(shownS)) expect(shownS).toBeGreaterThan(EARLIEST_UTC_S - 86_400);
        }
      }),
    );
  });
});

testInBothWorlds("city clock", cityClockCases, "test/vm/cityClock.main.ts");
