import type { EventMessage, HealthMessage } from "../../devs/contract/messages";
import { gatewayUrl, nodeSettings, type NodeProvisioning } from "../nodeSettings";
import { MqttTap, type MqttTraffic } from "./network/mqttTap";
import type { Connector } from "./network/network";
import { seedFor, seededRandom } from "./random";
import type { Scheduler } from "./scheduler";
import { I2cService, type I2cBus } from "./vm/i2cService";
import type { HeapPeaks, HeapUse } from "./vm/heap";
import { VmHost } from "./vm/vmHost";
import { WifiService } from "./vm/wifiService";

/** What a simulated node is made of. */
export interface VirtualNodeOptions extends NodeProvisioning {
  readonly scheduler: Scheduler;
  readonly seed: number;
  readonly bytecode: Uint8Array;
  /** The I2C bus with its chips. */
  readonly bus: I2cBus;
  readonly network: Connector;
  /** Strength of its Wi-Fi signal; that of an access point across the street by default. */
  readonly signalDbm?: number;
  /** Contents of the flash at the first start; without it the node is provisioned then. */
  readonly flash?: Uint8Array;
  /** Gets every reading that passed the node's filters; the node then prints them (`trace`). */
  readonly onReport?: (report: Report) => void;
  readonly onPanic?: (code: number) => void;
  /** Told when the program switches the status light. */
  readonly onLight?: (lit: boolean) => void;
  /** Called before the power goes. */
  readonly onPowerOff?: () => void;
  readonly onLog?: (line: string) => void;
  readonly onFailure?: (reason: string) => void;
}

/** A reading that the node found worth sending, as it printed it, before anything else knew of it. */
export interface Report {
  readonly metric: string;
  /** To seven digits, as DeviceScript prints numbers. */
  readonly value: number;
  /** When it was measured, in virtual milliseconds. */
  readonly timeMs: number;
  /** Which start of the program it belongs to, from 1. */
  readonly boot: number;
}

/** Class of the Jacdac settings service, and its command `set`. */
const SETTINGS_SERVICE_CLASS = 0x1107dc4a;
const CMD_SETTINGS_SET = 0x81;
/** Class of the Jacdac service that keeps the gateway's address, and its command for that. */
const CLOUD_SERVICE_CLASS = 0x1462eefc;
const CMD_SET_CONNECTION_STRING = 0x86;

/** An access point across the street. */
const SIGNAL_DBM = -62;
/** What the runtime says where there is no network. */
const NO_NETWORK_DBM = -128;

/** How often the host looks whether the runtime has announced its services. */
const ANNOUNCED_POLL_MS = 20;

/** A node: one VM with its own flash, clock, random source, network and I2C bus. */
export class VirtualNode {
  readonly city: string;
  readonly node: string;
  /** Times that the program started. */
  boots = 0;
  panics = 0;
  /** Whether it sees a Wi-Fi network. */
  wifi = true;
  /** Times that the flash was written, since it was new. */
  flashWrites = 0;
  /** The node's own counters, as it last printed them. */
  health: HealthMessage | undefined;
  /** How often the node told each event: its name, and the chip, channel or fault. */
  readonly events = new Map<string, number>();
  readonly #options: VirtualNodeOptions;
  readonly #tap: MqttTap;
  readonly #i2c: I2cService;
  readonly #random: () => number;
  #host: VmHost | undefined;
  #flash: Uint8Array;
  #peaksBefore: HeapPeaks = { liveBytes: 0, highWaterBytes: 0 };
  #poweredMs = 0;
  #cut: { readonly write: number; readonly stored: boolean } | undefined;

  constructor(options: VirtualNodeOptions) {
    this.#options = options;
    this.#flash = options.flash ?? new Uint8Array(0);
    this.city = options.city;
    this.node = options.node;
    this.#random = seededRandom(seedFor(options.seed, options.node));
    this.#tap = new MqttTap(options.network, options.broker, options.onFailure);
    this.#i2c = new I2cService(options.bus, () => options.scheduler.nowMs);
  }

  /** What the node exchanged with its broker. */
  get traffic(): MqttTraffic {
    return this.#tap.traffic;
  }

  /** Virtual time of the last power on, which the node's clock counts from. */
  get poweredMs(): number {
    return this.#poweredMs;
  }

  /** Transactions on the I2C bus. */
  get transactions(): number {
    return this.#i2c.transactions;
  }

  /** The flash as it was stored last. What is changed in it while there is no power, the next start finds. */
  get flash(): Uint8Array {
    return this.#flash;
  }

  /** Largest uses of the GC heap so far. */
  get heapPeaks(): HeapPeaks {
    const before = this.#peaksBefore;
    const now = this.#host?.heapPeaks ?? before;
    return {
      liveBytes: Math.max(before.liveBytes, now.liveBytes),
      highWaterBytes: Math.max(before.highWaterBytes, now.highWaterBytes),
    };
  }

  /** Use of the GC heap now. */
  heapUse(): HeapUse | undefined {
    return this.#host?.heapUse();
  }

  /** The least that the GC heap held after a collection since this was last asked; 0 without one. */
  takeLeastLiveBytes(): number {
    return this.#host?.takeLeastLiveBytes() ?? 0;
  }

  /** Gives the node power. The first time it is provisioned and its program is written. */
  async powerOn(): Promise<void> {
    if (this.#host) return;
    const { scheduler, node, seed, signalDbm = SIGNAL_DBM } = this.#options;
    const isNew = this.#flash.length === 0;
    const host = await VmHost.create({
      scheduler,
      network: this.#tap,
      random: this.#random,
      deviceId: [seedFor(seed, `${node}/high`), seedFor(seed, `${node}/low`)],
      flash: this.#flash,
      devices: [this.#i2c, new WifiService(() => (this.wifi ? signalDbm : NO_NETWORK_DBM))],
      onLog: (line) => this.#log(line),
      onPanic: (code) => {
        this.panics++;
        this.#options.onPanic?.(code);
      },
      onLight: (lit) => this.#options.onLight?.(lit),
      onFlashSave: (image) => this.#flashSaved(image),
    });
    this.#host = host;
    this.#poweredMs = scheduler.nowMs;
    host.start();
    if (isNew) this.#provision(host);
  }

  /** Takes the power away in this very moment; the flash stays as it is. */
  powerOff(): void {
    if (this.#host) this.#options.onPowerOff?.();
    this.#peaksBefore = this.heapPeaks;
    this.#host?.stop();
    this.#host = undefined;
  }

  /** Whether the node has power. */
  get powered(): boolean {
    return this.#host !== undefined;
  }

  /**
   * Takes the power away in the flash write with that number, counted from when the flash
   * was new: right after it, or, where it is not `stored`, before anything of it is kept.
   */
  cutPowerAt(write: number, stored: boolean): void {
    this.#cut = { write, stored };
  }

  #flashSaved(image: Uint8Array): void {
    const cut = this.#cut?.write === ++this.flashWrites ? this.#cut : undefined;
    if (!cut || cut.stored) this.#flash = image.slice();
    if (cut) this.powerOff();
  }

  #provision(host: VmHost): void {
    const { scheduler, bytecode, gateway, node } = this.#options;
    const settings = host.ownService(SETTINGS_SERVICE_CLASS);
    const cloud = host.ownService(CLOUD_SERVICE_CLASS);
    if (settings === undefined || cloud === undefined) {
      scheduler.after(ANNOUNCED_POLL_MS, () => {
        if (this.#host === host) this.#provision(host);
      });
      return;
    }
    for (const [key, value] of nodeSettings({
      ...this.#options,
      trace: this.#options.onReport !== undefined,
    }))
      host.sendCommand(settings, CMD_SETTINGS_SET, Buffer.concat([Buffer.from(`${key}\0`), value]));
    scheduler.after(ANNOUNCED_POLL_MS, () => {
      if (this.#host !== host) return;
      host.deploy(bytecode);
      // Only now: a gateway that answers at once would write its program in the middle of this one.
      if (gateway)
        host.sendCommand(cloud, CMD_SET_CONNECTION_STRING, Buffer.from(gatewayUrl(gateway, node)));
    });
  }

  #event(members: string): void {
    const event = JSON.parse(`{${members}}`) as EventMessage;
    const kind = `${event.event} ${event.chip ?? event.channel ?? event.reason ?? ""}`;
    this.events.set(kind, (this.events.get(kind) ?? 0) + 1);
  }

  #reported(line: string): void {
    const [, , metric = "", value, timeS] = line.split(" ");
    this.#options.onReport?.({
      metric,
      value: printedNumber(value ?? ""),
      timeMs: this.#poweredMs + Number(timeS) * 1000,
      boot: this.boots,
    });
  }

  #log(line: string): void {
    const text = line.trimStart();
    if (text.startsWith("* start:")) {
      this.boots++;
      this.#host?.programStarts();
    }
    if (text.startsWith("> reading ")) this.#reported(text);
    if (text.startsWith('> "event":')) this.#event(text.slice(2));
    if (text.startsWith("> health ")) {
      try {
        this.health = parseCut(text.slice("> health ".length)) as HealthMessage;
      } catch {
        // A line cut short by a power cut: the one before it stands.
      }
    }
    this.#options.onLog?.(line);
  }
}

/**
 * A number as the runtime prints it. One that rounds up to the next power of ten gets a first
 * digit of ten, `:` in ASCII: 9.99999999 is printed as `:` (`jd_print_double` in jacdac-c).
 */
export function printedNumber(text: string): number {
  return Number(text.replace(":", "10"));
}

/**
 * The JSON object of a line of the log, which the runtime cuts at the length of its buffer:
 * its members as far as they are whole.
 *
 * @throws SyntaxError when not even one is.
 */
function parseCut(text: string): unknown {
  for (let end = text.length; ;) {
    try {
      return JSON.parse(end === text.length ? text : `${text.slice(0, end)}}`);
    } catch (error) {
      const before = text.lastIndexOf(',"', end - 1);
      if (before < 0) throw error;
      end = before;
    }
  }
}
