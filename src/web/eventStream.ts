import type { IncomingMessage, ServerResponse } from "node:http";
import type { ChangeFeed, CityView } from "../city/cityView";
import {
  ALIVE_PERIOD_MS,
  CHANGE_PERIOD_MS,
  type CityAlive,
  type CityChange,
  type CitySnapshot,
} from "./feed";

/** Viewers at a time who have not signed in. */
const ANONYMOUS_MAX = 200;
/** Viewers at a time: where the public crowds in there is still room for who works here. */
const CLIENTS_MAX = 250;
/** A viewer who has not taken this much is too slow, and is cut off; it comes back by itself. */
const PENDING_MAX_BYTES = 4 * 1024 * 1024;
/** A viewer that was cut off comes back after this time. */
const RETRY_MS = 2000;
/** What concerns the whole city is worked out every two seconds. */
const FLUSHES_A_SUMMARY = 2000 / CHANGE_PERIOD_MS;
/** Twice a minute it is asked whether each viewer may still watch. */
const FLUSHES_A_CHECK = 30_000 / CHANGE_PERIOD_MS;

/**
 * Server-sent events (HTML standard, section 9.2): first the whole city, then what changes,
 * gathered, one text for all viewers.
 */
export class EventStream {
  readonly #view: CityView;
  readonly #snapshot: () => CitySnapshot;
  /** With the question whether the viewer may still watch. */
  readonly #clients = new Map<ServerResponse, () => boolean>();
  #feed: ChangeFeed | undefined;
  #timer: NodeJS.Timeout | undefined;
  #quietMs = 0;
  #flushes = 0;
  readonly #attention = new Told();
  readonly #link = new Told();
  readonly #rollout = new Told();

  constructor(view: CityView, snapshot: () => CitySnapshot) {
    this.#view = view;
    this.#snapshot = snapshot;
  }

  /** Answers a request with the stream, for as long as the viewer may watch. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    viewer: { readonly signedIn: boolean; readonly mayWatch: () => boolean },
  ): void {
    if (this.#clients.size >= (viewer.signedIn ? CLIENTS_MAX : ANONYMOUS_MAX)) {
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
    this.#clients.set(response, viewer.mayWatch);
    response.once("close", () => this.#remove(response));
    this.#start();
    response.write(`retry: ${RETRY_MS}\n${eventText("snapshot", this.#snapshot())}`);
  }

  /** Cuts every viewer off. */
  close(): void {
    for (const client of [...this.#clients.keys()]) client.destroy();
    this.#stop();
  }

  #start(): void {
    if (this.#timer) return;
    this.#feed = this.#view.openFeed();
    this.#quietMs = 0;
    this.#summaryNews();
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
    if (++this.#flushes % FLUSHES_A_CHECK === 0)
      for (const [client, mayWatch] of [...this.#clients]) if (!mayWatch()) client.destroy();
    const nodes = this.#feed?.take() ?? [];
    const nowMs = this.#view.now();
    const news = this.#flushes % FLUSHES_A_SUMMARY === 0 ? this.#summaryNews() : {};
    this.#quietMs += CHANGE_PERIOD_MS;
    if (nodes.length > 0 || Object.keys(news).length > 0)
      this.#send(eventText("change", { nowMs, nodes, ...news } satisfies CityChange));
    else if (this.#quietMs >= ALIVE_PERIOD_MS)
      this.#send(eventText("alive", { nowMs } satisfies CityAlive));
  }

  /** What is new of all nodes together since this was asked last. */
  #summaryNews(): Pick<CityChange, "attention" | "link" | "rollout"> {
    const { attention, link, rollout } = this.#snapshot();
    return {
      ...(this.#attention.isNew(attention) ? { attention } : {}),
      ...(this.#link.isNew(link) ? { link } : {}),
      ...(this.#rollout.isNew(rollout) ? { rollout } : {}),
    };
  }

  #send(text: string): void {
    this.#quietMs = 0;
    for (const client of [...this.#clients.keys()])
      if (client.writableLength > PENDING_MAX_BYTES) client.destroy();
      else client.write(text);
  }
}

/** What viewers were told last. */
class Told {
  #text = "";

  isNew(value: object | null): boolean {
    const text = JSON.stringify(value);
    if (text === this.#text) return false;
    this.#text = text;
    return true;
  }
}

function eventText(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
