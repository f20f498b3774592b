import type { TimeBeacon } from "../../devs/contract/messages";
import { timeTopic } from "../../devs/contract/topics";

/** The city says the time so often. */
export const BEACON_PERIOD_MS = 30_000;

/** A broker that can publish a message of the city's, not retained. */
interface Publisher {
  publish(topic: string, payload: string): void;
}

/** Where time comes from and waits are made. */
interface BeaconClock {
  readonly utcMs: () => number;
  /** Calls back once, after so many milliseconds; what it gives ends the wait. */
  readonly after: (delayMs: number, callback: () => void) => { cancel(): void };
}

/** Publishes the time of the city every half minute, from now on; what it gives ends that. */
export function startTimeBeacon(broker: Publisher, city: string, clock: BeaconClock): () => void {
  let next: { cancel(): void };
  const send = () => {
    const beacon: TimeBeacon = { utcMs: Math.round(clock.utcMs()) };
    broker.publish(timeTopic(city), JSON.stringify(beacon));
    next = clock.after(BEACON_PERIOD_MS, send);
  };
  send();
  return () => next.cancel();
}

/** The clock of this computer. */
export const realBeaconClock: BeaconClock = {
  utcMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
