/** The node's MQTT client: the session on the device's socket and clock. */

import * as ds from "@devicescript/core";
import { Bell } from "../fibers/bell";
import { leaveGateway } from "../runtime/services";
import type { MessageSource } from "./inFlight";
import { jitterSeed, mixJitter, nextJitter } from "./jitter";
import type { Payload } from "./packets";
import { LEAVE_TIMEOUT_MS, Session, type SessionHooks, type SessionOptions } from "./session";
import { SessionState } from "./sessionStates";
import { type RuntimeSockets, type SocketAddress, SocketLink } from "./socket";

/** Where the broker is, who connects, and what is heard. */
export interface MqttClientOptions extends SocketAddress, SessionOptions {}

/** Pause between two attempts to write to a full queue, in milliseconds. */
const WRITE_RETRY_MS = 20;
/** Wait after an error inside the node's own code, in milliseconds. */
const INTERNAL_ERROR_PAUSE_MS = 1000;

const bell = new Bell();
let jitter = 0;

/** One client; a device has one socket, so a program makes one client. */
export class MqttClient {
  /** Its counters, its last problem and what waits in its queue are there to be read. */
  readonly session: Session;
  /** Errors that the node's own hooks or sources threw. */
  internalErrors: number = 0;
  /** How often the client looked at its connection: it stands still when this does. */
  turns: number = 0;

  private readonly link: SocketLink;

  constructor(options: MqttClientOptions, hooks: SessionHooks) {
    jitter = jitterSeed(options.clientId);
    this.link = new SocketLink(ds as unknown as RuntimeSockets, options, ringBell);
    this.session = new Session(options, this.link, hooks, random);
  }

  /** Whether the broker accepted the connection and it still stands, as far as is known. */
  connected(): boolean {
    return this.session.state === SessionState.Connected;
  }

  /** Adds a source of messages, behind those added before. `wake` tells it has news. */
  addSource(source: MessageSource): void {
    this.session.addSource(source);
  }

  /**
   * Queues a message for QoS 1; it survives reconnections. False, and counted, when the
   * queue is full: then it is not sent.
   */
  publish(topic: string, payload: Payload, retain: boolean): boolean {
    const taken = this.session.publish(topic, payload, retain);
    this.wake();
    return taken;
  }

  /** Sends a message with QoS 0 at once. False, and counted, where there is no connection. */
  publishQos0(topic: string, payload: Buffer | string): boolean {
    const sent = this.session.publishQos0(topic, payload, ds.millis());
    this.wake();
    return sent;
  }

  /** Makes the client look for messages now. */
  wake(): void {
    bell.ring();
  }

  /** Connects and keeps connected, for ever; to be started as a fiber of its own. Never throws. */
  async run(): Promise<void> {
    this.session.start(ds.millis());
    while (true) {
      let waitMs = INTERNAL_ERROR_PAUSE_MS;
      this.turns++;
      try {
        if (this.session.opensNow(ds.millis())) await leaveGateway();
        waitMs = this.turn();
      } catch (error) {
        this.internalErrors++;
        console.error("mqtt: " + (error as Error).message);
      }
      await bell.wait(waitMs);
    }
  }

  /**
   * Publishes the offline message, disconnects and stays away until `start`. Returns
   * when that is done, after six seconds at most.
   */
  async stop(offlinePayload: string): Promise<void> {
    this.session.stop(offlinePayload, ds.millis());
    this.wake();
    const untilMs = ds.millis() + LEAVE_TIMEOUT_MS + 1000;
    while (this.session.state !== SessionState.Stopped && ds.millis() < untilMs)
      await ds.sleep(WRITE_RETRY_MS);
  }

  /** Connects again after `stop`. */
  start(): void {
    this.session.start(ds.millis());
    this.wake();
  }

  /** Passes on what the socket reported, then lets the session work. Gives the wait in milliseconds. */
  private turn(): number {
    const nowMs = ds.millis();
    const link = this.link;
    link.flush();
    if (link.opened) {
      link.opened = false;
      this.session.linkOpened(nowMs);
    }
    const chunk = link.read();
    if (chunk) this.session.linkReceived(chunk, nowMs);
    else if (link.lost !== "") this.session.linkLost(link.lost);
    const waitMs = this.session.poll(nowMs);
    if (chunk) return 0;
    if (link.backlogged() && waitMs > WRITE_RETRY_MS) return WRITE_RETRY_MS;
    return waitMs;
  }
}

function ringBell(): void {
  bell.ring();
}

/** A number from 0 to 1 that differs from node to node. */
function random(): number {
  jitter = nextJitter(jitter);
  return mixJitter(jitter, Math.random());
}
