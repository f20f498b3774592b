#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { InputError } from "../inputError";
import { CompileError } from "../toolchain/compile";
import { projectVersion } from "../toolchain/firmware";
import { boardsCommand } from "./commands/boards";
import { brokerCommand } from "./commands/broker";
import { buildCommand } from "./commands/build";
import { cityCommand } from "./commands/city";
import { commandCommand } from "./commands/command";
import { configCommand } from "./commands/config";
import { doctorCommand } from "./commands/doctor";
import { filterCommand } from "./commands/filter";
import { flashCommand } from "./commands/flash";
import { labelCommand } from "./commands/label";
import { otaCommand } from "./commands/ota";
import { peopleCommand } from "./commands/people";
import { provisionCommand } from "./commands/provision";
import { simCommand } from "./commands/sim";
import { upCommand } from "./commands/up";
import { watchCommand } from "./commands/watch";

/** The exit code for anything that the user gave and that cannot be used. */
const EXIT_INPUT = 2;

const program = new Command("streetnode")
  .description("Firmware for sensor nodes on street-light poles, its simulator and its tools")
  .version(projectVersion())
  .configureHelp({ showGlobalOptions: true })
  .addCommand(upCommand())
  .addCommand(cityCommand())
  .addCommand(simCommand())
  .addCommand(watchCommand())
  .addCommand(configCommand())
  .addCommand(commandCommand())
  .addCommand(filterCommand())
  .addCommand(peopleCommand())
  .addCommand(provisionCommand())
  .addCommand(flashCommand())
  .addCommand(labelCommand())
  .addCommand(otaCommand())
  .addCommand(brokerCommand())
  .addCommand(doctorCommand())
  .addCommand(buildCommand())
  .addCommand(boardsCommand());

for (const command of [program, ...program.commands])
  for (const each of [command, ...command.commands]) each.exitOverride();

// Another program that closes our output early (head, say) is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_INPUT;
  else if (error instanceof InputError) {
    console.error(`streetnode: ${error.message}`);
    process.exitCode = EXIT_INPUT;
  } else {
    const plain = error instanceof CompileError || process.env["STREETNODE_DEBUG"] === undefined;
    console.error(
      `streetnode: ${error instanceof Error && !plain ? error.stack : (error as Error).message}`,
    );
    process.exitCode = 1;
  }
}
