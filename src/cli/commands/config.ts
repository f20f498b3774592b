import { readFileSync } from "node:fs";
import Table from "cli-table3";
import { Command } from "commander";
import { checkConfig } from "../../../devs/contract/config";
import type { JsonObject } from "../../../devs/contract/overlay";
import { InputError } from "../../inputError";
import { changeConfiguration } from "../../operator/changeConfiguration";
import { differences } from "../../operator/difference";
import { configurationFrom } from "../configurationOption";
import {
  OPERATOR_HELP,
  askNodes,
  checkNames,
  withCity,
  withOperatorOptions,
  withWait,
  type AnswerOptions,
  type OperatorOptions,
} from "../operatorOptions";
import { collect } from "../options";

interface SetOptions extends AnswerOptions {
  readonly set: string[];
  readonly file?: string;
}

/** `streetnode config`: reads and changes the configuration of nodes in the field. */
export function configCommand(): Command {
  return new Command("config")
    .description("read and change the configuration of nodes")
    .addCommand(
      withOperatorOptions(new Command("get"))
        .description("print the configuration in force: what differs from the defaults")
        .argument("<nodes...>", "nodes or patterns")
        .addHelpText("after", `${OPERATOR_HELP}\n\nExample:\n  streetnode config get bk-0001`)
        .action(get),
    )
    .addCommand(
      withWait(withOperatorOptions(new Command("set")))
        .description("change values, and wait until every node has answered")
        .argument("<nodes...>", "nodes or patterns")
        .option("--set <PATH=VALUE>", "a value; null for the default", collect, [])
        .option(
          "--file <file>",
          "a JSON file with a part of a configuration; --set changes values of it",
        )
        .addHelpText(
          "after",
          `${OPERATOR_HELP}

A node that is offline takes the change when it comes back. A node that refuses keeps what it had.

Example:
  streetnode config set "bk-00*" --set channels.pm25.report.deadband=2`,
        )
        .action(set),
    )
    .addCommand(
      withOperatorOptions(new Command("diff"))
        .description("print where nodes differ from what is wanted of them")
        .argument("<nodes...>", "nodes or patterns")
        .addHelpText("after", `${OPERATOR_HELP}\n\nExample:\n  streetnode config diff "*"`)
        .action(diff),
    );
}

async function get(patterns: string[], options: OperatorOptions): Promise<void> {
  checkNames(options.city, patterns);
  await withCity(options, async (_client, book) => {
    const found = book.select(patterns).map((node) => {
      const reported = book.nodes.get(node)?.reported;
      return reported ? { node, ...reported } : { node };
    });
    if (options.json) console.log(JSON.stringify({ nodes: found }));
    for (const report of found) {
      if (!("config" in report)) process.exitCode = 1;
      if (options.json) continue;
      if ("config" in report)
        console.log(
          `${report.node}: version ${report.version}, ${report.status}\n${JSON.stringify(report.config, null, 2)}`,
        );
      else console.log(`${report.node}: has reported no configuration`);
    }
  });
}

async function set(patterns: string[], options: SetOptions): Promise<void> {
  checkNames(options.city, patterns);
  const part = wantedPart(options);
  await askNodes(options, patterns, (client, book, asked) =>
    changeConfiguration(client, book, { ...asked, part }),
  );
}

async function diff(patterns: string[], options: OperatorOptions): Promise<void> {
  checkNames(options.city, patterns);
  await withCity(options, async (_client, book) => {
    const rows = book.select(patterns).flatMap((node) => {
      const record = book.nodes.get(node);
      const wanted = { ...record?.desired };
      delete wanted["version"];
      if (!record?.reported && Object.keys(wanted).length === 0) return [];
      return differences(wanted, record?.reported?.config ?? {}).map((difference) => ({
        node,
        ...difference,
      }));
    });
    if (rows.length > 0) process.exitCode = 1;
    if (options.json) {
      console.log(JSON.stringify({ differences: rows }));
      return;
    }
    if (rows.length === 0) {
      console.log("Every node has what is wanted of it.");
      return;
    }
    const table = new Table({
      head: ["node", "path", "wanted", "in force"],
      style: { head: [], border: [] },
    });
    const shown = (value: unknown) => (value === undefined ? "default" : JSON.stringify(value));
    for (const row of rows) table.push([row.node, row.path, shown(row.wanted), shown(row.inForce)]);
    console.log(table.toString());
  });
}

function wantedPart({ file, set }: SetOptions): JsonObject {
  const part = configurationFrom(set, file === undefined ? {} : readPart(file));
  if (Object.keys(part).length === 0)
    throw new InputError("nothing to set: give --set PATH=VALUE or --file FILE");
  return part;
}

function readPart(file: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new InputError(`--file ${file}: ${(error as Error).message}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`--file ${file}: is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InputError(`--file ${file}: expected a JSON object`);
  const [problem] = checkConfig(value);
  if (problem) throw new InputError(`--file ${file}: ${problem.path}: ${problem.reason}`);
  return value as JsonObject;
}
