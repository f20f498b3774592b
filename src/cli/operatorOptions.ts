import type { Command } from "commander";
import { nameProblem } from "../../devs/contract/topics";
import { InputError } from "../inputError";
import { answerSummary, answerTable, type NodeAnswer } from "../operator/answers";
import { CityBook } from "../operator/cityBook";
import { OperatorClient } from "../operator/operatorClient";
import { parseBroker, parseDuration, type BrokerAddress } from "./options";

/** What every command of an operator takes. */
export interface OperatorOptions {
  readonly broker: BrokerAddress;
  readonly city: string;
  readonly json?: true;
}

/** What those that wait for answers take too. */
export interface AnswerOptions extends OperatorOptions {
  readonly wait: number;
}

const DEFAULT_WAIT = "30s";

/** Adds `--broker`, `--city` and `--json`. */
export function withOperatorOptions(command: Command): Command {
  return command
    .option(
      "--broker <url>",
      "the city's MQTT broker",
      parseBroker,
      parseBroker("mqtt://127.0.0.1:1883"),
    )
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
    user: process.env["STREETNODE_USER"],
    password: process.env["STREETNODE_PASSWORD"],
  });
  try {
    return await work(client, await CityBook.open(client, options.city));
  } finally {
    await client.close();
  }
}

/** Prints who answered what; the exit code is 1 when one of them is not as it should be. */
export function printAnswers(answers: readonly NodeAnswer[], json: boolean): void {
  if (json) console.log(JSON.stringify({ answers }));
  else {
    console.log(answerTable(answers));
    console.log(answerSummary(answers));
  }
  if (!answers.every(({ good }) => good)) process.exitCode = 1;
}
