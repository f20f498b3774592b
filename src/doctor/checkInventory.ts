import { existsSync, statSync } from "node:fs";
import { outdatedExports } from "../brokerConfig/export";
import type { Inventory } from "../inventory/inventory";
import { failed, ok, skipped, type Check } from "./check";

/** A board is written in a minute or two; after this, nobody is writing it any more. */
const STUCK_MS = 15 * 60_000;

/** Whether the inventory opens and is private, and whether the broker's files follow it. */
export function checkInventory(inventory: Inventory, nowMs = Date.now()): Check[] {
  const { file } = inventory;
  if (!existsSync(file))
    return [
      failed("inventory", `there is none at ${file}`, "make one: streetnode provision --help"),
    ];
  const open = openToOthers(file);
  let checks: Check[];
  try {
    const nodes = inventory.nodes();
    const stuck = nodes.filter(
      ({ state, changedMs }) => state === "flashing" && nowMs - changedMs > STUCK_MS,
    );
    const waiting = nodes.filter(({ state }) => state === "new" || state === "failed").length;
    checks = [
      stuck.length > 0
        ? failed(
            "inventory",
            `the flashing of ${stuck.map(({ name }) => name).join(", ")} was cut off`,
            `flash again: streetnode flash --node ${stuck[0]?.name ?? ""}`,
          )
        : ok("inventory", `${file}: ${nodes.length} nodes, ${waiting} wait for a board`),
      checkExports(inventory),
    ];
  } catch (error) {
    checks = [
      failed("inventory", (error as Error).message, "keep a copy, and bring a backup back"),
    ];
  }
  const privacy =
    open === undefined
      ? ok("privacy", "the inventory is readable by you only")
      : failed("privacy", ...open);
  return [...checks, privacy];
}

function checkExports(inventory: Inventory): Check {
  const folders = inventory.exportFolders();
  if (folders.length === 0)
    return skipped(
      "broker files",
      "none were written from here",
      "streetnode broker --mosquitto DIR writes them",
    );
  const outdated = outdatedExports(inventory);
  return outdated.length === 0
    ? ok("broker files", `${folders.length} up to date`)
    : failed(
        "broker files",
        `${outdated.join(", ")}: not what the inventory says`,
        `streetnode provision --mosquitto ${outdated[0]}, then reload the broker`,
      );
}

/** Who else could read the inventory; opening it closes it to others. */
function openToOthers(file: string): [found: string, mend: string] | undefined {
  if (process.platform === "win32") return undefined;
  const { mode, uid } = statSync(file);
  const own = process.getuid?.();
  if (own !== undefined && own !== 0 && uid !== own)
    return [
      `${file} belongs to another user`,
      "work as that user, or use an inventory of your own",
    ];
  if ((mode & 0o077) === 0) return undefined;
  return [
    `${file} could be read by others until now; it is closed`,
    "if others use this computer, retire the nodes that wait for a board and name new ones: their passwords may be known",
  ];
}
