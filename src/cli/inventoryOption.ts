import { Option } from "commander";
import { defaultInventoryFile } from "../inventory/inventory";

/** `--inventory FILE`, the same in every command that uses the inventory. */
export function inventoryOption(): Option {
  return new Option(
    "--inventory <file>",
    "the inventory of nodes (also STREETNODE_INVENTORY)",
  ).default(defaultInventoryFile(), "in your data folder");
}
