import { Option } from "commander";
import { parseBroker } from "./options";

const DEFAULT = "mqtt://127.0.0.1:1883";

/** `--broker URL`, the same in every command that uses a broker, this machine's by default. */
export function brokerOption(description: string): Option {
  return new Option("--broker <url>", description)
    .argParser(parseBroker)
    .default(parseBroker(DEFAULT), DEFAULT);
}
