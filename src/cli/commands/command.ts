import { Command } from "commander";
import { readCommand } from "../../../devs/contract/command";
import { InputError } from "../../inputError";
import { sendCommand } from "../../operator/sendCommand";
import { parseNumber } from "../options";
import {
  OPERATOR_HELP,
  askNodes,
  checkNames,
  withOperatorOptions,
  withWait,
  type AnswerOptions,
} from "../operatorOptions";

interface SendOptions extends AnswerOptions {
  readonly seconds?: number;
  readonly minutes?: number;
  readonly channel?: string;
  readonly zero?: number;
  readonly span?: number;
}

/** `streetnode command`: tells nodes to do something, and waits for their answers. */
export function commandCommand(): Command {
  return withWait(withOperatorOptions(new Command("command")))
    .description("tell nodes to do something: identify, sample, flush, self-test, restart, ...")
    .argument("<node>", "a node or a pattern")
    .argument(
      "<command>",
      "identify, sample, flush, self-test, restart, clear-counters, log or calibrate",
    )
    .option("--seconds <n>", "how long to identify", parseNumber)
    .option("--minutes <n>", "how long to publish the log", parseNumber)
    .option("--channel <metric>", "channel to calibrate")
    .option("--zero <value>", "true value of the channel now, near nothing", parseNumber)
    .option("--span <value>", "true value of the channel now, well above nothing", parseNumber)
    .addHelpText(
      "after",
      `${OPERATOR_HELP}

Examples:
  streetnode command bk-0001 identify --seconds 60
  streetnode command "*" self-test
  streetnode command bk-0001 calibrate --channel no2 --zero 0`,
    )
    .action(send);
}

async function send(pattern: string, name: string, options: SendOptions): Promise<void> {
  checkNames(options.city, [pattern]);
  const command: Record<string, unknown> = { command: name };
  for (const key of ["seconds", "minutes", "zero", "span"] as const)
    if (options[key] !== undefined) command[key] = options[key];
  if (options.channel !== undefined) command["channel"] = options.channel;
  const { problem } = readCommand(Buffer.from(JSON.stringify({ id: "check", ...command })));
  if (problem) throw new InputError(problem);
  await askNodes(options, [pattern], (client, book, asked) =>
    sendCommand(client, book, { ...asked, command, by: process.env["STREETNODE_USER"] }),
  );
}
