import type { QoS } from "mqtt-packet";

/** A message on its way to a client. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: Buffer;
  /** The subscription was made after the message was published, which is what RETAIN says then. */
  readonly retain: boolean;
}

/** A message with QoS 1 that was sent and not acknowledged. */
export interface InFlight extends Outgoing {
  readonly packetId: number;
}

/** Messages that may wait for their PUBACK, and behind them in the queue; Mosquitto's defaults. */
export const IN_FLIGHT_MAX = 20;
export const QUEUE_MAX = 1000;

const PACKET_ID_MAX = 65_535;

/**
 * What a server knows of a client beyond its connections (MQTT 3.1.1 clause 3.1.2.4):
 * its subscriptions, and the messages that are not done with.
 */
export class Session {
  readonly clientId: string;
  /** It ends with its connection. */
  readonly clean: boolean;
  /** Granted QoS by topic filter. */
  readonly subscriptions = new Map<string, QoS>();
  /** Identifiers of QoS 2 messages of the client that were published and not released. */
  readonly unreleased = new Set<number>();
  /** Messages dropped because the queue was full. */
  dropped = 0;
  #inFlight: InFlight[] = [];
  #queue: Outgoing[] = [];
  #lastPacketId = 0;

  constructor(clientId: string, clean: boolean) {
    this.clientId = clientId;
    this.clean = clean;
  }

  /** Takes a message of QoS 1 that is to be sent. */
  enqueue(message: Outgoing): void {
    if (this.#queue.length < QUEUE_MAX) this.#queue.push(message);
    else this.dropped++;
  }

  /** The next message to send for the first time, or undefined. */
  take(): InFlight | undefined {
    if (this.#inFlight.length >= IN_FLIGHT_MAX) return undefined;
    const message = this.#queue.shift();
    if (!message) return undefined;
    const sent = { ...message, packetId: this.#freePacketId() };
    this.#inFlight.push(sent);
    return sent;
  }

  /** Messages to send again on a new connection, in their first order (clause 4.4 and 4.6). */
  get unacknowledged(): readonly InFlight[] {
    return this.#inFlight;
  }

  /** The client has that message. */
  acknowledged(packetId: number): void {
    this.#inFlight = this.#inFlight.filter((message) => message.packetId !== packetId);
  }

  #freePacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % PACKET_ID_MAX) + 1;
    while (this.#inFlight.some(({ packetId }) => packetId === this.#lastPacketId));
    return this.#lastPacketId;
  }
}
