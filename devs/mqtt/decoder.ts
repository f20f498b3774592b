/**
 * Streaming decoder of the MQTT 3.1.1 packets that a server sends: bytes come in
 * pieces of any size, packets go out one at a time.
 */

import { PacketType } from "./packets";
import { PIECE_BYTES, PiecedBytes } from "./piecedBytes";

/** Largest packet taken when nothing else is asked for, in bytes after the fixed header. */
export const DEFAULT_MAX_PACKET_BYTES = 4096;

/** Bytes kept of a PUBLISH over the limit: its topic name and packet identifier are in them. */
const SKIPPED_HEADER_BYTES = 256;

const WRONG_LENGTH = "wrong length";
const NO_PACKET_ID = "packet identifier 0";
const RESERVED_BITS = "reserved bits set";
const NOTHING = Buffer.alloc(0);

/** The packet that the decoder read last. A field that its type does not have is left as it was. */
export class IncomingPacket {
  type: number = 0;
  /** PUBLISH: an earlier attempt may have been received. */
  dup: boolean = false;
  /** PUBLISH: 0 or 1. */
  qos: number = 0;
  /** PUBLISH: the server kept this message from before the subscription. */
  retain: boolean = false;
  /** PUBLISH with QoS 1, PUBACK, SUBACK, UNSUBACK: 1 to 65535. */
  packetId: number = 0;
  /** CONNACK: the server kept the session. */
  sessionPresent: boolean = false;
  /** CONNACK: 0 to 5. SUBACK: the highest of its return codes. PUBACK, UNSUBACK: 0. */
  returnCode: number = 0;
  topicName: string = "";
  /** PUBLISH, and only there; where it was over the limit its bytes are left out. */
  payload: PiecedBytes | undefined = undefined;
}

/** Where in a packet the next byte belongs. */
enum Phase {
  FirstByte,
  RemainingLength,
  Body,
}

/** Turns a stream of bytes into packets. After malformed input it gives no more packets. */
export class PacketDecoder {
  /** Why the stream is malformed; empty while it is not. */
  problem: string = "";
  /** The packet that `next` found; overwritten by the following call. */
  readonly packet: IncomingPacket = new IncomingPacket();

  private readonly maxPacketBytes: number;
  private chunks: Buffer[] = [];
  /** Bytes of the first chunk already taken. */
  private taken: number = 0;
  private phase: Phase = Phase.FirstByte;
  private firstByte: number = 0;
  private remainingLength: number = 0;
  private lengthShift: number = 0;
  private pieces: Buffer[] = [];
  private bodyFilled: number = 0;

  /**
   * `maxPacketBytes` limits the remaining length of a packet. The payload of a longer PUBLISH
   * is left out: the server would send it again on every connection until it is acknowledged.
   */
  constructor(maxPacketBytes: number) {
    this.maxPacketBytes = maxPacketBytes;
  }

  /** Forgets all input: a new connection begins. */
  reset(): void {
    this.problem = "";
    this.chunks = [];
    this.taken = 0;
    this.pieces = [];
    this.phase = Phase.FirstByte;
  }

  /** Takes the next bytes of the stream. They must not change until they are read. */
  feed(chunk: Buffer): void {
    if (chunk.length > 0) this.chunks.push(chunk);
  }

  /** Reads on to the end of the next packet, and says whether `packet` holds one now. */
  next(): boolean {
    this.packet.payload = undefined;
    while (this.problem === "" && this.chunks.length > 0) {
      const chunk = this.chunks[0];
      if (this.phase === Phase.Body) this.takeBody(chunk);
      else this.takeHeader(chunk[this.taken]);
      if (this.taken >= chunk.length) {
        this.chunks.shift();
        this.taken = 0;
      }
      if (this.phase === Phase.Body && this.bodyFilled === this.remainingLength) {
        this.phase = Phase.FirstByte;
        const reason = this.parse();
        if (reason !== "") this.problem = "packet type " + this.packet.type + ": " + reason;
        this.pieces = [];
        return this.problem === "";
      }
    }
    return false;
  }

  private takeHeader(byte: number): void {
    this.taken++;
    if (this.phase === Phase.FirstByte) {
      this.firstByte = byte;
      this.remainingLength = 0;
      this.lengthShift = 0;
      this.phase = Phase.RemainingLength;
      return;
    }
    this.remainingLength += (byte & 0x7f) << this.lengthShift;
    this.lengthShift += 7;
    if ((byte & 0x80) === 0) {
      this.phase = Phase.Body;
      this.bodyFilled = 0;
      if (this.isTooLong() && this.firstByte >> 4 !== PacketType.Publish)
        this.problem = "over " + this.maxPacketBytes + " bytes";
    } else if (this.lengthShift > 21) {
      // Clause 2.2.3: at most four bytes.
      this.problem = "remaining length over 4 bytes";
    }
  }

  private isTooLong(): boolean {
    return this.remainingLength > this.maxPacketBytes;
  }

  private takeBody(chunk: Buffer): void {
    const { taken, bodyFilled, pieces, remainingLength } = this;
    const kept = this.isTooLong()
      ? Math.min(SKIPPED_HEADER_BYTES, remainingLength)
      : remainingLength;
    let count = Math.min(remainingLength - bodyFilled, chunk.length - taken);
    if (bodyFilled < kept) {
      const at = bodyFilled & (PIECE_BYTES - 1);
      if (at === 0) pieces.push(Buffer.alloc(Math.min(kept - bodyFilled, PIECE_BYTES)));
      const piece = pieces[pieces.length - 1] as Buffer;
      count = Math.min(count, piece.length - at);
      piece.set(chunk.slice(taken, taken + count), at);
    }
    this.bodyFilled += count;
    this.taken += count;
  }

  /** Fills `packet` from the first byte and the body; gives the reason where it cannot. */
  private parse(): string {
    const packet = this.packet;
    packet.type = this.firstByte >> 4;
    if (packet.type === PacketType.Publish) return this.parsePublish();
    if ((this.firstByte & 0x0f) !== 0) return RESERVED_BITS;
    if (packet.type === PacketType.Connack) return this.parseConnack();
    if (packet.type === PacketType.Puback || packet.type === PacketType.Unsuback)
      return this.parseAck();
    if (packet.type === PacketType.Suback) return this.parseSuback();
    if (packet.type === PacketType.Pingresp) return this.remainingLength === 0 ? "" : WRONG_LENGTH;
    return "not for a client";
  }

  private body(): Buffer {
    return this.pieces[0] || NOTHING;
  }

  private uint16(at: number): number {
    const body = this.body();
    return (body[at] << 8) | body[at + 1];
  }

  private parseConnack(): string {
    if (this.remainingLength !== 2) return WRONG_LENGTH;
    const body = this.body();
    if ((body[0] & 0xfe) !== 0) return RESERVED_BITS;
    this.packet.sessionPresent = body[0] === 1;
    this.packet.returnCode = body[1];
    return "";
  }

  private parseAck(): string {
    if (this.remainingLength !== 2) return WRONG_LENGTH;
    return this.parseCodes();
  }

  private parseSuback(): string {
    return this.remainingLength < 3 ? WRONG_LENGTH : this.parseCodes();
  }

  /** A packet identifier, and the return codes behind it, if any. */
  private parseCodes(): string {
    const packetId = this.uint16(0);
    const body = this.body();
    let highest = 0;
    for (let i = 2; i < body.length; i++) if (body[i] > highest) highest = body[i];
    this.packet.packetId = packetId;
    this.packet.returnCode = highest;
    return packetId === 0 ? NO_PACKET_ID : "";
  }

  private parsePublish(): string {
    const packet = this.packet;
    const body = this.body();
    const { length } = body;
    const qos = (this.firstByte >> 1) & 3;
    if (qos > 1) return "QoS " + qos;
    packet.qos = qos;
    packet.dup = (this.firstByte & 8) !== 0;
    packet.retain = (this.firstByte & 1) !== 0;
    if (length < 2) return WRONG_LENGTH;
    const topicEnd = 2 + this.uint16(0);
    const headerEnd = topicEnd + (qos > 0 ? 2 : 0);
    if (headerEnd > length) return WRONG_LENGTH;
    const topic = body.slice(2, topicEnd);
    // Clauses 4.7.3 and 3.3.2.1: one character at least, no wildcard, no NUL.
    const wildcard = topic.indexOf(0x23) >= 0 || topic.indexOf(0x2b) >= 0;
    if (topic.length === 0 || wildcard || topic.indexOf(0) >= 0) return "bad topic name";
    packet.topicName = topic.toString();
    if (qos > 0) {
      packet.packetId = this.uint16(topicEnd);
      if (packet.packetId === 0) return NO_PACKET_ID;
    }
    packet.payload = new PiecedBytes(
      this.isTooLong() ? [] : this.pieces,
      headerEnd,
      this.remainingLength - headerEnd,
    );
    return "";
  }
}
