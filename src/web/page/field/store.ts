import type { VisitRequest } from "../../api";

/** What a crew has entered for a node, as it stands in the form. */
export interface Draft {
  /** The visit's id, made with the first entry: sent twice, it counts once. */
  readonly id: string;
  readonly node: string;
  kind: VisitRequest["kind"];
  replaces: string;
  pole: string;
  heightM: string;
  directionDeg: string;
  lat: number | undefined;
  lon: number | undefined;
  accuracyM: number | undefined;
  /** JPEG in base64. */
  photo: string | undefined;
  note: string;
  despite: string;
}

/** A visit that waits to be sent. */
export interface QueuedVisit {
  readonly id: string;
  readonly visit: VisitRequest;
  /** Visits are sent from the lowest up, as they were made. */
  readonly order: number;
  /** Why the server refused it; then it is not sent by itself any more. */
  readonly refused?: string;
}

/** Keeps drafts and visits in the browser's own database, until they are sent. */
export interface Store {
  draft(node: string): Promise<Draft | undefined>;
  saveDraft(draft: Draft): Promise<void>;
  removeDraft(node: string): Promise<void>;
  /** Moves a visit into the queue, and its draft away, both or neither. */
  enqueue(visit: VisitRequest): Promise<void>;
  /** In the order in which they were made. */
  queue(): Promise<QueuedVisit[]>;
  refuse(id: string, reason: string): Promise<void>;
  removeQueued(id: string): Promise<void>;
}

const DRAFTS = "drafts";
const QUEUE = "queue";

/** @throws Error where the browser forbids it, in a private window say */
export async function openStore(): Promise<Store> {
  const opening = indexedDB.open("streetnode", 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(DRAFTS, { keyPath: "node" });
    opening.result.createObjectStore(QUEUE, { keyPath: "id" });
  };
  const database = await resultOf(opening);
  const get = <T>(store: string, ask: (store: IDBObjectStore) => IDBRequest): Promise<T> =>
    resultOf(ask(database.transaction(store).objectStore(store)) as IDBRequest<T>);
  const change = async (
    stores: readonly string[],
    act: (transaction: IDBTransaction) => void,
  ): Promise<void> => {
    // A phone that is switched off a moment later must have it.
    const transaction = database.transaction(stores, "readwrite", { durability: "strict" });
    act(transaction);
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("not stored"));
    });
  };
  return {
    draft: (node) => get(DRAFTS, (store) => store.get(node)),
    saveDraft: (draft) => change([DRAFTS], (all) => void all.objectStore(DRAFTS).put(draft)),
    removeDraft: (node) => change([DRAFTS], (all) => void all.objectStore(DRAFTS).delete(node)),
    enqueue: (visit) =>
      change([DRAFTS, QUEUE], (all) => {
        const store = all.objectStore(QUEUE);
        const asked = store.getAll() as IDBRequest<QueuedVisit[]>;
        asked.onsuccess = () => {
          const order = 1 + Math.max(0, ...asked.result.map((one) => one.order));
          store.put({ id: visit.id, visit, order } satisfies QueuedVisit);
        };
        all.objectStore(DRAFTS).delete(visit.node);
      }),
    queue: async () => {
      const queue = await get<QueuedVisit[]>(QUEUE, (store) => store.getAll());
      return queue.sort((a, b) => a.order - b.order);
    },
    refuse: (id, refused) =>
      change([QUEUE], (all) => {
        const store = all.objectStore(QUEUE);
        const asked = store.get(id) as IDBRequest<QueuedVisit | undefined>;
        asked.onsuccess = () => {
          if (asked.result) store.put({ ...asked.result, refused });
        };
      }),
    removeQueued: (id) => change([QUEUE], (all) => void all.objectStore(QUEUE).delete(id)),
  };
}

/** A draft with nothing in it. */
export function newDraft(node: string): Draft {
  return {
    id: newId(),
    node,
    kind: "accept",
    replaces: "",
    pole: "",
    heightM: "",
    directionDeg: "",
    lat: undefined,
    lon: undefined,
    accuracyM: undefined,
    photo: undefined,
    note: "",
    despite: "",
  };
}

/** A random UUID (RFC 9562, version 4); `crypto.randomUUID` is missing without TLS. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("not readable"));
  });
}
