import { readSetting } from "@devicescript/settings";
import { ChannelRule } from "../sampling/channel";

/** The configuration in force. */
export class NodeConfig {
  readonly healthPeriodS = 60;

  /** The rule of a channel, or undefined when it is off. */
  channel(_name: string): ChannelRule | undefined {
    return { periodS: 10, min: -1000, max: 200000, deadband: 1, heartbeatS: 600 };
  }
}

export async function loadConfig(): Promise<NodeConfig> {
  await readSetting("config0");
  return new NodeConfig();
}
