/** The power went in the middle of a change of the flash. */
export class PowerCut extends Error {}

/** Settings of a node in memory, which lose their power at the n-th change. */
export class MemoryStorage {
  /** Changes so far. */
  changes = 0;
  cutAt = Infinity;
  /** Whether the change at which the power goes is made. */
  cutAfterChange = false;
  /** Room for keys and values together, in bytes. */
  capacity = Infinity;

  constructor(readonly values = new Map<string, Buffer>()) {}

  async read(key: string): Promise<Buffer | undefined> {
    const value = this.values.get(key);
    return value ? Buffer.from(value) : undefined;
  }

  async write(key: string, value: Buffer): Promise<void> {
    if (key.length > 13) throw new Error(`key of ${key.length} characters: ${key}`);
    if (value.length > 225) throw new Error(`value of ${value.length} bytes: ${key}`);
    let used = 0;
    for (const [other, bytes] of this.values)
      if (other !== key) used += other.length + bytes.length;
    if (used + key.length + value.length > this.capacity) throw new Error("no room in flash");
    this.#change(() => this.values.set(key, Buffer.from(value)));
  }

  async remove(key: string): Promise<void> {
    this.#change(() => this.values.delete(key));
  }

  #change(change: () => void): void {
    this.changes++;
    if (this.changes > this.cutAt) throw new PowerCut();
    if (this.changes < this.cutAt || this.cutAfterChange) change();
    if (this.changes === this.cutAt) throw new PowerCut();
  }
}
