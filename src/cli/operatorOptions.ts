import { Presets, SingleBar } from "cli-progress";
import type { Command } from "commander";
import { nameProblem } from "../../devs/contract/topics";
import { InputError } from "../inputError";
import { answerSummary, answerTable, type NodeAnswer } from "../operator/answers";
import { CityBook } from "../operator/cityBook";
import { OperatorClient } from "../operator/operatorClient";
import { brokerOption } from "./brokerOption";
import { readCa } from "./caOption";
import { interruptSignal } from "./interrupt";
import { parseDuration, type BrokerAddress } from "./options";

/** What every command of an operator takes. */
export interface OperatorOptions {
  readonly broker: BrokerAddress;
  readonly ca?: string;
  readonly city: string;
  readonly json?: true;
}

/** What those that wait for answers take too. */
export interface AnswerOptions extends OperatorOptions {
  readonly wait: number;
}

const DEFAULT_WAIT = "30s";

/** Adds `--broker`, `--ca`, `--city` and `--json`. */
export function withOperatorOptions(command: Command): Command {
  return command
    .addOption(brokerOption("the city's MQTT broker"))
    .option("--ca <file>", "certificate of the broker's authority, for mqtts (PEM)")
    .option("--city <name>", "name of the city", "berkane")
    .option("--json", "print the result as JSON on the last line");
}

/** Adds `--wait`. */
export function withWait(command: Command): Command {
  return command.option(
    "--wait <time>",
    "how long to wait for answers",
    parseDuration,
    parseDuration(DEFAULT_WAIT),
  );
}

/** Explains names and patterns, and where the password comes from. */
export const OPERATOR_HELP = `
A node is a name (bk-0001) or, in quotes, a pattern with * ("bk-00*", "*"). The user name and
password come from STREETNODE_USER and STREETNODE_PASSWORD.`;

/**
 * Checks names and patterns before anything is connected.
 *
 * @throws InputError
 */
export function checkNames(city: string, patterns: readonly string[]): void {
  const cityProblem = nameProblem(city);
  if (cityProblem) throw new InputError(`--city ${city}: ${cityProblem}`);
  for (const pattern of patterns) {
    const problem = pattern.includes("*")
      ? /^[a-z0-9*-]{1,46}$/.test(pattern)
        ? undefined
        : "a pattern may hold only a-z, 0-9, '-' and '*'"
      : nameProblem(pattern);
    if (problem) throw new InputError(`${pattern}: ${problem}`);
  }
}

/** Connects, reads what the broker keeps of the city, works, and disconnects. */
export async function withCity<T>(
  options: OperatorOptions,
  work: (client: OperatorClient, book: CityBook) => Promise<T>,
): Promise<T> {
  const client = await OperatorClient.connect({
    broker: options.broker,
    ca: options.ca === undefined ? undefined : readCa(options.ca, options.broker),
    user: process.env["STREETNODE_USER"],
    password: process.env["STREETNODE_PASSWORD"],
  });
  try {
    return await work(client, await CityBook.open(client, options.city));
  } finally {
    await client.close();
  }
}

/** Whom an operator asks, and how the answers are awaited. */
export interface Asked {
  readonly city: string;
  readonly nodes: readonly string[];
  readonly waitMs: number;
  readonly onProgress: (answered: number, of: number) => void;
  readonly interrupted: AbortSignal;
}

/**
 * Asks the nodes that names and patterns mean, shows on a terminal how many have answered, and
 * prints who answered what; the exit code is 1 when one of them is not as it should be.
 */
export async function askNodes(
  options: AnswerOptions,
  patterns: readonly string[],
  ask: (client: OperatorClient, book: CityBook, asked: Asked) => Promise<NodeAnswer[]>,
): Promise<void> {
  const bar = new SingleBar(
    { format: "{bar} {value} of {total} nodes", clearOnComplete: true, stream: process.stderr },
    Presets.shades_classic,
  );
  let lost: AbortSignal | undefined;
  const answers = await withCity(options, async (client, book) => {
    lost = client.lost;
    const nodes = book.select(patterns);
    // Says nothing by itself where the output is piped.
    bar.start(nodes.length, 0);
    try {
      return await ask(client, book, {
        city: options.city,
        nodes,
        waitMs: options.wait,
        onProgress: (answered) => bar.update(answered),
        interrupted: AbortSignal.any([interruptSignal(), client.lost]),
      });
    } finally {
      bar.stop();
      // The end of the work closes the connection, too.
      if (!client.lost.aborted) lost = undefined;
    }
  });
  if (options.json) console.log(JSON.stringify({ answers }));
  else {
    console.log(answerTable(answers));
    console.log(answerSummary(answers));
  }
  if (!answers.every(({ good }) => good)) process.exitCode = 1;
  if (lost) throw lost.reason as Error;
}
