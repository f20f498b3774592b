import { spawn } from "node:child_process";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAM = process.env["MOSQUITTO"] ?? "/usr/sbin/mosquitto";
const START_TIMEOUT_MS = 10_000;

/**
 * Whether Mosquitto is there. Without it the tests that need it say so and are not run;
 * where everything is meant to be tested (`CI` is set) its absence is an error.
 */
export const HAS_MOSQUITTO = existsSync(PROGRAM);
if (!HAS_MOSQUITTO) {
  const problem = `Mosquitto is not at ${PROGRAM} (MOSQUITTO names another place)`;
  if (process.env["CI"]) throw new Error(problem);
  console.warn(`${problem}: the tests against it are not run`);
}

/** A Mosquitto that runs for a test. */
export interface Mosquitto {
  readonly port: number;
  /** Where its configuration and the test's files are. */
  readonly folder: string;
  /** Kills it as a crash would, without a word to its clients. */
  kill(): Promise<void>;
  /** Ends it as its service manager does, with everything saved. */
  terminate(): Promise<void>;
  /** Starts it again on the same port, with what it kept on disk. */
  start(): Promise<void>;
  /** Ends it and takes its folder away. */
  stop(): Promise<void>;
}

export interface MosquittoOptions {
  /** Lines of mosquitto.conf below the listener's. Default: everybody may do everything. */
  readonly config?: string;
  /** Files beside the configuration, such as a password file; `{folder}` in `config` is where. */
  readonly files?: Readonly<Record<string, string>>;
  /** Instead of all that: a folder with a complete mosquitto.conf, and a port that it opens. */
  readonly complete?: { readonly folder: string; readonly port: number };
}

/** Starts Mosquitto on a free port of this machine. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "streetnode-mosquitto-"));
  const port = options.complete?.port ?? (await freePort());
  for (const [name, content] of Object.entries(options.files ?? {}))
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  const config = (options.config ?? "allow_anonymous true").replaceAll("{folder}", folder);
  // Started as root it would give up its rights, and with them the folder's files.
  const user = process.getuid?.() === 0 ? "user root\n" : "";
  const body = options.complete
    ? `include_dir ${options.complete.folder}`
    : `listener ${port} 127.0.0.1\n${config}`;
  writeFileSync(join(folder, "mosquitto.conf"), `${user}${body}\n`);

  let child: ReturnType<typeof spawn> | undefined;
  async function end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null) return;
    const exited = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    await exited;
  }
  async function start(): Promise<void> {
    const started = spawn(PROGRAM, ["-c", join(folder, "mosquitto.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    child = started;
    let log = "";
    started.stderr.on("data", (data: Buffer) => (log += data.toString()));
    const deadlineMs = Date.now() + START_TIMEOUT_MS;
    while (!(await accepts(port))) {
      if (started.exitCode !== null || Date.now() > deadlineMs)
        throw new Error(`Mosquitto did not start: ${log}`);
      await sleep(20);
    }
  }
  await start();
  return {
    port,
    folder,
    kill: () => end("SIGKILL"),
    terminate: () => end("SIGTERM"),
    start,
    stop: async () => {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A line of a password file, as `mosquitto_passwd` writes it: PBKDF2 with SHA-512. */
export function passwordLine(user: string, password: string): string {
  const iterations = 101;
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, iterations, 64, "sha512");
  return `${user}:$7$${iterations}$${salt.toString("base64")}$${hash.toString("base64")}\n`;
}

/** A TCP port of this machine that nobody listened at a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
