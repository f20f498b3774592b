import type { IncomingMessage, ServerResponse } from "node:http";
import type { ChangeFeed, CityView } from "../city/cityView";
import {
  ALIVE_PERIOD_MS,
  CHANGE_PERIOD_MS,
  type CityAlive,
  type CityChange,
  type CitySnapshot,
} from "./feed";

/** Viewers at a time. */
const CLIENTS_MAX = 200;
/** A viewer who has not taken this much is too slow, and is cut off; it comes back by itself. */
const PENDING_MAX_BYTES = 4 * 1024 * 1024;
/** A viewer that was cut off comes back after this time. */
const RETRY_MS = 2000;

/**
 * Server-sent events (HTML standard, section 9.2): first the whole city, then what changes,
 * gathered, one text for all viewers.
 */
export class EventStream {
  readonly #view: CityView;
  readonly #snapshot: () => CitySnapshot;
  readonly #clients = new Set<ServerResponse>();
  #feed: ChangeFeed | undefined;
  #timer: NodeJS.Timeout | undefined;
  #quietMs = 0;

  constructor(view: CityView, snapshot: () => CitySnapshot) {
    this.#view = view;
    this.#snapshot = snapshot;
  }

  /** Answers a request with the stream. */
  serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.#clients.size >= CLIENTS_MAX) {
      response.writeHead(503, { "content-type": "text/plain", "retry-after": "30" });
      response.end("Too many viewers.\n");
      return;
    }
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    request.socket.setNoDelay(true);
    this.#clients.add(response);
    response.once("close", () => this.#remove(response));
    this.#start();
    response.write(`retry: ${RETRY_MS}\n${eventText("snapshot", this.#snapshot())}`);
  }

  /** Cuts every viewer off. */
  close(): void {
    for (const client of [...this.#clients]) client.destroy();
    this.#stop();
  }

  #start(): void {
    if (this.#timer) return;
    this.#feed = this.#view.openFeed();
    this.#quietMs = 0;
    this.#timer = setInterval(() => this.#flush(), CHANGE_PERIOD_MS);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#feed?.close();
    this.#feed = undefined;
  }

  #remove(client: ServerResponse): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#stop();
  }

  #flush(): void {
    const nodes = this.#feed?.take() ?? [];
    const nowMs = this.#view.now();
    this.#quietMs += CHANGE_PERIOD_MS;
    if (nodes.length > 0) this.#send(eventText("change", { nowMs, nodes } satisfies CityChange));
    else if (this.#quietMs >= ALIVE_PERIOD_MS)
      this.#send(eventText("alive", { nowMs } satisfies CityAlive));
  }

  #send(text: string): void {
    this.#quietMs = 0;
    for (const client of [...this.#clients])
      if (client.writableLength > PENDING_MAX_BYTES) client.destroy();
      else client.write(text);
  }
}

function eventText(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
