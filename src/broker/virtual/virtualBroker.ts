import type { IPublishPacket, QoS } from "mqtt-packet";
import type { Server, ServerSocket } from "../../sim/network/network";
import type { Scheduler } from "../../sim/scheduler";
import { Connection, type ConnectionHost } from "./connection";
import { Session, type Outgoing } from "./session";
import { matches } from "./topicFilters";

/** Gets every message that a client publishes, last wills included. */
export type VirtualPublishListener = (topic: string, payload: Uint8Array, clientId: string) => void;

/** How a broker comes to its end. */
export interface StopOptions {
  /** Whether sessions and retained messages are there again after the next start. */
  readonly sessions: "kept" | "lost";
  /**
   * True when its machine is gone as well: connections hang and new ones get no answer.
   * Otherwise the machine ends the connections and refuses new ones. Default false.
   */
  readonly silently?: boolean;
}

interface Retained {
  readonly payload: Buffer;
  readonly qos: QoS;
}

/**
 * An MQTT 3.1.1 broker in virtual time. All of it happens within the call that brings it
 * a packet, and its only timers are the scheduler's, so a run with it repeats exactly. It
 * has no passwords but in `refused`, and grants subscriptions QoS 1 at most.
 */
export class VirtualBroker implements Server {
  /** Connections that were accepted, and messages that clients published. */
  connects = 0;
  published = 0;
  /** Clients that are told that their user name or password is wrong. */
  readonly refused = new Set<string>();
  readonly #scheduler: Scheduler;
  readonly #sessions = new Map<string, Session>();
  readonly #connections = new Map<Session, Connection>();
  /** Connections that have not said CONNECT. */
  readonly #strangers = new Set<Connection>();
  readonly #retained = new Map<string, Retained>();
  /** Subscribers by topic filter; those without a wildcard are found by the topic's name. */
  readonly #exact = new Map<string, Set<Session>>();
  readonly #wild = new Map<string, Set<Session>>();
  readonly #listeners: VirtualPublishListener[] = [];
  readonly #connectListeners: ((clientId: string) => void)[] = [];
  #state: "running" | "stopped" | "gone" = "running";
  #namesGiven = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get running(): boolean {
    return this.#state === "running";
  }

  get reachable(): boolean {
    return this.#state !== "gone";
  }

  /** Clients that are connected now. */
  get connected(): number {
    return this.#connections.size;
  }

  accept(socket: ServerSocket): boolean {
    if (!this.running) return false;
    this.#strangers.add(new Connection(this.#scheduler, this.#host, socket));
    return true;
  }

  /** Calls `listener` for every message that a client publishes, before it is acknowledged. */
  onPublish(listener: VirtualPublishListener): void {
    this.#listeners.push(listener);
  }

  /** Calls `listener` for every CONNECT that is accepted. */
  onConnect(listener: (clientId: string) => void): void {
    this.#connectListeners.push(listener);
  }

  /** Publishes a message of the city's; nothing happens while the broker does not run. */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { qos?: 0 | 1; retain?: boolean } = {},
  ): void {
    if (!this.running) return;
    this.#route(topic, Buffer.from(payload), options.qos ?? 0, options.retain ?? false);
  }

  /**
   * Ends the broker as a crash does: nobody gets a last word, no will is published. One that
   * is stopped already can still lose its sessions.
   */
  stop({ sessions, silently = false }: StopOptions): void {
    if (this.running) this.#state = silently ? "gone" : "stopped";
    for (const connection of [...this.#strangers, ...this.#connections.values()])
      connection.drop(silently);
    this.#strangers.clear();
    for (const session of [...this.#connections.keys()]) if (session.clean) this.#forget(session);
    this.#connections.clear();
    if (sessions === "kept") return;
    for (const session of [...this.#sessions.values()]) this.#forget(session);
    this.#retained.clear();
  }

  /** Starts it again. */
  start(): void {
    this.#state = "running";
  }

  readonly #host: ConnectionHost = {
    admits: (clientId) => !this.refused.has(clientId),
    openSession: (connection, clientId, clean) => {
      const id = clientId === "" ? `client-${++this.#namesGiven}` : clientId;
      const known = this.#sessions.get(id);
      // Clause 3.1.4: the connection before ends, and its will is published.
      if (known) this.#connections.get(known)?.close();
      const kept = this.#sessions.get(id);
      if (kept && clean) this.#forget(kept);
      const present = kept !== undefined && !clean;
      const session = present ? kept : new Session(id, clean);
      this.#sessions.set(id, session);
      this.#strangers.delete(connection);
      this.#connections.set(session, connection);
      this.connects++;
      for (const listener of this.#connectListeners) listener(id);
      return [session, present];
    },
    published: ({ topic, payload, qos, retain }: IPublishPacket, clientId: string) => {
      const bytes = Buffer.from(payload);
      this.published++;
      for (const listener of this.#listeners) listener(topic, bytes, clientId);
      this.#route(topic, bytes, qos, retain);
    },
    subscribed: (session, filter) => {
      const index = this.#index(filter);
      const subscribers = index.get(filter) ?? new Set();
      subscribers.add(session);
      index.set(filter, subscribers);
    },
    unsubscribed: (session, filter) => this.#unsubscribe(session, filter),
    retained: (filter) =>
      [...this.#retained]
        .filter(([topic]) => matches(filter, topic))
        .map(([topic, { payload, qos }]) => [{ topic, payload, retain: true }, qos]),
    closed: (connection) => {
      this.#strangers.delete(connection);
      const { session } = connection;
      if (!session || this.#connections.get(session) !== connection) return;
      this.#connections.delete(session);
      if (session.clean) this.#forget(session);
    },
  };

  #index(filter: string): Map<string, Set<Session>> {
    return /[+#]/.test(filter) ? this.#wild : this.#exact;
  }

  #unsubscribe(session: Session, filter: string): void {
    const index = this.#index(filter);
    const subscribers = index.get(filter);
    subscribers?.delete(session);
    if (subscribers?.size === 0) index.delete(filter);
  }

  #forget(session: Session): void {
    for (const filter of session.subscriptions.keys()) this.#unsubscribe(session, filter);
    this.#sessions.delete(session.clientId);
  }

  #route(topic: string, payload: Buffer, qos: QoS, retain: boolean): void {
    // Clause 3.3.1.3: an empty retained message deletes the one that is there.
    if (retain && payload.length === 0) this.#retained.delete(topic);
    else if (retain) this.#retained.set(topic, { payload, qos });
    const message: Outgoing = { topic, payload, retain: false };
    for (const [session, granted] of this.#subscribers(topic)) {
      const connection = this.#connections.get(session);
      if (granted === 0 || qos === 0) {
        connection?.sendOnce(message);
      } else {
        session.enqueue(message);
        connection?.sendQueued();
      }
    }
  }

  /** Sessions that want a topic, each once, with the highest QoS granted (clause 3.3.5). */
  #subscribers(topic: string): Map<Session, QoS> {
    const found = new Map<Session, QoS>();
    const add = (filter: string, sessions: Iterable<Session>) => {
      for (const session of sessions) {
        const granted = session.subscriptions.get(filter) ?? 0;
        if (granted >= (found.get(session) ?? 0)) found.set(session, granted);
      }
    };
    add(topic, this.#exact.get(topic) ?? []);
    for (const [filter, sessions] of this.#wild) if (matches(filter, topic)) add(filter, sessions);
    return found;
  }
}
