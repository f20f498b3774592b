import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { Command, Option } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { boardIds } from "../../flash/boardConfiguration";
import { InputError } from "../../inputError";
import { Inventory } from "../../inventory/inventory";
import {
  ImageError,
  KeyError,
  keyId,
  newSigningKey,
  signImage,
  unsignedParts,
  type ImageParts,
} from "../../ota/image";
import { OtaStore, type Rollout, type RolloutStep, type RolloutWish } from "../../ota/otaStore";
import { planRollout } from "../../ota/planRollout";
import { isOver } from "../../ota/rolloutStates";
import { GATEWAY_PORT, servingGateway } from "../../ota/startGateway";
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
  readonly canaryWait?: number;
  readonly back: number;
  readonly limit: number;
  readonly older?: true;
}

const SECRET_FILE_MODE = 0o600;
/** A canary is watched so many times as long as the others: what is wrong late shows before many have it. */
const CANARY_PATIENCE = 3;
/** A node leaves its socket to its runtime for five minutes, and takes two between two attempts to connect. */
const BACK_MIN_MS = 10 * 60_000;

/** `streetnode ota`: new programs for nodes on their poles. */
export function otaCommand(): Command {
  return new Command("ota")
    .description("bring a new program to the nodes over the air")
    .addCommand(keygen())
    .addCommand(trust())
    .addCommand(distrust())
    .addCommand(sign())
    .addCommand(add())
    .addCommand(list())
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
      writeNew(`${file}.pub`, publicKey, 0o644);
      try {
        writeNew(file, privateKey, SECRET_FILE_MODE);
      } catch (error) {
        // Half a pair is of no use to anybody.
        rmSync(`${file}.pub`);
        throw error;
      }
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

function distrust(): Command {
  return new Command("distrust")
    .description("serve no image any more that only this key has signed: it was lost, or stolen")
    .argument("<key>", "its short name, or the first digits of it (streetnode ota list)")
    .addOption(inventoryOption())
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  streetnode ota distrust e77a17ddcaf84498")
    .action((wanted: string, options: StoreOptions) => {
      const { key, images } = openStore(options).distrust(wanted);
      print(
        options.json,
        { key, images },
        `The key ${key} is trusted no more; ${images} images were forgotten. Nodes keep what they run.`,
      );
    });
}

function sign(): Command {
  return new Command("sign")
    .description("make a signed image of the firmware of this project")
    .requiredOption("--key <file>", "secret half of the signing key (PEM)")
    .option("--image <file>", "sign the program of this image anew, after the key was replaced")
    .option("--out <file>", "where the image goes (default: streetnode-VERSION.image)")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  streetnode ota sign --key city-signing.pem")
    .action((options: { key: string; image?: string; out?: string; json?: true }) => {
      const parts = partsToSign(options.image);
      const { version } = parts;
      const out = options.out ?? `streetnode-${version}.image`;
      const image = usable(options.key, () => signImage(parts, read(options.key).toString()));
      write(out, image);
      print(options.json, { image: out, version, bytes: image.length }, `${out} (${version})`);
    });
}

/** The program of an image, or that of this project. */
function partsToSign(file: string | undefined): ImageParts {
  if (file !== undefined) return usable(file, () => unsignedParts(read(file)));
  return { bytecode: loadFirmware().bytecode, version: projectVersion(), boards: boardIds() };
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
        { hash: image.hash, program: image.shortHash, version, boards },
        `${version} ${image.hash.slice(0, 12)} for ${boards.join(", ")}`,
      );
    });
}

function list(): Command {
  return new Command("list")
    .description("show the keys that are trusted and the images that the gateway has")
    .addOption(inventoryOption())
    .option("--json", "print it as one JSON object")
    .addHelpText(
      "after",
      "\nA node names its program in up/state by the number of the column program.\n\nExample:\n  streetnode ota list",
    )
    .action((options: StoreOptions) => {
      const store = openStore(options);
      const keys = store.signers();
      const images = [...store.images().values()].map(({ hash, shortHash, header }) => ({
        hash,
        program: shortHash,
        version: header.version,
        boards: header.boards,
      }));
      const lines = [
        keys.length === 0
          ? "No key is trusted yet: streetnode ota trust"
          : `Trusted keys: ${keys.map(({ key }) => key).join(", ")}`,
        images.length === 0
          ? "There is no image yet: streetnode ota add"
          : table(
              ["version", "hash", "program", "boards"],
              images.map(({ version, hash, program, boards }) => [
                version,
                hash.slice(0, 12),
                `${program}`,
                boards.join(", "),
              ]),
            ),
      ];
      print(options.json, { keys, images }, lines.join("\n"));
    });
}

function rollout(): Command {
  return new Command("rollout")
    .description("bring an image to nodes, a few first; the gateway carries it out")
    .argument("<image>", "a file of streetnode ota sign, or the first digits of a hash")
    .addOption(
      new Option("--nodes <pattern>", "names and patterns such as 'bk-00*'; may be repeated")
        .argParser(collect)
        .default([], "none"),
    )
    .option("--city <name>", "name of the city", "berkane")
    .option("--canary <n>", "nodes that come first", wholeNumber(1, 1000), 2)
    .option("--batch <n>", "nodes of each further stage", wholeNumber(1, 1000), 25)
    .addOption(duration("--wait", "how long a node that is back is watched", 600_000, "10m"))
    .option("--canary-wait <time>", "the same for a canary (default: 3 x --wait)", parseDuration)
    .addOption(duration("--back", "how long a node may take to be back", 900_000, "15m"))
    .option("--limit <percent>", "share of failed nodes that stops it", wholeNumber(0, 100), 4)
    .option("--older", "let nodes get an older version than they run")
    .addOption(inventoryOption())
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
A node is good when it is back on the broker with the new program, its self-test passed, every
channel it had before has given a reading, and it has not restarted while it was watched.
A leak shows late: canaries are watched longer than the others.

Example:
  streetnode ota rollout streetnode-0.2.0.image --nodes '*' --canary 2 --batch 25 --wait 10m`,
    )
    .action((image: string, options: RolloutOptions) => {
      const cityProblem = nameProblem(options.city);
      if (cityProblem) throw new InputError(`--city ${options.city}: ${cityProblem}`);
      if (options.nodes.length === 0)
        throw new InputError("--nodes: missing, expected names or patterns such as '*'");
      if (options.back < BACK_MIN_MS)
        throw new InputError(
          `--back: expected ${BACK_MIN_MS / 60_000}m or more: a node is away for up to five minutes, and connects anew`,
        );
      const store = openStore(options);
      const id = usable(image, () =>
        planRollout(new Inventory(options.inventory), store, {
          image: /^[0-9a-f]{6,64}$/.test(image) ? image : store.addImage(read(image)).hash,
          city: options.city,
          patterns: options.nodes,
          older: options.older ?? false,
          plan: {
            canary: options.canary,
            batch: options.batch,
            waitMs: options.wait,
            canaryWaitMs: options.canaryWait ?? CANARY_PATIENCE * options.wait,
            limit: options.limit / 100,
            backMs: options.back,
          },
        }),
      );
      const nodes = store.steps(id).length;
      print(
        options.json,
        { rollout: id, nodes, gateway: hasGateway(options) },
        `Rollout ${id} to ${nodes} nodes has begun: streetnode ota status shows how it goes.${noGateway(options)}`,
      );
    });
}

function duration(name: string, description: string, ms: number, shown: string): Option {
  return new Option(`${name} <time>`, description).argParser(parseDuration).default(ms, shown);
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
      const version = store.version(found.image) ?? "an image that is trusted no more";
      print(
        options.json,
        { ...found, version, gateway: hasGateway(options), nodes: steps },
        statusText(found, version, steps) + (isOver(found.state) ? "" : noGateway(options)),
      );
    });
}

function statusText(found: Rollout, version: string, steps: readonly RolloutStep[]): string {
  const counts = new Map<string, number>();
  for (const { state } of steps) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  const reason = found.reason === undefined ? "" : `: ${found.reason}`;
  const stages = Math.max(0, ...steps.map(({ stage }) => stage));
  const lines = [
    `Rollout ${found.id} of ${version} (${found.image.slice(0, 12)}) is ${found.state}${reason}`,
    `${steps.length} nodes, stage ${found.stage} of ${stages} (0: canaries): ${summary}`,
  ];
  const telling = steps.filter(
    ({ state, detail }) => (state !== "waiting" || detail !== undefined) && state !== "good",
  );
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
      store.wish(found.id, name);
      print(
        options.json,
        { rollout: found.id, wish: name, gateway: hasGateway(options) },
        `The gateway is told to ${name}.${noGateway(options)}`,
      );
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

function hasGateway({ inventory }: StoreOptions): boolean {
  return servingGateway(new Inventory(inventory)) !== undefined;
}

/** What to do where nobody carries out what was wished. */
function noGateway(options: StoreOptions): string {
  if (hasGateway(options)) return "";
  return `\nNo gateway serves this inventory now: streetnode city --updates-port ${GATEWAY_PORT} goes on from here.`;
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

function write(file: string, content: Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new InputError(`--out ${(error as Error).message}`);
  }
}

function writeNew(file: string, content: string, mode: number): void {
  try {
    writeFileSync(file, content, { flag: "wx", mode });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new InputError(
      isThere
        ? `${file}: is there already: a key is never overwritten, give another name`
        : `${file}: ${(error as Error).message}`,
    );
  }
}

/** A file that cannot be used is the user's affair. */
function usable<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ImageError)
      throw new InputError(`${file}: ${error.problem}: it ${error.message}`);
    if (error instanceof KeyError) throw new InputError(`${file}: ${error.message}`);
    throw error;
  }
}

function print(json: true | undefined, result: object, text: string): void {
  console.log(json ? JSON.stringify(result) : text);
}
