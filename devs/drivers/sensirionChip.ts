import { sleep } from "@devicescript/core";
import { wordsAreGood } from "./sensirionWords";
import { SensorChip } from "./sensorChip";

const NOTHING = hex``;

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
    await sleep(executionMs);
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
}
