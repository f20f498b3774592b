import type { Connector, SocketAddress } from "../network/network";
import type { ScheduledTask, Scheduler } from "../scheduler";
import {
  ANNOUNCE_PERIOD_MS,
  decodeFrame,
  encodeFrame,
  frameNames,
  isAnnouncement,
  type JacdacPacket,
} from "./jacdac";
import { VmMemory, type HeapPeaks, type HeapUse } from "./heap";
import { Reception } from "./reception";
import { instantiateVm, type VmModule, type VmSocket } from "./vmModule";

/** Flash of an ESP32 node: 256 KB for program, settings and the rest. */
export const FLASH_BYTES = 256 * 1024;

/**
 * Longest pause between two turns of an idle VM. Sleeping fibers, frames and
 * sockets wake it earlier; this only bounds how late its Jacdac housekeeping runs. The
 * runtime forgets a device, its own one with settings too, after 2 s without an announcement.
 */
const IDLE_TURN_MS = 1800;

/** The VM's own tick: it asks for this pause when nothing of its own is due sooner. */
const VM_TICK_MS = 10;

const WORD_BYTES = 4;

/** The Jacdac control service of every device, and its command that sets the status light: red, green, blue, speed. */
const CONTROL_SERVICE_INDEX = 0;
const CMD_SET_STATUS_LIGHT = 0x84;

/** A program is started, connected and warm after so long. */
const SETTLED_MS = 600_000;

/** UTC at the start of a run's virtual time for a VM: it only sees differences. */
const CLOCK_BASE_MS = 1_700_000_000_000;

/** The VM takes the low half as a signed number: its top bit would spread over the high half. */
const LOW_HALF_MASK = 0x7fffffff;

/**
 * The runtime's note that it paced its packets (20 ms each after a burst of five). Only here
 * do the transactions of a node with its chips travel as packets: a board never says it.
 */
const PACED_NOTE = /^\s*\d+ packets throttled\s*$/;

/** A device on the simulated Jacdac bus of one VM. */
export interface BusDevice {
  /** 16 lower-case hexadecimal digits. */
  readonly device: string;
  /** The frame by which it announces itself. */
  announcement(): Uint8Array;
  /** Handles a command for this device; `reply` may be called at any later time. */
  handle(command: JacdacPacket, reply: (frame: Uint8Array, delayMs: number) => void): void;
}

/** What a VM is started with. */
export interface VmHostOptions {
  readonly scheduler: Scheduler;
  readonly network: Connector;
  readonly random: () => number;
  /** High and low half of the Jacdac device identifier; the low half has 31 bits. */
  readonly deviceId: readonly [number, number];
  /** Contents of the flash; empty for a new chip. */
  readonly flash?: Uint8Array;
  readonly devices?: readonly BusDevice[];
  /** Gets every line of the VM's log. */
  readonly onLog?: (line: string) => void;
  /** Gets the code of a panic; the runtime restarts the program by itself. */
  readonly onPanic?: (code: number) => void;
  /** Told when the program switches the status light. */
  readonly onLight?: (lit: boolean) => void;
  /** Gets the flash after each write of the VM; calling `stop` here is a power cut right after it. */
  readonly onFlashSave?: (image: Uint8Array) => void;
}

/** A listener of a socket, whatever its event hands over. */
type Listener = (argument: never) => void;

/** One DeviceScript VM on the simulation's scheduler. */
export class VmHost {
  readonly deviceId: string;
  readonly #options: VmHostOptions;
  readonly #vm: VmModule;
  readonly #memory: VmMemory;
  readonly #inbox: Uint8Array[] = [];
  #turn: ScheduledTask | undefined;
  #process: (() => void) | undefined;
  #announcing: ScheduledTask | undefined;
  /** The runtime has one socket at a time. */
  #socket: VmSocket | undefined;
  #flash: Uint8Array;
  #running = false;
  #poweredMs = 0;
  #inVm = false;
  /** The program asked a service of its own device, or was answered: it goes on in the next turn. */
  #talksToItself = false;
  readonly #heapPeaks = { liveBytes: 0, highWaterBytes: 0 };
  #allocatedWords = 0;
  /** Use of the heap right after the last collection. */
  #liveBytes = 0;
  #leastLiveBytes = Infinity;
  /** When the program said that it started. */
  #startedMs = 0;
  /** Service classes of the VM's own device, from its announcement; index 0 is service 1. */
  #ownServices: number[] = [];

  private constructor(options: VmHostOptions, vm: VmModule) {
    this.#options = options;
    this.#vm = vm;
    this.#memory = new VmMemory(() => vm.HEAPU8);
    this.#flash = options.flash ?? new Uint8Array(0);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(0, options.deviceId[1] & LOW_HALF_MASK, true);
    new DataView(bytes.buffer).setUint32(4, options.deviceId[0], true);
    this.deviceId = Buffer.from(bytes).toString("hex");
    vm.flashSize = FLASH_BYTES;
    vm.flashLoad = () => this.#flash;
    vm.flashSave = (image) => {
      if (!this.#running) return;
      this.#flash = image.slice();
      options.onFlashSave?.(this.#flash);
    };
    const log = (line: string) => {
      if (this.#running && !PACED_NOTE.test(line)) options.onLog?.(line);
    };
    vm.dmesg = log;
    vm.log = (...words) => log(words.join(" "));
    vm.error = (...words) => log(`error: ${words.join(" ")}`);
    vm.panicHandler = (code) => {
      if (code !== 0) options.onPanic?.(code);
    };
    vm.sendPacket = (frame) => this.#receive(frame);
  }

  /** Makes a VM; it stands still until `start`. */
  static async create(options: VmHostOptions): Promise<VmHost> {
    const made: { host?: VmHost } = {};
    const host = (): VmHost => {
      if (!made.host) throw new Error("The VM acted before it was started");
      return made.host;
    };
    const { network } = options;
    const vm = await instantiateVm({
      now: () => CLOCK_BASE_MS + (made.host ? made.host.#clockMs() : 0),
      setTimeout: (callback, delayMs) => host().#planTurn(callback, delayMs),
      clearTimeout: () => host().#cancelTurn(),
      random: options.random,
      createConnection: (address) => host().#openSocket(network, { ...address, tls: false }),
      connectTls: (address) => host().#openSocket(network, { ...address, tls: true }),
    });
    made.host = new VmHost(options, vm);
    return made.host;
  }

  /** Powers the VM: it loads its flash and starts the program in it. */
  start(): void {
    this.#running = true;
    this.#poweredMs = this.#options.scheduler.nowMs;
    const [high, low] = this.#options.deviceId;
    this.#vm.devsSetDeviceId(high, low & LOW_HALF_MASK);
    this.#vm.devsStart();
    this.#announce();
  }

  /**
   * Takes the power away, also from within a callback of the VM, whose turn then has no
   * effect any more: nothing of it is printed, sent or written to flash. Its connection is left without
   * a word where the network can do that; else it ends without a word of MQTT, as when a
   * gateway answers for a node that is gone.
   */
  stop(): void {
    this.#running = false;
    if (this.#socket?.abandon) this.#socket.abandon();
    else this.#socket?.end();
    this.#socket = undefined;
    this.#announcing?.cancel();
    if (!this.#inVm) this.#halt();
  }

  #halt(): void {
    this.#vm.devsStop();
    this.#cancelTurn();
  }

  /** Writes a program into the VM's flash and starts it. */
  deploy(bytecode: Uint8Array): void {
    const status = this.#vm.devsDeploy(bytecode);
    if (status !== 0) throw new Error(`The VM refused the program (status ${status})`);
    this.wake();
  }

  /** The flash as it is now. */
  get flash(): Uint8Array {
    return this.#flash;
  }

  /** Largest uses of the GC heap seen. */
  get heapPeaks(): HeapPeaks {
    return this.#heapPeaks;
  }

  /** Use of the GC heap now, or undefined when no program runs. */
  heapUse(): HeapUse | undefined {
    return this.#memory.heapUse();
  }

  /** The program starts now. */
  programStarts(): void {
    this.#startedMs = this.#clockMs();
  }

  /**
   * The least that the heap held right after a collection since this was last asked, of a
   * program that has run for ten minutes; 0 without one. What is on its way at a collection
   * (calls, packs) only adds to it, so it is what a program that grows must grow by.
   */
  takeLeastLiveBytes(): number {
    const least = this.#leastLiveBytes;
    this.#leastLiveBytes = Infinity;
    return Number.isFinite(least) ? least : 0;
  }

  /** Index of the VM's own service of that class, or undefined until it was announced. */
  ownService(serviceClass: number): number | undefined {
    const at = this.#ownServices.indexOf(serviceClass);
    return at < 0 ? undefined : at + 1;
  }

  /** Sends a command to a service of the VM's own device. */
  sendCommand(serviceIndex: number, command: number, payload: Uint8Array): void {
    this.#deliver(
      encodeFrame({ device: this.deviceId, isCommand: true, serviceIndex, command, payload }),
    );
  }

  /** Lets the VM take its next turn now instead of after its pause. */
  wake(): void {
    const process = this.#process;
    if (!process || this.#inVm) return;
    this.#cancelTurn();
    this.#process = process;
    this.#turn = this.#options.scheduler.after(0, () => this.#takeTurn());
  }

  /** The VM asks to be called again after `delayMs`. */
  #planTurn(process: () => void, delayMs: number): this {
    this.#process = process;
    this.#sampleHeap();
    let pauseMs = delayMs;
    if (delayMs >= VM_TICK_MS && !this.#talksToItself) {
      const wakeMs = this.#memory.nextWakeMs() ?? Infinity;
      if (this.#memory.hasProgram)
        pauseMs = Math.max(1, Math.min(IDLE_TURN_MS, wakeMs - this.#clockMs()));
    }
    this.#talksToItself = false;
    this.#turn = this.#options.scheduler.after(pauseMs, () => this.#takeTurn());
    return this;
  }

  #cancelTurn(): void {
    this.#turn?.cancel();
    this.#turn = undefined;
    this.#process = undefined;
  }

  /** A socket whose every event the VM acts on in its next turn. */
  #openSocket(network: Connector, address: SocketAddress): VmSocket {
    const socket = network.connect(address);
    // A turn during which the power went has no effect.
    if (!this.#running) socket.abandon?.();
    this.#socket = socket;
    const listenTo = socket.on.bind(socket) as (event: string, listener: Listener) => void;
    const reception = new Reception(this.#options.scheduler);
    const thenWake = (listener: Listener) => (argument: never) => {
      // The power may have gone while it waited.
      if (this.#socket !== socket) return;
      listener(argument);
      this.wake();
    };
    const inOrder = (event: string, listener: Listener): Listener => {
      const hand = thenWake(listener) as (argument: unknown) => void;
      return event === "data"
        ? (bytes: Uint8Array) => reception.data(bytes, hand)
        : (argument: unknown) => reception.event(() => hand(argument));
    };
    return {
      once: (event, listener) => socket.once(event, thenWake(listener) as () => void),
      on: (event: string, listener: Listener) => listenTo(event, inOrder(event, listener)),
      write: (data) => socket.write(data),
      end: () => socket.end(),
    };
  }

  #takeTurn(): void {
    const process = this.#process;
    if (!this.#running || !process) return;
    this.#turn = undefined;
    this.#inVm = true;
    try {
      const frame = this.#inbox.shift();
      // Handing over a frame runs a turn of its own.
      if (frame) this.#vm.handlePacket(frame);
      else process();
    } finally {
      this.#inVm = false;
    }
    if (!this.#running) this.#halt();
    else if (this.#inbox.length) this.wake();
  }

  /** Milliseconds since power on: the VM's own clock. */
  #clockMs(): number {
    return Math.floor(this.#options.scheduler.nowMs - this.#poweredMs);
  }

  /**
   * Follows the heap from turn to turn. Between two collections its use is what the first
   * of them left and what was allocated since, so it is walked only after a collection.
   */
  #sampleHeap(): void {
    const allocatedWords = this.#memory.allocatedWords();
    if (allocatedWords === undefined) return;
    if (allocatedWords < this.#allocatedWords || this.#liveBytes === 0) {
      this.#liveBytes = this.#memory.heapUse()?.liveBytes ?? 0;
      if (this.#liveBytes > 0 && this.#clockMs() - this.#startedMs >= SETTLED_MS)
        this.#leastLiveBytes = Math.min(this.#leastLiveBytes, this.#liveBytes);
    }
    this.#allocatedWords = allocatedWords;
    this.#heapPeaks.liveBytes = Math.max(this.#heapPeaks.liveBytes, this.#liveBytes);
    this.#heapPeaks.highWaterBytes = Math.max(
      this.#heapPeaks.highWaterBytes,
      this.#liveBytes + allocatedWords * WORD_BYTES,
    );
  }

  #announce(): void {
    for (const device of this.#options.devices ?? []) this.#deliver(device.announcement());
    this.#announcing = this.#options.scheduler.after(ANNOUNCE_PERIOD_MS, () => this.#announce());
  }

  /** Queues a frame for the VM: one handed over while the VM runs would be lost. */
  #deliver(frame: Uint8Array): void {
    this.#inbox.push(frame);
    this.wake();
  }

  /** A frame of the VM: a copy, which may be kept. */
  #receive(frame: Uint8Array): void {
    const ofItself = frameNames(frame, this.deviceId);
    // Of all that the VM says to nobody, only the list of its services is of use, and once.
    if (ofItself && this.#ownServices.length > 0 && isAnnouncement(frame)) return;
    for (const packet of decodeFrame(frame)) {
      if (ofItself && packet.serviceIndex > 0) this.#talksToItself = true;
      if (ofItself && packet.isCommand && packet.serviceIndex === CONTROL_SERVICE_INDEX) {
        if (packet.command === CMD_SET_STATUS_LIGHT)
          this.#options.onLight?.(packet.payload.slice(0, 3).some((level) => level > 0));
      } else if (packet.isCommand) {
        const device = this.#options.devices?.find((d) => d.device === packet.device);
        device?.handle(packet, (reply, delayMs) => {
          this.#options.scheduler.after(delayMs, () => {
            if (this.#running) this.#deliver(reply);
          });
        });
      } else if (ofItself && isAnnouncement(frame)) {
        const view = new DataView(packet.payload.slice().buffer);
        this.#ownServices = [];
        for (let at = 4; at + 4 <= view.byteLength; at += 4)
          this.#ownServices.push(view.getUint32(at, true));
      }
    }
  }
}
