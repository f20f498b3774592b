/**
 * Keeps the field page for the time without a network: what it is made of, and the streets.
 * The network comes first, so that a new version is there at the next visit; what nodes say is
 * never kept, since it would be old.
 */

const CACHE = "streetnode-field-1";
const SHELL = ["/field", "/field.js", "/qrReader.js", "/style.css", "/manifest.webmanifest"];
const KEPT = new Set([...SHELL, "/api/map"]);
/** A network that takes longer is none for somebody on a ladder. */
const NETWORK_TIMEOUT_MS = 4000;

/** The parts of a service worker's world (W3C Service Workers) that are used here. */
interface WorkerEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface WorkerFetchEvent extends WorkerEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface WorkerScope {
  addEventListener(name: "install" | "activate", listener: (event: WorkerEvent) => void): void;
  addEventListener(name: "fetch", listener: (event: WorkerFetchEvent) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
}
const scope = self as unknown as WorkerScope;

scope.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(SHELL))
      .then(() => scope.skipWaiting()),
  );
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))),
      )
      .then(() => scope.clients.claim()),
  );
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !KEPT.has(pathname)) return;
  event.respondWith(networkFirst(request, pathname));
});

async function networkFirst(request: Request, pathname: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(NETWORK_TIMEOUT_MS) });
    // The page is the same for every node that its address names.
    if (response.ok) await cache.put(pathname, response.clone());
    return response;
  } catch (problem) {
    const kept = await cache.match(pathname);
    if (kept) return kept;
    throw problem;
  }
}
