import type { VirtualChip } from "./virtualChip";

/** Outcome of a transaction: the statuses of the Jacdac I2C service. */
export const I2cStatus = {
  ok: 0,
  /** Nobody acknowledged the address. */
  addressNotAcknowledged: 1,
  /** The chip did not acknowledge a byte that was written. */
  dataNotAcknowledged: 2,
  /** The bus itself does not work. */
  noBus: 3,
} as const;

/** Outcome of a transaction, and the bytes read, none unless it is ok. */
export interface I2cResult {
  readonly status: number;
  readonly data: Uint8Array;
}

/** 7-bit addresses that are not reserved (I2C specification UM10204, section 3.1.12). */
const LOWEST_ADDRESS = 0x08;
const HIGHEST_ADDRESS = 0x77;

const NOTHING = new Uint8Array(0);

/** An I2C bus with modelled chips on it. */
export class VirtualI2cBus {
  readonly #chips = new Map<number, VirtualChip>();

  /**
   * Puts a chip on the bus.
   *
   * @throws Error when the address is taken or not usable
   */
  attach(chip: VirtualChip): this {
    const { address } = chip;
    if (address < LOWEST_ADDRESS || address > HIGHEST_ADDRESS)
      throw new Error(`${chip.name}: I2C address 0x${address.toString(16)} is reserved`);
    const other = this.#chips.get(address);
    if (other)
      throw new Error(
        `${chip.name} and ${other.name} both have I2C address 0x${address.toString(16)}`,
      );
    this.#chips.set(address, chip);
    return this;
  }

  /** The chips on the bus, in the order in which they were attached. */
  get chips(): readonly VirtualChip[] {
    return [...this.#chips.values()];
  }

  /** The chip of that part name, or undefined. */
  chip(name: string): VirtualChip | undefined {
    return this.chips.find((chip) => chip.name === name);
  }

  /**
   * One transaction of the bus's master at a time of the run: writes, then, after a
   * repeated start, reads. With nothing to write and nothing to read it only calls
   * the address.
   */
  transaction(address: number, write: Uint8Array, readCount: number, nowMs: number): I2cResult {
    for (const { faults } of this.#chips.values())
      if (faults.settings.busStuck) return { status: I2cStatus.noBus, data: NOTHING };
    const chip = this.#chips.get(address);
    if (!chip || chip.faults.settings.noAnswer)
      return { status: I2cStatus.addressNotAcknowledged, data: NOTHING };
    if ((write.length > 0 || readCount === 0) && !chip.write(write, nowMs))
      return { status: I2cStatus.dataNotAcknowledged, data: NOTHING };
    if (readCount === 0) return { status: I2cStatus.ok, data: NOTHING };
    const data = chip.read(readCount, nowMs);
    return data
      ? { status: I2cStatus.ok, data }
      : { status: I2cStatus.addressNotAcknowledged, data: NOTHING };
  }
}
