import { Command } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { skipped, type Check } from "../../doctor/check";
import { checkBroker } from "../../doctor/checkBroker";
import { checkInventory } from "../../doctor/checkInventory";
import { accessPort, checkPorts, type PortWorld } from "../../doctor/checkPorts";
import { checkRuntime } from "../../doctor/checkRuntime";
import { RuntimeCache } from "../../flash/runtimeCache";
import { SERIAL_PORTS } from "../../flash/serialPorts";
import { InputError } from "../../inputError";
import { Inventory } from "../../inventory/inventory";
import { PROJECT_FOLDER } from "../../projectFolder";
import { ownBoards } from "../../toolchain/compile";
import { readCa } from "../caOption";
import { inventoryOption } from "../inventoryOption";
import { parseBroker, type BrokerAddress } from "../options";
import { table } from "../table";

interface DoctorOptions {
  readonly broker?: BrokerAddress;
  readonly ca?: string;
  readonly city: string;
  readonly inventory: string;
  readonly json?: true;
}

/** What the command looks at; a test gives its own. */
export interface DoctorWorld {
  readonly ports: PortWorld;
  readonly cache: RuntimeCache;
}

const WORLD: DoctorWorld = {
  ports: { list: () => SERIAL_PORTS.list(), access: accessPort, platform: process.platform },
  cache: new RuntimeCache(),
};

/** `streetnode doctor`: is this computer ready to make nodes? */
export function doctorCommand(world: DoctorWorld = WORLD): Command {
  return new Command("doctor")
    .description("check what flashing needs on this computer, and say how to mend it")
    .option("--broker <url>", "also check the city's broker, as a node reaches it", parseBroker)
    .option("--ca <file>", "certificate of the broker's authority, for mqtts (PEM)")
    .option("--city <name>", "whose time beacon to compare the clock with", "berkane")
    .addOption(inventoryOption())
    .option("--json", "print the checks as one JSON object")
    .addHelpText(
      "after",
      `
The user name and password for the broker come from STREETNODE_USER and STREETNODE_PASSWORD.
Exit code 1 when a check failed; what could not be looked at is no failure.

Example:
  streetnode doctor --broker mqtts://broker.example.org --city berkane`,
    )
    .action((options: DoctorOptions) => examine(options, world));
}

async function examine(options: DoctorOptions, { ports, cache }: DoctorWorld): Promise<void> {
  const cityProblem = nameProblem(options.city);
  if (cityProblem) throw new InputError(`--city ${options.city}: ${cityProblem}`);
  const ca = options.ca === undefined ? undefined : readCa(options.ca, options.broker);
  const archIds = [...new Set(ownBoards(PROJECT_FOLDER).map(({ archId }) => archId))];
  const checks = [
    ...(await checkPorts(ports)),
    checkRuntime(cache, archIds),
    ...checkInventory(new Inventory(options.inventory)),
    ...(await brokerChecks(options, ca)),
  ];
  const isWell = checks.every(({ verdict }) => verdict !== "failed");
  if (options.json) console.log(JSON.stringify({ ok: isWell, checks }));
  else print(checks);
  if (!isWell) process.exitCode = 1;
}

function brokerChecks(
  { broker, city }: DoctorOptions,
  ca: string | undefined,
): Check[] | Promise<Check[]> {
  if (broker === undefined)
    return [skipped("broker", "none was named", "--broker mqtts://HOST checks it and the clock")];
  return checkBroker({
    ...broker,
    ca,
    city,
    user: process.env["STREETNODE_USER"],
    password: process.env["STREETNODE_PASSWORD"],
  });
}

function print(checks: readonly Check[]): void {
  console.log(
    table(
      ["check", "", "found"],
      checks.map(({ name, verdict, found }) => [name, verdict, found]),
    ),
  );
  const toMend = checks.filter(({ mend }) => mend !== undefined);
  for (const kind of ["failed", "skipped"] as const) {
    const lines = toMend.filter(({ verdict }) => verdict === kind);
    if (lines.length === 0) continue;
    console.log(kind === "failed" ? "\nTo mend:" : "\nNot looked at:");
    for (const { name, mend } of lines) console.log(`  ${name}: ${mend ?? ""}`);
  }
}
