import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SessionState } from "../../devs/mqtt/sessionStates";
import { type BrokerScript, ScriptedBroker } from "./scriptedBroker";

/** One thing that goes wrong, or does not, before time passes. */
const trouble = fc.record({
  kind: fc.constantFrom(
    "none" as const,
    "message" as const,
    "message" as const,
    "cut" as const,
    "deaf" as const,
    "mute" as const,
    "honest" as const,
    "down" as const,
    "forget" as const,
    "rubbish" as const,
    "strayAck" as const,
    "stop" as const,
  ),
  // Without a forged PUBACK, which nothing can tell from a true one.
  bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }).filter((bytes) => !bytes.includes(0x40)),
  forMs: fc.nat(40_000),
});

describe("whatever the network and the broker do", () => {
  it("every message arrives, in order, none is acknowledged twice, every repetition is marked", () => {
    fc.assert(
      fc.property(fc.array(trouble, { maxLength: 40 }), fc.nat(2), (troubles, cutting) => {
        let mode: "honest" | "deaf" | "mute" | "down" = "honest";
        const script: Partial<BrokerScript> = {
          onOpen: () => (mode === "down" ? "refuse" : "open"),
          deaf: () => mode === "deaf",
          onPacket: () => (mode === "mute" ? [] : undefined),
          cut: (bytes) =>
            cutting === 0
              ? [bytes]
              : Array.from({ length: Math.ceil(bytes.length / cutting) }, (_, i) =>
                  bytes.subarray(i * cutting, (i + 1) * cutting),
                ),
        };
        const broker = new ScriptedBroker(script).start(0);
        let count = 0;
        for (const { kind, bytes, forMs } of troubles) {
          if (kind === "message")
            for (let i = 0; i < 5; i++) broker.source.add(`reading ${count++}`);
          else if (kind === "cut") broker.cutConnection();
          else if (kind === "forget") broker.forget();
          else if (kind === "rubbish" && broker.open) broker.sendBytes(Buffer.from(bytes));
          else if (kind === "strayAck" && broker.open)
            broker.sendBytes(Buffer.from([0x40, 2, 0xff, bytes[0]]));
          else if (kind === "stop") {
            broker.session.stop("offline", broker.nowMs);
            broker.run(6000);
            broker.session.start(broker.nowMs);
          } else if (kind === "honest" || kind === "deaf" || kind === "mute" || kind === "down")
            mode = kind;
          broker.run(forMs);
        }
        mode = "honest";
        // The longest that a refused client waits, and then some.
        broker.run(700_000);
        expect(broker.session.state).toBe(SessionState.Connected);
        const expected = [...Array(count).keys()];
        expect(broker.firstArrivals()).toEqual(expected.map((i) => `reading ${i}`));
        expect([...broker.source.acknowledgedHandles].sort((a, b) => a - b)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
