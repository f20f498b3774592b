import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import type { ChainDescription } from "../../../devs/contract/chain";
import { checkChain } from "../../../devs/contract/config";
import { runChain, type AlarmEvent, type ChainRun } from "../../filter/chainRun";
import { plotRun } from "../../filter/plot";
import { InputError } from "../../inputError";
import { readRecording } from "../../recording";
import { table } from "../table";

interface FilterOptions {
  readonly chain: string;
  readonly plot?: string;
  readonly json?: true;
}

/** What `--json` prints. */
interface FilterResult {
  readonly samples: number;
  readonly accepted: number;
  readonly reports: number;
  readonly largestError: number;
  readonly alarms: readonly AlarmEvent[];
}

/** `streetnode filter`: shows what a filter chain makes of a recorded signal. */
export function filterCommand(): Command {
  return new Command("filter")
    .description("run a node's filter chain over a recording, to see what it would report")
    .argument("<FILE:COLUMN>", "CSV file with a column t_s (seconds), and the column to filter")
    .requiredOption("--chain <file>", "JSON file that describes the chain")
    .option("--plot <file>", "draw the samples, the reports and the rebuilt signal as SVG")
    .option("--json", "print the result as one JSON object on the last line")
    .addHelpText(
      "after",
      `
A chain file has the stages it needs, all optional:
  {"range":{"min":0,"max":1000},"smooth":{"timeConstantS":60},
   "report":{"swingingDoor":2,"heartbeatS":900},"alarms":[{"above":35,"clear":30}]}

The largest error is that of the signal rebuilt from the reports, against the filtered
one: by lines between them with swingingDoor, else by holding each until the next.

Example:
  streetnode filter pm25.csv:pm25_ugm3 --chain chain.json --plot pm25.svg`,
    )
    .action((source: string, options: FilterOptions) => {
      const { file, column } = parseSource(source);
      const description = readChain(options.chain);
      const samples = readRecording(file, column, file)
        .filter((row) => !Number.isNaN(row.value))
        .map((row) => ({ timeS: row.timeMs / 1000, value: row.value }));
      const run = runChain(description, samples);
      if (options.plot !== undefined)
        write(options.plot, plotRun(run, `${source}: ${summary(run)}`));
      if (options.json) console.log(JSON.stringify(resultOf(run)));
      else print(run);
    });
}

/** Takes `FILE:COLUMN` apart at the last colon, so a file name may hold one. */
function parseSource(text: string): { file: string; column: string } {
  const colon = text.lastIndexOf(":");
  if (colon < 1 || colon === text.length - 1)
    throw new InputError(`${text}: expected FILE:COLUMN, such as pm25.csv:pm25_ugm3`);
  return { file: text.slice(0, colon), column: text.slice(colon + 1) };
}

function readChain(file: string): ChainDescription {
  const where = `--chain ${file}`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      code === "ENOENT" ? `${where}: no such file` : `${where} cannot be read: ${code}`,
    );
  }
  let description: unknown;
  try {
    description = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where} is no JSON: ${(error as Error).message.split("\n")[0]}`);
  }
  const problems = checkChain(description, "");
  if (problems.length > 0) {
    const all = problems.map(({ path, reason }) => (path ? `${path}: ${reason}` : reason));
    throw new InputError(`${where}: ${all.join("; ")}`);
  }
  return description as ChainDescription;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new InputError(
      `--plot ${file} cannot be written: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

function resultOf(run: ChainRun): FilterResult {
  return {
    samples: run.samples.length,
    accepted: run.filtered.length,
    reports: run.reports.length,
    largestError: run.largestError,
    alarms: run.alarms,
  };
}

function summary(run: ChainRun): string {
  const share = (100 * run.reports.length) / run.samples.length;
  return `${run.reports.length} reports of ${run.samples.length} samples (${share.toFixed(1)} %), largest error ${rounded(run.largestError)}`;
}

function print(run: ChainRun): void {
  console.log(
    table(
      ["time s", "reported"],
      run.reports.map(({ timeS, value }) => [rounded(timeS), rounded(value)]),
    ),
  );
  if (run.alarms.length > 0)
    console.log(
      `\n${table(
        ["time s", "alarm", "event", "severity", "value"],
        run.alarms.map(({ timeS, alarm, event, severity, value }) => [
          rounded(timeS),
          `alarms[${alarm}]`,
          event,
          severity,
          rounded(value),
        ]),
      )}`,
    );
  const rejected = run.samples.length - run.filtered.length;
  console.log(`\n${summary(run)}, ${rejected} samples rejected, ${run.alarms.length} alarm events`);
}

/** Enough digits for a person. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}
