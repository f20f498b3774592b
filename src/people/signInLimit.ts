/** Attempts that are free, and after how long another one is, when they are used up. */
interface Allowance {
  readonly attempts: number;
  readonly refillMs: number;
}

/** A person mistypes a few times; whoever guesses gets 1,440 tries a day. */
const PER_NAME: Allowance = { attempts: 5, refillMs: 60_000 };
/** A whole department may come from one address. */
const PER_ADDRESS: Allowance = { attempts: 20, refillMs: 15_000 };
/** Names and addresses that are remembered; then those that tried longest ago are forgotten. */
const KEYS_MAX = 10_000;

/** Limits how often somebody may try a password: by name, and by where the attempts come from. */
export class SignInLimit {
  readonly #now: () => number;
  readonly #names = new Buckets(PER_NAME);
  readonly #addresses = new Buckets(PER_ADDRESS);

  /** @param now milliseconds from any beginning */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Counts an attempt that is about to be made.
   *
   * @returns how long to wait before one may be made, in milliseconds; 0 for now
   */
  attempt(name: string, address: string): number {
    const nowMs = this.#now();
    const network = networkOf(address);
    const waitMs = Math.max(
      this.#names.waitMs(name, nowMs),
      this.#addresses.waitMs(network, nowMs),
    );
    if (waitMs > 0) return waitMs;
    this.#names.take(name, nowMs);
    this.#addresses.take(network, nowMs);
    return 0;
  }

  /** The last attempt was right: the name's attempts are free again, and this one did not count. */
  succeeded(name: string, address: string): void {
    this.#names.forget(name);
    this.#addresses.giveBack(networkOf(address));
  }
}

/** Attempts used up, as a level that sinks with time (a leaky bucket). */
class Buckets {
  readonly #allowance: Allowance;
  readonly #levels = new Map<string, { level: number; atMs: number }>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  waitMs(key: string, nowMs: number): number {
    const over = this.#level(key, nowMs) + 1 - this.#allowance.attempts;
    return over > 0 ? Math.ceil(over * this.#allowance.refillMs) : 0;
  }

  take(key: string, nowMs: number): void {
    const level = this.#level(key, nowMs) + 1;
    // A map keeps the order of insertion: what is first was used longest ago.
    this.#levels.delete(key);
    this.#levels.set(key, { level, atMs: nowMs });
    if (this.#levels.size > KEYS_MAX)
      this.#levels.delete(this.#levels.keys().next().value as string);
  }

  giveBack(key: string): void {
    const known = this.#levels.get(key);
    if (known) known.level = Math.max(0, known.level - 1);
  }

  forget(key: string): void {
    this.#levels.delete(key);
  }

  #level(key: string, nowMs: number): number {
    const known = this.#levels.get(key);
    if (!known) return 0;
    return Math.max(0, known.level - (nowMs - known.atMs) / this.#allowance.refillMs);
  }
}

/** Of IPv6 the first 64 bits: one subscriber has all the addresses of such a network. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "").split("%")[0] ?? "";
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  while (tail !== undefined && groups.length + after.length < 8) groups.push("0");
  return [...groups, ...after].slice(0, 4).join(":");
}
