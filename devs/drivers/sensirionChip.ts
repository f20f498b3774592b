import { millis, sleep } from "@devicescript/core";
import { wordAt, wordsAreGood } from "./sensirionWords";
import { SensorChip } from "./sensorChip";

const NOTHING = hex``;
/** The runtime's clock has steps of 1 ms, so a wait may end almost so much too early. */
const CLOCK_STEP_MS = 1;
const READY_BYTES = 3;
const READY_POLL_MS = 100;

/**
 * A Sensirion sensor: takes 16-bit commands, needs each one's execution time, and
 * then gives words with check sums.
 */
export abstract class SensirionChip extends SensorChip {
  /**
   * Sends a command and waits until it is executed.
   *
   * @throws SensorError `no-answer`
   */
  protected async command(command: Buffer, executionMs: number): Promise<void> {
    await this.transfer(command, 0);
    await sleep(executionMs + CLOCK_STEP_MS);
  }

  /**
   * Sends a command and reads its answer, `readCount` bytes of words and check sums.
   *
   * @throws SensorError `no-answer`, `bad-crc`
   */
  protected async query(command: Buffer, executionMs: number, readCount: number): Promise<Buffer> {
    await this.command(command, executionMs);
    const answer = await this.transfer(NOTHING, readCount);
    if (!wordsAreGood(answer)) throw this.failure("bad-crc", "sent a wrong check sum");
    return answer;
  }

  /**
   * Waits for a new measurement: until one of the bits in `mask` is set in the answer
   * to `command`. A chip that has none for longer than its interval has stalled.
   *
   * @throws SensorError `no-answer`, `bad-crc`, `not-ready`
   */
  protected async awaitMeasurement(
    command: Buffer,
    executionMs: number,
    mask: number,
    intervalMs: number,
  ): Promise<void> {
    const fromMs = millis();
    while (true) {
      const ready = await this.query(command, executionMs, READY_BYTES);
      if (wordAt(ready, 0) & mask) return;
      if (millis() - fromMs > intervalMs) throw this.failure("not-ready", "has no new measurement");
      await sleep(READY_POLL_MS);
    }
  }
}
