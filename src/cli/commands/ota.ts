import { readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { Command } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { boardIds } from "../../flash/boardConfiguration";
import { InputError } from "../../inputError";
import { Inventory } from "../../inventory/inventory";
import { ImageError, keyId, newSigningKey, signImage } from "../../ota/image";
import { OtaStore, type Rollout, type RolloutStep, type RolloutWish } from "../../ota/otaStore";
import { planRollout } from "../../ota/planRollout";
import { isOver } from "../../ota/rolloutStates";
import { loadFirmware, projectVersion } from "../../toolchain/firmware";
import { inventoryOption } from "../inventoryOption";
import { collect, parseDuration, wholeNumber } from "../options";
import { table } from "../table";

interface StoreOptions {
  readonly inventory: string;
  readonly json?: true;
}

interface RolloutOptions extends StoreOptions {
  readonly city: string;
  readonly nodes: string[];
  readonly canary: number;
  readonly batch: number;
  readonly wait: number;
  readonly back: number;
  readonly limit: number;
}

const SECRET_FILE_MODE = 0o600;

/** `streetnode ota`: new programs for nodes on their poles. */
export function otaCommand(): Command {
  return new Command("ota")
    .description("bring a new program to the nodes over the air")
    .addCommand(keygen())
    .addCommand(trust())
    .addCommand(sign())
    .addCommand(add())
    .addCommand(rollout())
    .addCommand(status())
    .addCommand(wish("pause", "begin no further node"))
    .addCommand(wish("resume", "go on with a rollout that was paused"))
    .addCommand(wish("abort", "end a rollout; nodes that are not good get their old program back"));
}

function keygen(): Command {
  return new Command("keygen")
    .description("make a pair of keys for signing images: FILE (secret) and FILE.pub")
    .argument("<file>", "where the secret half goes; it must not be there yet")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  streetnode ota keygen city-signing.pem")
    .action((file: string, { json }: { json?: true }) => {
      const { privateKey, publicKey } = newSigningKey();
      writeNew(file, privateKey, SECRET_FILE_MODE);
      writeNew(`${file}.pub`, publicKey, 0o644);
      print(
        json,
        { key: keyId(publicKey), secret: file, public: `${file}.pub` },
        `${file} signs images; keep it away from the server. ${file}.pub is key ${keyId(publicKey)}.`,
      );
    });
}

function trust(): Command {
  return new Command("trust")
    .description("let the gateway serve images that this key has signed")
    .argument("<file>", "public half of a key (PEM)")
    .addOption(inventoryOption())
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  streetnode ota trust city-signing.pem.pub")
    .action((file: string, options: StoreOptions) => {
      const id = usable(file, () => openStore(options).trust(read(file).toString()));
      print(options.json, { key: id }, `Images signed with the key ${id} are trusted.`);
    });
}

function sign(): Command {
  return new Command("sign")
    .description("make a signed image of the firmware of this project")
    .requiredOption("--key <file>", "secret half of the signing key (PEM)")
    .option("--out <file>", "where the image goes (default: streetnode-VERSION.image)")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  streetnode ota sign --key city-signing.pem")
    .action((options: { key: string; out?: string; json?: true }) => {
      const version = projectVersion();
      const out = options.out ?? `streetnode-${version}.image`;
      const parts = { bytecode: loadFirmware().bytecode, version, boards: boardIds() };
      const image = usable(options.key, () => signImage(parts, read(options.key).toString()));
      writeFileSync(out, image);
      print(options.json, { image: out, version, bytes: image.length }, `${out} (${version})`);
    });
}

function add(): Command {
  return new Command("add")
    .description("give the gateway an image: one to bring out, or one to come back to")
    .argument("<image>", "a file of streetnode ota sign")
    .addOption(inventoryOption())
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  streetnode ota add streetnode-0.2.0.image")
    .action((file: string, options: StoreOptions) => {
      const image = usable(file, () => openStore(options).addImage(read(file)));
      const { version, boards } = image.header;
      print(
        options.json,
        { hash: image.hash, version, boards },
        `${version} ${image.hash.slice(0, 12)} for ${boards.join(", ")}`,
      );
    });
}

function rollout(): Command {
  return new Command("rollout")
    .description("bring an image to nodes, a few first; the gateway carries it out")
    .argument("<image>", "a file of streetnode ota sign, or the first digits of a hash")
    .option(
      "--nodes <pattern>",
      "names and patterns such as 'bk-00*'; may be repeated",
      collect,
      [],
    )
    .option("--city <name>", "name of the city", "berkane")
    .option("--canary <n>", "nodes that come first", wholeNumber(1, 1000), 2)
    .option("--batch <n>", "nodes of each further stage", wholeNumber(1, 1000), 25)
    .option("--wait <time>", "how long a node that is back is watched", parseDuration, 600_000)
    .option("--back <time>", "how long a node may take to be back", parseDuration, 900_000)
    .option("--limit <percent>", "share of failed nodes that stops it", wholeNumber(0, 100), 4)
    .addOption(inventoryOption())
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
A node is good when it is back on the broker with the new program, its self-test passed, every
channel it had before has given a reading, and it has not restarted while it was watched.

Example:
  streetnode ota rollout streetnode-0.2.0.image --nodes '*' --canary 2 --batch 25 --wait 30m`,
    )
    .action((image: string, options: RolloutOptions) => {
      const cityProblem = nameProblem(options.city);
      if (cityProblem) throw new InputError(`--city ${options.city}: ${cityProblem}`);
      if (options.nodes.length === 0)
        throw new InputError("--nodes: missing, expected names or patterns such as '*'");
      const store = openStore(options);
      const id = usable(image, () =>
        planRollout(new Inventory(options.inventory), store, {
          image: /^[0-9a-f]{6,64}$/.test(image) ? image : store.addImage(read(image)).hash,
          city: options.city,
          patterns: options.nodes,
          plan: {
            canary: options.canary,
            batch: options.batch,
            waitMs: options.wait,
            limit: options.limit / 100,
            backMs: options.back,
          },
        }),
      );
      const nodes = store.steps(id).length;
      print(
        options.json,
        { rollout: id, nodes },
        `Rollout ${id} to ${nodes} nodes has begun: streetnode ota status shows how it goes.`,
      );
    });
}

function status(): Command {
  return new Command("status")
    .description("show how a rollout goes; exit code 1 when it was stopped")
    .argument("[rollout]", "its number; the latest when left out", wholeNumber(1, 1_000_000))
    .addOption(inventoryOption())
    .option("--json", "print it as one JSON object")
    .addHelpText("after", "\nExample:\n  streetnode ota status --json")
    .action((id: number | undefined, options: StoreOptions) => {
      const store = openStore(options);
      const found = find(store, id);
      const steps = store.steps(found.id);
      if (found.state === "stopped") process.exitCode = 1;
      print(options.json, { ...found, nodes: steps }, statusText(found, steps));
    });
}

function statusText(found: Rollout, steps: readonly RolloutStep[]): string {
  const counts = new Map<string, number>();
  for (const { state } of steps) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  const reason = found.reason === undefined ? "" : `: ${found.reason}`;
  const lines = [
    `Rollout ${found.id} of ${found.image.slice(0, 12)} is ${found.state}${reason}`,
    `${steps.length} nodes: ${summary}`,
  ];
  const telling = steps.filter(({ state }) => state !== "waiting" && state !== "good");
  if (telling.length > 0)
    lines.push(
      table(
        ["node", "stage", "state", "detail"],
        telling.map(({ node, stage, state, detail }) => [node, `${stage}`, state, detail ?? ""]),
      ),
    );
  return lines.join("\n");
}

function wish(name: RolloutWish, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("[rollout]", "its number; the latest when left out", wholeNumber(1, 1_000_000))
    .addOption(inventoryOption())
    .option("--json", "print the result as JSON")
    .addHelpText("after", `\nExample:\n  streetnode ota ${name}`)
    .action((id: number | undefined, options: StoreOptions) => {
      const store = openStore(options);
      const found = find(store, id);
      if (isOver(found.state))
        throw new InputError(`rollout ${found.id} is ${found.state}: there is nothing to ${name}`);
      store.wish(found.id, name);
      print(options.json, { rollout: found.id, wish: name }, `The gateway is told to ${name}.`);
    });
}

function find(store: OtaStore, id: number | undefined): Rollout {
  const rollouts = store.rollouts();
  const found = id === undefined ? rollouts[0] : rollouts.find((each) => each.id === id);
  if (!found)
    throw new InputError(id === undefined ? "there was no rollout yet" : `no rollout ${id}`);
  return found;
}

function openStore({ inventory }: StoreOptions): OtaStore {
  new Inventory(inventory).create();
  return new OtaStore(inventory, whoAmI());
}

function whoAmI(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user without a name.
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new InputError(`${file}: ${(error as Error).message}`);
  }
}

function writeNew(file: string, content: string, mode: number): void {
  try {
    writeFileSync(file, content, { flag: "wx", mode });
  } catch (error) {
    throw new InputError(`${file}: ${(error as Error).message}`);
  }
}

/** A file that cannot be used is the user's affair. */
function usable<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, problem } = error as { code?: unknown; problem?: unknown };
    if (error instanceof ImageError)
      throw new InputError(`${file}: ${String(problem)}: it ${error.message}`);
    if (typeof code === "string" && /^ERR_(OSSL|CRYPTO|INVALID)/.test(code))
      throw new InputError(`${file}: is no key of Ed25519 in PEM`);
    throw error;
  }
}

function print(json: true | undefined, result: object, text: string): void {
  console.log(json ? JSON.stringify(result) : text);
}
