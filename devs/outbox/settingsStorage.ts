/**
 * The journal's flash: settings of the runtime. `readSetting` of
 * `@devicescript/settings` keeps only JSON and waits for ever for an answer that was lost.
 */

import * as ds from "@devicescript/core";
import { settings } from "@devicescript/settings";
import type { JournalStorage } from "./flashJournal";

/** Longest wait for an answer of the settings service, which is on the same chip. */
const ANSWER_TIMEOUT_MS = 500;
const ATTEMPTS = 3;

/** Values of up to 225 bytes under keys of up to 13 characters. */
export class SettingsStorage implements JournalStorage {
  /** @throws Error when the settings service does not answer. */
  async read(key: string): Promise<Buffer | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const value = await ask(key);
      if (value) return value.length > 0 ? value : undefined;
    }
    throw new Error("settings: no answer for " + key);
  }

  /** @throws Error when the value is not in flash afterwards, because there is no room, say. */
  async write(key: string, value: Buffer): Promise<void> {
    await settings.set(key, value);
    const stored = await this.read(key);
    if (!stored || stored.toString("hex") !== value.toString("hex"))
      throw new Error("settings: " + key + " was not stored");
  }

  async remove(key: string): Promise<void> {
    await settings.delete(key);
  }
}

/** One question; undefined where no answer came in time. */
async function ask(key: string): Promise<Buffer | undefined> {
  let value: Buffer | undefined = undefined;
  let waiting = false;
  const command = settings.spec.lookup("get").code;
  const fiber = ds.Fiber.self();
  const unsubscribe = settings.report().subscribe((packet) => {
    if (packet.serviceCommand !== command) return;
    const fields = packet.decode();
    if (fields[0] !== key) return;
    value = fields[1] as Buffer;
    if (waiting && fiber.suspended) {
      waiting = false;
      fiber.resume(true);
    }
  });
  await settings.get(key);
  if (!value) {
    waiting = true;
    await ds.suspend(ANSWER_TIMEOUT_MS);
    waiting = false;
  }
  unsubscribe();
  return value;
}
