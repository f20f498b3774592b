import { createHash } from "node:crypto";
import { HASH_BYTES, PROGRAM_ALIGN, WRITE_MAX_BYTES, WsskCommand } from "./wssk";

/** A program as the runtime stores it. */
export interface Program {
  /** SHA-256 of its bytes, 64 hexadecimal digits. */
  readonly hash: string;
  readonly bytecode: Uint8Array;
}

/** Hash of a device that holds no whole program: its runtime tells zeros. */
export const NO_PROGRAM = "0".repeat(2 * HASH_BYTES);

/** The hash by which the runtime and the city name a program. */
export function programHash(bytecode: Uint8Array): string {
  return createHash("sha256").update(bytecode).digest("hex");
}

/** A command to send next. */
export interface Order {
  readonly command: WsskCommand;
  readonly payload?: Uint8Array;
}

/** Where a transfer stands. */
export enum TransferState {
  /** `DeployStart` was sent: the device stops its program and erases it. */
  Erasing,
  Writing,
  Finishing,
  /** The hash is asked for, to see what the device really holds. */
  Checking,
  Done,
  Failed,
}

/**
 * One transfer of a program to a device: one command at a time, each answered before the next,
 * as the runtime's buffers want it. A transfer that was cut starts from its beginning: the
 * runtime forgets how far it was.
 */
export class Transfer {
  readonly program: Program;
  state = TransferState.Erasing;
  /** Bytes of the program that the device has confirmed. */
  confirmedBytes = 0;
  /** Why it failed. */
  problem = "";
  #sentBytes = 0;

  /** @throws RangeError when the runtime cannot hold a program of this length */
  constructor(program: Program) {
    const { length } = program.bytecode;
    if (length === 0 || length % PROGRAM_ALIGN !== 0)
      throw new RangeError(`a program has a multiple of ${PROGRAM_ALIGN} bytes, not ${length}`);
    this.program = program;
  }

  /** The first command. */
  start(): Order {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(this.program.bytecode.length);
    return { command: WsskCommand.DeployStart, payload: size };
  }

  /** Takes the device's answer, and gives the next command; nothing when the transfer is over. */
  answered(command: number, payload: Uint8Array): Order | undefined {
    const expected = EXPECTED[this.state];
    if (expected === undefined) return undefined;
    if (command !== expected) return this.#fail(command);
    switch (this.state) {
      case TransferState.Erasing:
        this.state = TransferState.Writing;
        return this.#write();
      case TransferState.Writing:
        this.confirmedBytes = this.#sentBytes;
        return this.#write();
      case TransferState.Finishing:
        this.state = TransferState.Checking;
        return { command: WsskCommand.GetHash };
      default:
        return this.#check(Buffer.from(payload).toString("hex"));
    }
  }

  #write(): Order {
    const { bytecode } = this.program;
    if (this.#sentBytes === bytecode.length) {
      this.state = TransferState.Finishing;
      return { command: WsskCommand.DeployFinish };
    }
    const piece = bytecode.subarray(this.#sentBytes, this.#sentBytes + WRITE_MAX_BYTES);
    this.#sentBytes += piece.length;
    return { command: WsskCommand.DeployWrite, payload: piece };
  }

  #check(hash: string): undefined {
    if (hash === this.program.hash) this.state = TransferState.Done;
    else {
      this.state = TransferState.Failed;
      this.problem = `the device tells the hash ${hash} after the transfer`;
    }
  }

  #fail(command: number): undefined {
    this.problem =
      command === WsskCommand.Error
        ? `the device refused ${STATE_NAMES[this.state]}`
        : `the device answered ${command} while ${STATE_NAMES[this.state]}`;
    this.state = TransferState.Failed;
  }
}

/** The answer that each state waits for. */
const EXPECTED: Partial<Record<TransferState, WsskCommand>> = {
  [TransferState.Erasing]: WsskCommand.DeployStart,
  [TransferState.Writing]: WsskCommand.DeployWrite,
  [TransferState.Finishing]: WsskCommand.DeployFinish,
  [TransferState.Checking]: WsskCommand.GetHash,
};

const STATE_NAMES: Record<TransferState, string> = {
  [TransferState.Erasing]: "erasing",
  [TransferState.Writing]: "writing",
  [TransferState.Finishing]: "finishing",
  [TransferState.Checking]: "checking",
  [TransferState.Done]: "done",
  [TransferState.Failed]: "failed",
};
