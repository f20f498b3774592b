import { readFileSync } from "node:fs";
import { password as askPassword } from "@inquirer/prompts";
import { Command, Option } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { exportUsers } from "../../brokerConfig/export";
import { InputError } from "../../inputError";
import { Inventory } from "../../inventory/inventory";
import { InventoryError } from "../../inventory/inventoryError";
import { hashSignIn, passwordProblem } from "../../people/password";
import { ROLES, type Role } from "../../people/roles";
import { inventoryOption } from "../inventoryOption";
import { table } from "../table";
import { printExports } from "./provision";

interface PasswordOptions {
  readonly passwordFile?: string;
  readonly inventory: string;
}

interface AddOptions extends PasswordOptions {
  readonly role: Role;
}

/** `streetnode people`: who may sign in at the city's pages. */
export function peopleCommand(): Command {
  const command = new Command("people").description("who may sign in at the city's pages");
  command
    .command("add")
    .description("let somebody sign in")
    .argument("<name>", "3 to 23 characters of a-z, 0-9 and '-'")
    .addOption(
      new Option("--role <role>", "what the person may do").choices(ROLES).makeOptionMandatory(),
    )
    .addOption(passwordFileOption())
    .addOption(inventoryOption())
    .addHelpText("after", `${PASSWORD_HELP}\n\nExample:\n  streetnode people add amina --role crew`)
    .action(add);
  command
    .command("list")
    .description("everybody who signs in, and who else is known at the broker")
    .addOption(inventoryOption())
    .option("--json", "print the result as one JSON object")
    .addHelpText("after", "\nExample:\n  streetnode people list")
    .action(list);
  command
    .command("remove")
    .description("take somebody away; open sessions end")
    .argument("<name>")
    .addOption(inventoryOption())
    .addHelpText("after", "\nExample:\n  streetnode people remove amina")
    .action(remove);
  command
    .command("password")
    .description("give somebody another password; open sessions end")
    .argument("<name>")
    .addOption(passwordFileOption())
    .addOption(inventoryOption())
    .addHelpText("after", `${PASSWORD_HELP}\n\nExample:\n  streetnode people password amina`)
    .action(changePassword);
  return command;
}

const PASSWORD_HELP = `
The password is asked for, or comes from --password-file or STREETNODE_NEW_PASSWORD.`;

function passwordFileOption(): Option {
  return new Option("--password-file <file>", "file whose first line is the password");
}

async function add(name: string, options: AddOptions): Promise<void> {
  const problem = nameProblem(name);
  if (problem) throw new InputError(`${name}: a name ${problem}`);
  const inventory = new Inventory(options.inventory);
  inventory.create();
  if (inventory.people().some((person) => person.name === name))
    throw new InputError(
      `${name} is there already: streetnode people password changes the password`,
    );
  const signIn = await hashSignIn(await newPasswordOf(options));
  explained(() => inventory.addSignIn(name, options.role, signIn));
  console.log(`${name} may sign in as ${options.role}.`);
}

function list({ inventory: file, json }: { inventory: string; json?: true }): void {
  const people = new Inventory(file)
    .people()
    .map(({ signIn, ...person }) => ({ ...person, atPages: signIn !== undefined }));
  if (json) console.log(JSON.stringify({ people }));
  else if (people.length === 0) console.log("There is nobody yet.");
  else
    console.log(
      table(
        ["name", "role", "signs in at", "since"],
        people.map(({ name, role, atPages, atBroker, createdMs }) => [
          name,
          role,
          [atPages ? "pages" : "", atBroker ? "broker" : ""].filter(Boolean).join(", "),
          new Date(createdMs).toISOString().slice(0, 10),
        ]),
      ),
    );
}

function remove(name: string, { inventory: file }: { inventory: string }): void {
  const inventory = new Inventory(file);
  explained(() => inventory.removePerson(name));
  console.log(`${name} is removed.`);
  printExports(exportUsers(inventory), false);
}

async function changePassword(name: string, options: PasswordOptions): Promise<void> {
  const inventory = new Inventory(options.inventory);
  if (!inventory.people().some((person) => person.name === name && person.signIn !== undefined))
    throw new InputError(`nobody who signs in is called ${name}`);
  const signIn = await hashSignIn(await newPasswordOf(options));
  explained(() => inventory.changeSignIn(name, signIn));
  console.log(`${name} has a new password.`);
}

async function newPasswordOf({ passwordFile }: PasswordOptions): Promise<string> {
  const [source, password] = await readPassword(passwordFile);
  const problem = passwordProblem(password);
  if (problem) throw new InputError(`${source}: the password ${problem}`);
  return password;
}

async function readPassword(file: string | undefined): Promise<[source: string, password: string]> {
  if (file !== undefined) {
    try {
      return [`--password-file ${file}`, readFileSync(file, "utf8").split(/\r?\n/, 1)[0] ?? ""];
    } catch (error) {
      throw new InputError(`--password-file ${file}: ${(error as Error).message}`);
    }
  }
  const fromEnvironment = process.env["STREETNODE_NEW_PASSWORD"];
  if (fromEnvironment !== undefined) return ["STREETNODE_NEW_PASSWORD", fromEnvironment];
  if (!process.stdin.isTTY)
    throw new InputError("no password: use --password-file or STREETNODE_NEW_PASSWORD");
  const password = await askPassword({
    message: "New password",
    mask: true,
    validate: (text) => {
      const problem = passwordProblem(text);
      return problem === undefined || `It ${problem}.`;
    },
  });
  const again = await askPassword({ message: "The same again", mask: true });
  if (again !== password) throw new InputError("the two passwords differ");
  return ["password", password];
}

/** What the user named, and the inventory does not take, is bad input. */
function explained(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof InventoryError && ["unknown-name", "conflict"].includes(error.code))
      throw new InputError(error.message);
    throw error;
  }
}
