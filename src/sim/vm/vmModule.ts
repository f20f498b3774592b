import { createRequire } from "node:module";
import { join } from "node:path";
import { compileFunction } from "node:vm";
import { bundledModule, modulesParentFolder } from "../../toolchain/devicescriptBundle";

/** The part of DeviceScript's WASM VM (an Emscripten module) that the simulator uses. */
export interface VmModule {
  readonly HEAPU8: Uint8Array;
  sendPacket: (frame: Uint8Array) => void;
  handlePacket(frame: Uint8Array): void;
  dmesg: (line: string) => void;
  log: (...words: unknown[]) => void;
  error: (...words: unknown[]) => void;
  panicHandler: (code: number) => void;
  flashSize: number;
  flashLoad: () => Uint8Array;
  flashSave: (image: Uint8Array) => void;
  devsStart(): void;
  devsStop(): void;
  devsDeploy(bytecode: Uint8Array): number;
  devsSetDeviceId(low: number, high: number): void;
  _jd_em_process(): number;
}

/** The world that one VM is given: its clock, its timers, its sockets, its random source. */
export interface VmWorld {
  /** Milliseconds of the VM's clock. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
  /** Uniform in 0..1, for `Math.random` and the VM's cryptographic source alike. */
  random(): number;
  /** Opens a socket as `net.createConnection` does. */
  createConnection(options: { host: string; port: number }): VmSocket;
  /** Opens a socket as `tls.connect` does. */
  connectTls(options: { host: string; port: number }): VmSocket;
}

/** What the VM asks of a socket: the part of `net.Socket` that it calls. */
export interface VmSocket {
  once(event: "connect", listener: () => void): unknown;
  on(event: "data", listener: (data: Uint8Array) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close", listener: (hadError: boolean) => void): unknown;
  write(data: Uint8Array): unknown;
  end(): unknown;
  /** Leaves the connection without a word, as a node does that loses its power. */
  abandon?(): unknown;
}

type Factory = (options?: object) => Promise<VmModule>;
type Loader = (
  exports: object,
  module: { exports: unknown },
  require: (name: string) => unknown,
  ...globals: unknown[]
) => void;

let loader: Loader | undefined;
let wasmModule: WebAssembly.Module | undefined;

/** The names that the VM's script would take from its global scope. */
const GLOBAL_NAMES = [
  "Date",
  "performance",
  "Math",
  "setTimeout",
  "setInterval",
  "clearTimeout",
  "clearInterval",
  "console",
  "process",
  "__filename",
  "__dirname",
];

/** Compiles the VM's script and its WebAssembly once; every node instantiates both. */
function load(): { loader: Loader; wasmModule: WebAssembly.Module } {
  if (!loader || !wasmModule) {
    const script = bundledModule("runtime/devicescript-vm/built/devicescript-vm.js");
    const wasm = /"data:application\/octet-stream;base64,([^"]+)"/.exec(script)?.[1];
    if (!wasm) throw new Error("The DeviceScript VM holds no WebAssembly: run npm ci");
    wasmModule = new WebAssembly.Module(Buffer.from(wasm, "base64"));
    loader = compileFunction(script, ["exports", "module2", "require", ...GLOBAL_NAMES], {
      filename: "devicescript-vm.js",
    }) as Loader;
  }
  return { loader, wasmModule };
}

const quietConsole = { log() {}, debug() {}, error() {}, warn() {}, info() {} };

/**
 * Instantiates DeviceScript's VM in a world of its own: its script sees the given
 * clock, timers, sockets and random source in place of the process's.
 */
export async function instantiateVm(world: VmWorld): Promise<VmModule> {
  const module: { exports: unknown } = { exports: {} };
  const nodeRequire = createRequire(import.meta.url);
  const virtualMath: Math = Object.create(Math, { random: { value: () => world.random() } });
  const modules: Record<string, unknown> = {
    net: { createConnection: world.createConnection.bind(world) },
    tls: { connect: world.connectTls.bind(world) },
    crypto: {
      randomBytes: (size: number) =>
        Uint8Array.from({ length: size }, () => Math.floor(world.random() * 256)),
    },
    fs: nodeRequire("node:fs"),
    path: nodeRequire("node:path"),
  };
  const { loader, wasmModule } = load();
  loader(
    module.exports as object,
    module,
    (name: string) => {
      const found = modules[name];
      if (!found) throw new Error(`The VM asked for the module '${name}', which it is not given`);
      return found;
    },
    { now: () => world.now() },
    { now: () => world.now() },
    virtualMath,
    (callback: () => void, delayMs: number) => world.setTimeout(callback, delayMs),
    // Used only to warn when the script's own start takes long.
    () => null,
    (handle: unknown) => world.clearTimeout(handle),
    (handle: unknown) => world.clearTimeout(handle),
    quietConsole,
    { release: process.release, versions: process.versions, argv: [], on() {} },
    join(modulesParentFolder(), "devicescript-vm.js"),
    modulesParentFolder(),
  );
  return (module.exports as Factory)({
    instantiateWasm(
      imports: WebAssembly.Imports,
      receive: (instance: WebAssembly.Instance) => void,
    ) {
      const instance = new WebAssembly.Instance(wasmModule, imports);
      // The script can take the instance only after its own first run is over.
      queueMicrotask(() => receive(instance));
      return {};
    },
  });
}
