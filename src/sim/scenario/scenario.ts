import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ErrorObject } from "ajv";
import { parse, printParseErrorCode, type ParseError } from "jsonc-parser";
import { readCommand } from "../../../devs/contract/command";
import { checkConfig } from "../../../devs/contract/config";
import { durationMs } from "../../duration";
import { InputError } from "../../inputError";
import { PROJECT_FOLDER } from "../../projectFolder";
import { CHIP_FAULTS, type FaultName, type FaultSettings } from "../chips/chipFaults";
import schema from "./scenario.schema.json";

/** Which nodes a step means. */
export type NodeSelector =
  string | readonly string[] | { readonly group: string } | { readonly share: number };

/** When a step happens: once, or by chance at a rate between two times. */
interface When {
  readonly at?: string;
  readonly rate?: { readonly perDay: number };
  readonly from?: string;
  readonly until?: string;
}

/** What can happen, by its name in `do`. Times are such as `1h30m`. */
export type Action =
  | {
      readonly do: "broker-down";
      readonly for: string;
      readonly sessions?: "kept" | "lost";
      readonly silently?: boolean;
    }
  | {
      readonly do: "network";
      readonly for: string;
      readonly lossPct?: number;
      readonly delayMs?: number;
      readonly jitterMs?: number;
    }
  | { readonly do: "half-open" }
  | { readonly do: "wifi-gone" | "power-cut"; readonly for: string }
  | {
      readonly do: "brown-out";
      readonly times: number;
      readonly every: string;
      readonly off: string;
    }
  | {
      readonly do: "chip-fault";
      readonly chip: string;
      readonly fault: Partial<FaultSettings>;
      readonly for?: string;
    }
  | { readonly do: "lamp-out"; readonly for?: string }
  | {
      readonly do: "beacon-wrong";
      readonly for: string;
      readonly offsetS?: number;
      readonly silent?: boolean;
    }
  | { readonly do: "configure"; readonly document: object }
  | { readonly do: "command"; readonly command: object };

export type Step = Action & When & { readonly nodes?: NodeSelector };

/** A scenario as its file says it; `scenario.schema.json` says what it may hold. */
export interface Scenario {
  readonly description: string;
  readonly for: string;
  readonly nodes?: number;
  readonly start?: string;
  readonly configuration?: Record<string, unknown>;
  readonly lateAfter?: string;
  readonly weather?: { readonly warmerCel?: number };
  readonly steps?: readonly Step[];
}

/** The ready ones, in the built package. */
const READY_FOLDER = join(PROJECT_FOLDER, "dist", "scenarios");
const EXTENSION = ".jsonc";

/** A node takes no beacon from before its firmware was made, nor from the next century, for the time. */
const START_FROM = "2026-01-01T00:00Z";
const START_TO = "2099-12-31T23:59Z";

/** Names of the ready scenarios. */
export function readyScenarios(): string[] {
  if (!existsSync(READY_FOLDER)) return [];
  return readdirSync(READY_FOLDER)
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => file.slice(0, -EXTENSION.length))
    .sort();
}

/**
 * Reads a scenario: a ready one by its name, or a file.
 *
 * @throws InputError, one line that names the place and what was expected there
 */
export function loadScenario(nameOrFile: string): Scenario {
  const ready = readyScenarios().includes(nameOrFile);
  const file = ready ? join(READY_FOLDER, nameOrFile + EXTENSION) : nameOrFile;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT")
      throw new InputError(`--scenario ${nameOrFile} cannot be read: ${code ?? String(error)}`);
    throw new InputError(
      `--scenario ${nameOrFile}: no such file, and none of the ready ones: ${readyScenarios().join(", ")}`,
    );
  }
  return parseScenario(text, nameOrFile);
}

/**
 * Takes a scenario out of its text.
 *
 * @param name how messages call it
 * @throws InputError
 */
export function parseScenario(text: string, name: string): Scenario {
  const errors: ParseError[] = [];
  // Some editors begin a file with a byte order mark.
  const json = text.replace(/^\uFEFF/, "");
  const parsed: unknown = parse(json, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    const line = json.slice(0, error.offset).split("\n").length;
    throw new InputError(`${name} line ${line}: not JSON: ${inWords(error.error)}`);
  }
  const validate = checker();
  if (!validate(parsed)) throw new InputError(`${name}: ${explain(validate.errors ?? [])}`);
  const scenario = parsed as Scenario;
  if (scenario.start !== undefined && !isStart(scenario.start))
    throw new InputError(
      `${name}: start must be a time from ${START_FROM} to ${START_TO}, got ${scenario.start}`,
    );
  const [problem] = checkConfig(scenario.configuration ?? {});
  if (problem) throw new InputError(`${name}: configuration.${problem.path}: ${problem.reason}`);
  scenario.steps?.forEach((step, i) => {
    const problem = stepProblem(step, durationMs(scenario.for));
    if (problem !== undefined) throw new InputError(`${name}: steps[${i}]${problem}`);
  });
  return scenario;
}

/** Whether a time is one of the calendar, and one that a node can be told. */
function isStart(text: string): boolean {
  const utcMs = Date.parse(text);
  const exists =
    !Number.isNaN(utcMs) && new Date(utcMs).toISOString().startsWith(text.slice(0, -1));
  return exists && text >= START_FROM && text <= START_TO;
}

/** `CloseBraceExpected` as "close brace expected". */
function inWords(error: ParseError["error"]): string {
  return printParseErrorCode(error)
    .replace(/\B[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase();
}

/** What is wrong with a step that the schema cannot see, or undefined. */
function stepProblem(step: Step, endMs: number): string | undefined {
  const { at, rate, from, until } = step;
  if ((at === undefined) === (rate === undefined)) return " must have either 'at' or 'rate'";
  if (at !== undefined && (from ?? until) !== undefined)
    return ": 'from' and 'until' go with 'rate', not with 'at'";
  if (at !== undefined && durationMs(at) >= endMs)
    return `.at: ${at} lies behind the end of the scenario`;
  if (from !== undefined && durationMs(from) >= (until === undefined ? endMs : durationMs(until)))
    return `.from: ${from} must lie before 'until' and the end of the scenario`;
  if (until !== undefined && durationMs(until) > endMs)
    return `.until: ${until} lies behind the end of the scenario`;
  switch (step.do) {
    case "brown-out":
      return durationMs(step.off) < durationMs(step.every)
        ? undefined
        : ".off must be shorter than 'every'";
    case "beacon-wrong":
      return (step.offsetS ?? 0) === 0 && !step.silent
        ? " must have 'offsetS' or 'silent', or the beacon is right"
        : undefined;
    case "chip-fault":
      return Object.entries(step.fault).every(
        ([fault, value]) => value === CHIP_FAULTS[fault as FaultName].none,
      )
        ? ".fault must have a fault that is switched on"
        : undefined;
    case "network":
      return (step.lossPct ?? step.delayMs ?? step.jitterMs) === undefined
        ? " must have 'lossPct', 'delayMs' or 'jitterMs'"
        : undefined;
    case "configure": {
      const { version, ...document } = step.document as Record<string, unknown>;
      if (version !== undefined && !(Number.isInteger(version) && Number(version) > 0))
        return ".document.version must be a whole number above 0";
      const [problem] = checkConfig(document);
      return problem && `.document.${problem.path}: ${problem.reason}`;
    }
    case "command": {
      const { problem } = readCommand(Buffer.from(JSON.stringify({ id: "sim", ...step.command })));
      return problem === "" ? undefined : `.command: ${problem}`;
    }
    default:
      return undefined;
  }
}

let compiled: ReturnType<Ajv["compile"]> | undefined;

function checker(): ReturnType<Ajv["compile"]> {
  compiled ??= new Ajv({
    discriminator: true,
    allowUnionTypes: true,
    strictRequired: false,
  }).compile(schema);
  return compiled;
}

/** The first thing that is wrong, with its path and what was expected. */
function explain(errors: readonly ErrorObject[]): string {
  const error = errors[0];
  if (!error) return "does not have the form of a scenario";
  const path = error.instancePath
    .slice(1)
    .replace(/\/(\d+)/g, "[$1]")
    .replaceAll("/", ".");
  const at = path === "" ? "the scenario" : path;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case "required":
      return `${at} must have '${String(params["missingProperty"])}'`;
    case "additionalProperties":
      return `${at} has '${String(params["additionalProperty"])}', which is not known there`;
    case "discriminator":
      return `${at}.do must be one of ${schema.definitions.step.oneOf.map(({ $ref }) => $ref.split("/").at(-1)).join(", ")}`;
    case "pattern":
      return `${at} must be ${expectedText(error)}`;
    case "type":
      return error.schemaPath.startsWith("#/definitions/") || at === "start"
        ? `${at} must be ${expectedText(error)}`
        : `${at} ${error.message ?? "is wrong"}`;
    case "enum":
      return `${at} must be one of ${(params["allowedValues"] as unknown[]).join(", ")}`;
    default:
      return `${at} ${error.message ?? "is wrong"}`;
  }
}

/** What a text ought to be, or another thing that has a definition of its own in the schema. */
function expectedText({ schemaPath, params }: ErrorObject): string {
  switch (schemaPath.split("/").at(-2)) {
    case "duration":
      return "a time such as 30s, 10m, 1h30m or 2d";
    case "span":
      return "a time above 0, such as 30s, 10m, 1h30m or 2d";
    case "start":
      return "UTC such as 2026-07-14T05:00Z";
    case "nodes":
      return 'a name, a list of names, { "group": … } or { "share": … }';
    default:
      return String((params as Record<string, unknown>)["type"]);
  }
}
