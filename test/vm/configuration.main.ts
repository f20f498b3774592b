import type { ConfigStorage } from "../../devs/config/configStore";
import { SettingsStorage } from "../../devs/outbox/settingsStorage";
import { configurationCases } from "../shared/configuration.cases";
import { reportCases } from "./caseReporter";

/** Settings of the runtime whose keys begin with a number of their own: as good as new flash. */
class NumberedStorage implements ConfigStorage {
  private readonly storage = new SettingsStorage();
  private readonly prefix: string;

  constructor(number: number) {
    this.prefix = number + ".";
  }

  async read(key: string): Promise<Buffer | undefined> {
    return await this.storage.read(this.prefix + key);
  }

  async write(key: string, value: Buffer): Promise<void> {
    await this.storage.write(this.prefix + key, value);
  }

  async remove(key: string): Promise<void> {
    await this.storage.remove(this.prefix + key);
  }
}

await reportCases(async (t) => {
  let storages = 0;
  await configurationCases(t, async (): Promise<ConfigStorage> => new NumberedStorage(++storages));
});
