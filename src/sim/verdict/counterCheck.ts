import type { EventMessage, HealthMessage } from "../../../devs/contract/messages";
import type { Cue } from "../scenario/cues";

/** A health message says whole seconds, and is printed within one of its time. */
const CLOCK_OFF_S = 2;
const NOTES_KEPT = 3;
/** Commands after which the node's counts are not those since its start any more. */
const RECOUNTING = ["clear-counters", "restart", "update"];

/** How a node's own counters stand to what was seen of it from outside. */
export interface CounterAccount {
  readonly checked: number;
  /** Health messages in which a count or the node's clock is not what it ought to be. */
  readonly wrong: number;
}

/** Sets the counters and the clock in one node's health messages against its console and the world. */
export class CounterCheck {
  /** The first few differences, for people. */
  readonly notes: string[] = [];
  readonly #recountedMs: readonly number[];
  #checked = 0;
  #wrong = 0;
  #bootMs = 0;
  #reported = 0;
  #sensorFaults = 0;

  constructor(cues: readonly Cue[], node: string) {
    this.#recountedMs = cues.flatMap((cue) =>
      cue.node === node &&
      cue.action.do === "command" &&
      RECOUNTING.includes(String((cue.action.command as { command?: unknown }).command))
        ? [cue.atMs]
        : [],
    );
  }

  /** The program started: all counts begin at 0. */
  started(nowMs: number): void {
    this.#bootMs = nowMs;
    this.#reported = 0;
    this.#sensorFaults = 0;
  }

  /** The node's filters let a reading through. */
  reported(): void {
    this.#reported++;
  }

  noticed(event: EventMessage): void {
    if (event.event === "sensor-fault") this.#sensorFaults++;
  }

  /** The node counted; its clock began when it got its power, at `poweredMs`. */
  health(health: Partial<HealthMessage>, poweredMs: number, nowMs: number): void {
    this.#checked++;
    const before = this.#wrong;
    const recounted = this.#recountedMs.some((ms) => ms >= this.#bootMs && ms <= nowMs);
    const found: [string, number | undefined, number, number][] = [
      ["uptimeS", health.uptimeS, (nowMs - poweredMs) / 1000, CLOCK_OFF_S],
    ];
    if (!recounted)
      found.push(
        ["reported", health.reported, this.#reported, 0],
        ["sensorFaults", health.sensorFaults, this.#sensorFaults, 0],
      );
    for (const [name, told, seen, allowed] of found) {
      // A line of the log may be cut before it.
      if (told === undefined || Math.abs(told - seen) <= allowed) continue;
      this.#wrong = before + 1;
      if (this.notes.length < NOTES_KEPT)
        this.notes.push(`${name} at ${(nowMs / 1000).toFixed(1)} s: ${told} told, ${seen} seen`);
    }
  }

  account(): CounterAccount {
    return { checked: this.#checked, wrong: this.#wrong };
  }
}
