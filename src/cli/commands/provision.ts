import { resolve } from "node:path";
import { Command } from "commander";
import { exportUsers, type ExportResult } from "../../brokerConfig/export";
import { writeFiles } from "../../brokerConfig/writeFiles";
import { mosquittoUserFiles } from "../../brokerConfig/mosquitto";
import { InputError } from "../../inputError";
import { Inventory, type InventoryNode } from "../../inventory/inventory";
import { ConflictError, type InventoryError } from "../../inventory/inventoryError";
import { boardNames, NODE_FIELDS, nodeOfFields, nodeProblems } from "../../provision/checkNode";
import { conflictsIn, readNodes } from "../../provision/nodesCsv";
import { reloadMosquitto } from "../../provision/reloadBroker";
import { inventoryOption } from "../inventoryOption";
import { table } from "../table";

interface ProvisionOptions {
  readonly city?: string;
  readonly board?: string;
  readonly pole?: string;
  readonly csv?: string;
  readonly list?: true;
  readonly log?: true;
  readonly retire?: string;
  readonly reason?: string;
  readonly mosquitto?: string;
  readonly reload?: string;
  readonly inventory: string;
  readonly json?: true;
}

/** `streetnode provision`: names nodes, gives each a password, and tells the broker. */
export function provisionCommand(): Command {
  return new Command("provision")
    .description("add nodes to the inventory, each with a password, and tell the broker")
    .argument("[NAME]", "name of one node: 3 to 23 characters of a-z, 0-9 and '-'")
    .option("--csv <file>", "many nodes: a CSV file with the columns name, city, board, pole")
    .option("--city <name>", "name of the city; for rows that name none")
    .option("--board <name>", "its board, a file of boards/; for rows that name none")
    .option("--pole <text>", "the pole it is meant for, if known")
    .option("--list", "print the nodes that there are")
    .option("--log", "print who did what to the nodes, or to NAME")
    .option("--retire <node>", "take a node out of service, with --reason")
    .option("--reason <text>", "why, for the inventory")
    .option("--mosquitto <dir>", "write Mosquitto's users and rights there, now and from now on")
    .option("--reload <pidfile>", "then make the running Mosquitto read them (SIGHUP)")
    .addOption(inventoryOption())
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
All rows of a file are added, or none; what is there already stays as it is. Passwords are
never printed: a board gets its own when it is flashed, the broker gets a hash.

Examples:
  streetnode provision bk-0001 --city berkane --board streetnode_esp32_devkitc --pole "A 17"
  streetnode provision --csv nodes.csv --city berkane --mosquitto /etc/mosquitto/streetnode`,
    )
    .action((name: string | undefined, options: ProvisionOptions) => provision(name, options));
}

function provision(name: string | undefined, options: ProvisionOptions): void {
  const inventory = new Inventory(options.inventory);
  if (options.list) return list(inventory, options);
  if (options.log) return printLog(inventory, name, options);
  const wanted = [name, options.csv, options.retire].filter((given) => given !== undefined);
  if (wanted.length > 1)
    throw new InputError("give one of NAME, --csv FILE and --retire NODE, not several");
  if (wanted.length === 0 && options.mosquitto === undefined && options.reload === undefined)
    throw new InputError(
      "give the NAME of a node, or --csv FILE with many; --list prints those that there are",
    );

  // Everything that was given is looked at before anything is done.
  const nodes = options.csv === undefined ? undefined : readNodes(options.csv, options);
  const fields = { name: name ?? "", city: "", board: "", pole: "" };
  if (name !== undefined) {
    Object.assign(fields, definedFields(options));
    const problems = nodeProblems(fields, boardNames());
    if (problems.length > 0)
      throw new InputError(
        problems
          .map(({ field, reason }) => `${field === "name" ? "NAME" : `--${field}`}: ${reason}`)
          .join("; "),
      );
  }

  inventory.create();
  let added: string[] = [];
  let unchanged: string[] = [];
  try {
    if (name !== undefined) ({ added, unchanged } = inventory.add([nodeOfFields(fields)]));
    if (nodes) ({ added, unchanged } = inventory.add(nodes.nodes));
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    throw nodes ? conflictsIn(nodes, error.conflicts) : new InputError(error.message);
  }
  if (options.retire !== undefined) retire(inventory, options.retire, options.reason);
  const exports = exportAll(inventory, options.mosquitto);
  if (options.reload !== undefined) reloadMosquitto(options.reload);

  if (options.json)
    console.log(
      JSON.stringify({
        inventory: inventory.file,
        added,
        unchanged,
        ...(options.retire === undefined ? {} : { retired: options.retire }),
        exports,
        reloaded: options.reload !== undefined,
      }),
    );
  else {
    if (name !== undefined || nodes) console.log(countLine(added, unchanged, inventory.file));
    if (options.retire !== undefined) console.log(`${options.retire} is retired.`);
    printExports(exports, options.reload !== undefined);
  }
}

function retire(inventory: Inventory, name: string, reason = "no reason given"): void {
  try {
    inventory.retire(name, reason);
  } catch (error) {
    const { code } = error as InventoryError;
    if (code !== "unknown-name" && code !== "wrong-state") throw error;
    throw new InputError(`--retire ${name}: ${(error as InventoryError).message}`);
  }
}

function definedFields(options: ProvisionOptions): object {
  return Object.fromEntries(
    NODE_FIELDS.flatMap((field) =>
      field === "name" || options[field] === undefined ? [] : [[field, options[field].trim()]],
    ),
  );
}

function exportAll(inventory: Inventory, mosquitto: string | undefined): ExportResult[] {
  const folder = mosquitto === undefined ? undefined : resolve(mosquitto);
  // A folder that cannot be written to is not remembered.
  const first =
    folder === undefined ? [] : writeFiles(folder, mosquittoUserFiles(inventory.brokerUsers()));
  if (folder !== undefined) inventory.rememberExport(folder, "mosquitto");
  return exportUsers(inventory).map((result) =>
    result.folder === folder && result.kind === "mosquitto"
      ? { ...result, changed: first }
      : result,
  );
}

function countLine(added: readonly string[], unchanged: readonly string[], file: string): string {
  const count = (names: readonly string[]) =>
    names.length === 1 ? names[0] : `${names.length} nodes`;
  if (added.length === 0)
    return `Nothing to add: ${count(unchanged)} ${unchanged.length === 1 ? "is" : "are"} in ${file} already.`;
  const there = unchanged.length === 0 ? "" : ` (${unchanged.length} there already)`;
  return `Added ${count(added)} to ${file}${there}.`;
}

/** Says what the broker's files have become, and how the broker gets to know it. */
export function printExports(exports: readonly ExportResult[], reloaded: boolean): void {
  for (const { folder, kind, changed, gone } of exports) {
    if (gone) {
      console.log(`${folder} (${kind}) is not there any more: nothing was written to it.`);
      continue;
    }
    if (changed.length === 0) continue;
    console.log(`${folder}: new ${changed.join(", ")}.`);
    if (!reloaded) console.log(RELOAD_HINTS[kind]);
  }
}

const RELOAD_HINTS: Record<ExportResult["kind"], string> = {
  mosquitto:
    "  For Mosquitto to read them: sudo systemctl reload mosquitto (or --reload PIDFILE next time).",
  emqx: "  For EMQX: import users.csv (Dashboard, Authentication), put acl.conf into its etc folder.",
  rabbitmq: "  For RabbitMQ: rabbitmqctl import_definitions definitions.json",
};

function list(inventory: Inventory, { city, json }: ProvisionOptions): void {
  const nodes = inventory.nodes(city === undefined ? {} : { city });
  if (json) console.log(JSON.stringify({ inventory: inventory.file, nodes }));
  else if (nodes.length === 0) console.log("There are no nodes yet.");
  else
    console.log(
      table(
        ["node", "city", "board", "pole", "MAC", "state", "since"],
        nodes.map((node) => [
          node.name,
          node.city,
          node.board,
          node.pole ?? "",
          node.mac ?? "",
          stateOf(node),
          new Date(node.changedMs).toISOString().slice(0, 16) + "Z",
        ]),
      ),
    );
}

function stateOf({ state, reason }: InventoryNode): string {
  return reason === undefined ? state : `${state}: ${reason}`;
}

function printLog(
  inventory: Inventory,
  name: string | undefined,
  { json }: ProvisionOptions,
): void {
  const entries = inventory.audit(name);
  if (json) console.log(JSON.stringify({ inventory: inventory.file, log: entries }));
  else
    for (const { atMs, who, what, name: node, detail } of entries)
      console.log(
        [new Date(atMs).toISOString(), who, what, node, detail].filter(Boolean).join("  "),
      );
}
