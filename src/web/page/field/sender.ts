import type { VisitAnswer, VisitRequest } from "../../api";
import type { Account } from "../account";
import { RequestProblem, postJson } from "../requests";
import type { QueuedVisit, Store } from "./store";

/** What waits is tried again this often; a phone that says it is online again is believed at once. */
const RETRY_MS = 15_000;

/** What comes of sending. */
export interface SenderListener {
  /** The queue as it is now. */
  changed(queue: readonly QueuedVisit[]): void;
  /** The server has taken a visit. */
  arrived(visit: VisitRequest): void;
}

/**
 * Sends visits in the order in which they were made. What the server has not confirmed stays
 * in the queue; the server takes each id once, so nothing is done twice.
 */
export class Sender {
  readonly #store: Store;
  readonly #account: Account;
  readonly #listener: SenderListener;
  #running: Promise<void> | undefined;

  constructor(store: Store, account: Account, listener: SenderListener) {
    this.#store = store;
    this.#account = account;
    this.#listener = listener;
  }

  start(): void {
    setInterval(() => void this.send(), RETRY_MS);
    addEventListener("online", () => void this.send());
    void this.send();
  }

  /** Sends what waits, as far as it goes. */
  send(): Promise<void> {
    this.#running ??= this.#sendAll().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #sendAll(): Promise<void> {
    for (const { id, visit, refused } of await this.#store.queue()) {
      if (refused !== undefined) continue;
      try {
        await this.#account.signedIn(() => postJson<VisitAnswer>("/api/visits", visit));
        await this.#store.removeQueued(id);
        this.#listener.arrived(visit);
      } catch (problem) {
        if (!(problem instanceof RequestProblem)) throw problem;
        const { status, answer } = problem;
        // Not reached, not signed in, or the server has trouble of its own: later.
        if (status === 0 || status === 401 || status === 429 || status >= 500) break;
        const details = answer?.node ?? answer?.field ?? "";
        await this.#store.refuse(id, `${answer?.error ?? "bad-request"} ${details}`.trim());
      }
    }
    this.#listener.changed(await this.#store.queue());
  }
}
