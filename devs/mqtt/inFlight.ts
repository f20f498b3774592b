/** Messages that wait for their PUBACK. */

import type { Message } from "./packets";

/**
 * Where messages come from that the session does not keep: an outbox, say, that packs
 * its readings into a payload only when the payload is sent.
 */
export interface MessageSource {
  /**
   * The handle, 0 or more, of the next message to send, or -1 when there is nothing to
   * send now. Asked only when the message can go out at once. A handle stays taken
   * until it is acknowledged, and one source never has the same handle out twice.
   */
  take(): number;
  /** The message of a handle; asked once for every time that it is sent, same answer each time. */
  message(handle: number): Message;
  /** The server has the message: it may be forgotten. */
  acknowledged(handle: number): void;
}

const MAX_PACKET_ID = 65535;
const NOT_SENT = -1;

/** A message with QoS 1 on its way: kept here, or by the source it came from. */
export class InFlightMessage {
  /** 1 to 65535. */
  readonly packetId: number;
  readonly kept: Message | undefined;
  readonly source: MessageSource | undefined;
  readonly handle: number;
  /** When it was sent on this connection, in milliseconds; -1 when not yet. */
  sentAtMs: number = NOT_SENT;
  /** Whether it was sent at all: on this connection or on one before. */
  sentBefore: boolean = false;

  constructor(
    packetId: number,
    kept: Message | undefined,
    source: MessageSource | undefined,
    handle: number,
  ) {
    this.packetId = packetId;
    this.kept = kept;
    this.source = source;
    this.handle = handle;
  }

  /** The message itself; built anew where a source keeps it. */
  message(): Message {
    const source = this.source;
    return source ? source.message(this.handle) : (this.kept as Message);
  }
}

/** The messages in flight, in the order in which they were first sent. */
export class InFlightWindow {
  private entries: InFlightMessage[] = [];
  private lastPacketId: number = 0;

  /** How many wait. */
  count(): number {
    return this.entries.length;
  }

  /** A packet identifier that no message in flight has and that is not `other` (clause 2.3.1). */
  newPacketId(other: number): number {
    let id = this.lastPacketId;
    let inUse = true;
    while (inUse) {
      id = id === MAX_PACKET_ID ? 1 : id + 1;
      inUse = id === other;
      for (const entry of this.entries) if (entry.packetId === id) inUse = true;
    }
    this.lastPacketId = id;
    return id;
  }

  /** Adds a message behind all others. */
  add(entry: InFlightMessage): void {
    this.entries.push(entry);
  }

  /** The first message that was not sent on this connection. */
  nextUnsent(): InFlightMessage | undefined {
    for (const entry of this.entries) if (entry.sentAtMs === NOT_SENT) return entry;
    return undefined;
  }

  /** When the message was sent that waits longest on this connection; -1 when none waits. */
  oldestSentAtMs(): number {
    let oldest = NOT_SENT;
    for (const entry of this.entries) {
      const sent = entry.sentAtMs;
      if (sent !== NOT_SENT && (oldest === NOT_SENT || sent < oldest)) oldest = sent;
    }
    return oldest;
  }

  /** Takes out the message with that identifier, if it was sent on this connection. */
  acknowledge(packetId: number): InFlightMessage | undefined {
    for (const entry of this.entries) {
      if (entry.packetId === packetId && entry.sentAtMs !== NOT_SENT) {
        this.remove(entry);
        return entry;
      }
    }
    return undefined;
  }

  /** Takes out a message that is not to be sent again. */
  remove(gone: InFlightMessage): void {
    const kept: InFlightMessage[] = [];
    for (const entry of this.entries) if (entry !== gone) kept.push(entry);
    this.entries = kept;
  }

  /** A new connection begins: all that waits is to be sent again (clause 4.4). */
  rewind(): void {
    for (const entry of this.entries) entry.sentAtMs = NOT_SENT;
  }
}
