import { dirname, join, posix, resolve } from "node:path";
import { mkdirSync } from "node:fs";
import { Command } from "commander";
import { EMQX_CONF } from "../../brokerConfig/emqx";
import { exportUsers, userFiles } from "../../brokerConfig/export";
import { MOSQUITTO_CONF, mosquittoConf } from "../../brokerConfig/mosquitto";
import { RABBITMQ_CONF } from "../../brokerConfig/rabbitmq";
import { writeFiles } from "../../brokerConfig/writeFiles";
import { InputError } from "../../inputError";
import { Inventory, type BrokerKind } from "../../inventory/inventory";
import { ROLES } from "../../provision/checkNode";
import { contentOf, replaceFile } from "../../replaceFile";
import { inventoryOption } from "../inventoryOption";
import { wholeNumber } from "../options";

interface BrokerOptions {
  readonly mosquitto?: string;
  readonly emqx?: string;
  readonly rabbitmq?: string;
  readonly installAt?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly nodesPort: number;
  readonly peoplePort: number;
  readonly websocketsPort?: number;
  readonly maxNodes: number;
  readonly overwrite?: true;
  readonly newPassword?: string;
  readonly passwords?: string;
  readonly inventory: string;
  readonly json?: true;
}

/** What was written for one kind of broker. */
interface Written {
  readonly kind: BrokerKind;
  readonly folder: string;
  readonly changed: readonly string[];
  /** A configuration that is there and differs, and was left alone. */
  readonly kept?: string;
}

const port = wholeNumber(1, 65535);

/** `streetnode broker`: writes what the city's broker needs, from the inventory. */
export function brokerCommand(): Command {
  return new Command("broker")
    .description("write the configuration, users and rights of the city's broker")
    .option("--mosquitto <dir>", "write for Mosquitto 2: everything it needs but the certificate")
    .option("--emqx <dir>", "write for an EMQX 5 cluster")
    .option("--rabbitmq <dir>", "write for a RabbitMQ cluster with its MQTT plugin")
    .option("--install-at <dir>", "where the Mosquitto folder will be on the broker's machine")
    .option(
      "--certificate <file>",
      "its certificate with the chain (default: certs/server.crt there)",
    )
    .option("--key <file>", "the certificate's key (default: certs/server.key there)")
    .option("--nodes-port <port>", "TLS port for nodes", port, 8883)
    .option("--people-port <port>", "TLS port for the centre and the crews", port, 8884)
    .option("--websockets-port <port>", "TLS port for WebSockets, if Mosquitto has them", port)
    .option("--max-nodes <n>", "nodes connected at once", wholeNumber(1, 1_000_000), 10_000)
    .option("--overwrite", "replace a configuration that is there and differs")
    .option("--new-password <role>", "give centre or crew a new password")
    .option("--passwords <dir>", "where the roles' passwords go (default: beside the inventory)")
    .addOption(inventoryOption())
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
The passwords of the users centre and crew are written to files that only you can read.
Users and rights are written again by every streetnode provision.

Example:
  streetnode broker --mosquitto broker/ --install-at /etc/mosquitto/streetnode`,
    )
    .action((options: BrokerOptions) => writeBroker(options));
}

function writeBroker(options: BrokerOptions): void {
  const targets = (["mosquitto", "emqx", "rabbitmq"] as const).flatMap((kind) => {
    const folder = options[kind];
    return folder === undefined ? [] : [{ kind, folder: resolve(folder) }];
  });
  const { newPassword } = options;
  if (targets.length === 0 && newPassword === undefined)
    throw new InputError("say for which broker: --mosquitto DIR, --emqx DIR or --rabbitmq DIR");
  if (newPassword !== undefined && !ROLES.some((role) => role === newPassword))
    throw new InputError(`--new-password ${newPassword}: expected ${ROLES.join(" or ")}`);
  const configuration = mosquittoConfiguration(options);

  const inventory = new Inventory(options.inventory);
  inventory.create();
  for (const role of ROLES) inventory.addPerson(role, role);
  if (newPassword !== undefined) inventory.renewPerson(newPassword);
  const passwordFiles = deliverPasswords(
    inventory,
    resolve(options.passwords ?? join(dirname(inventory.file), "passwords")),
  );
  const users = inventory.brokerUsers();
  const written = targets.map(({ kind, folder }): Written => {
    const [name, text] =
      kind === "mosquitto" ? [MOSQUITTO_CONF, configuration] : CONFIGURATIONS[kind];
    const before = contentOf(join(folder, name));
    const keep = before !== undefined && before !== text && !options.overwrite;
    const files = new Map([...(keep ? [] : [[name, text] as const]), ...userFiles(kind, users)]);
    const changed = writeFiles(folder, files);
    if (kind === "mosquitto") makeDataFolder(folder);
    inventory.rememberExport(folder, kind);
    return { kind, folder, changed, ...(keep ? { kept: name } : {}) };
  });
  const others = exportUsers(inventory).filter(({ changed }) => changed.length > 0);

  if (options.json) console.log(JSON.stringify({ written, others, passwordFiles }));
  else {
    for (const { folder, changed, kept } of written) {
      console.log(
        `${folder}: ${changed.length === 0 ? "nothing new" : `new ${changed.join(", ")}`}.`,
      );
      if (kept !== undefined)
        console.log(
          `  ${kept} differs from what I would write and was kept; --overwrite replaces it.`,
        );
    }
    for (const { folder, changed } of others) console.log(`${folder}: new ${changed.join(", ")}.`);
    for (const file of passwordFiles) console.log(`${file}: a new password, for you only.`);
  }
}

const CONFIGURATIONS = {
  emqx: ["emqx.conf", EMQX_CONF],
  rabbitmq: ["rabbitmq.conf", RABBITMQ_CONF],
} as const;

function mosquittoConfiguration(options: BrokerOptions): string {
  const folder = options.installAt ?? resolve(options.mosquitto ?? ".");
  if (!posix.isAbsolute(folder.replaceAll("\\", "/")) && !/^[A-Za-z]:/.test(folder))
    throw new InputError(`--install-at ${folder}: expected an absolute path`);
  return mosquittoConf({
    folder,
    certificateFile: options.certificate ?? join(folder, "certs", "server.crt"),
    keyFile: options.key ?? join(folder, "certs", "server.key"),
    nodesPort: options.nodesPort,
    peoplePort: options.peoplePort,
    webSocketsPort: options.websocketsPort,
    maxNodes: options.maxNodes,
  });
}

/** Mosquitto does not make its folder for sessions and retained messages. */
function makeDataFolder(folder: string): void {
  mkdirSync(join(folder, "data"), { recursive: true, mode: 0o700 });
}

/** Writes each password that is new into a file of its own. @returns the files */
function deliverPasswords(inventory: Inventory, folder: string): string[] {
  const files: string[] = [];
  inventory.deliverPasswords((name, password) => {
    const file = join(folder, `${name}.password`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      replaceFile(file, `${password}\n`);
    } catch (error) {
      throw new InputError(`${file} cannot be written: ${(error as NodeJS.ErrnoException).code}`);
    }
    files.push(file);
  });
  return files;
}
