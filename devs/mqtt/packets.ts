/**
 * MQTT 3.1.1 control packets that a client writes. Clause numbers are those of the
 * OASIS standard of 29 October 2014.
 */

/** Type of a control packet: the upper four bits of its first byte (clause 2.2.1). */
export enum PacketType {
  Connect = 1,
  Connack = 2,
  Publish = 3,
  Puback = 4,
  Subscribe = 8,
  Suback = 9,
  Unsubscribe = 10,
  Unsuback = 11,
  Pingreq = 12,
  Pingresp = 13,
  Disconnect = 14,
}

/** Return code of a CONNACK (clause 3.2.2.3). */
export enum ConnackCode {
  Accepted = 0,
  UnacceptableProtocolVersion = 1,
  IdentifierRejected = 2,
  ServerUnavailable = 3,
  BadUserNameOrPassword = 4,
  NotAuthorized = 5,
}

/** Return code of a SUBACK for a topic filter that the server refused (clause 3.9.3). */
export const SUBACK_FAILURE = 0x80;

/** Protocol level of MQTT 3.1.1 (clause 3.1.2.2). */
const PROTOCOL_LEVEL = 4;

const CONNECT_USER_NAME = 0x80;
const CONNECT_PASSWORD = 0x40;
const CONNECT_WILL_RETAIN = 0x20;
const CONNECT_WILL_QOS_1 = 0x08;
const CONNECT_WILL = 0x04;

/** A part of a payload: bytes, or ASCII text. */
export type Piece = Buffer | string;

/**
 * What a message says: bytes, text to be sent as UTF-8, or pieces, which are never put
 * together but in the packet.
 */
export type Payload = Piece | Piece[];

/** An application message: a topic name and a payload. */
export interface Message {
  readonly topic: string;
  readonly payload: Payload;
  readonly retain: boolean;
}

/** A message whose payload is not in pieces. */
export interface WholeMessage extends Message {
  readonly payload: Piece;
}

/** What a CONNECT packet says (clause 3.1), always asking for the session that was kept. */
export interface ConnectFields {
  readonly clientId: string;
  readonly username?: string;
  /** Sent only with a user name, as clause 3.1.2.9 demands. */
  readonly password?: string;
  /** Seconds between signs of life, 0 to 65535; 0 turns the keep-alive off. */
  readonly keepAliveS: number;
  /** Published by the server with QoS 1 when the connection ends without a DISCONNECT. */
  readonly will?: WholeMessage;
}

/** Length of a payload in bytes, or, of text, in characters. */
export function payloadLength(payload: Payload): number {
  if (!Array.isArray(payload)) return payload.length;
  let length = 0;
  for (const piece of payload) length += piece.length;
  return length;
}

/** Bytes of a piece, text as UTF-8. */
export function utf8(text: Piece): Buffer {
  return typeof text === "string" ? Buffer.from(text) : text;
}

/** A packet with its fixed header written (clause 2.2) and, at its end, `room` for its body or the beginning of it. */
function allocPacket(firstByte: number, bodyLength: number, room: number): Buffer {
  let lengthBytes = 1;
  for (let rest = bodyLength >> 7; rest > 0; rest >>= 7) lengthBytes++;
  const packet = Buffer.alloc(1 + lengthBytes + room);
  packet[0] = firstByte;
  let rest = bodyLength;
  for (let i = 1; i <= lengthBytes; i++) {
    packet[i] = i < lengthBytes ? (rest & 0x7f) | 0x80 : rest;
    rest >>= 7;
  }
  return packet;
}

function putUint16(packet: Buffer, at: number, value: number): number {
  packet[at] = value >> 8;
  packet[at + 1] = value & 0xff;
  return at + 2;
}

/** Writes a field with its length before it (clause 1.5.3) and gives the offset after it. */
function putField(packet: Buffer, at: number, field: Buffer): number {
  packet.set(field, putUint16(packet, at, field.length));
  return at + 2 + field.length;
}

/** CONNECT (clause 3.1). */
export function encodeConnect(fields: ConnectFields): Buffer {
  const parts: Buffer[] = [utf8(fields.clientId)];
  // Clean session 0: the server keeps subscriptions and messages while the node is away.
  let flags = 0;
  const will = fields.will;
  if (will) {
    flags |= CONNECT_WILL | CONNECT_WILL_QOS_1 | (will.retain ? CONNECT_WILL_RETAIN : 0);
    parts.push(utf8(will.topic));
    parts.push(utf8(will.payload));
  }
  const username = fields.username;
  if (username !== undefined) {
    flags |= CONNECT_USER_NAME;
    parts.push(utf8(username));
    const password = fields.password;
    if (password !== undefined) {
      flags |= CONNECT_PASSWORD;
      parts.push(utf8(password));
    }
  }
  const protocolName = utf8("MQTT");
  let bodyLength = 2 + protocolName.length + 4;
  for (const part of parts) bodyLength += 2 + part.length;
  const packet = allocPacket(PacketType.Connect << 4, bodyLength, bodyLength);
  let at = putField(packet, packet.length - bodyLength, protocolName);
  packet[at] = PROTOCOL_LEVEL;
  packet[at + 1] = flags;
  at = putUint16(packet, at + 2, fields.keepAliveS);
  for (const part of parts) at = putField(packet, at, part);
  return packet;
}

/**
 * PUBLISH (clause 3.3) with QoS 1 under a packet identifier, or with QoS 0 when
 * `packetId` is 0. `dup` marks that the same packet was sent before. Where it is not
 * `whole`, the payload is left out: its bytes are to be sent right behind.
 */
export function encodePublish(
  message: Message,
  packetId: number,
  dup: boolean,
  whole: boolean,
): Buffer {
  const { payload } = message;
  const pieces = Array.isArray(payload) ? payload : [utf8(payload)];
  const topic = utf8(message.topic);
  const headerLength = 2 + topic.length + (packetId > 0 ? 2 : 0);
  const bodyLength = headerLength + payloadLength(pieces);
  const flags = (dup ? 8 : 0) | (packetId > 0 ? 2 : 0) | (message.retain ? 1 : 0);
  const room = whole ? bodyLength : headerLength;
  const packet = allocPacket((PacketType.Publish << 4) | flags, bodyLength, room);
  let at = putField(packet, packet.length - room, topic);
  if (packetId > 0) at = putUint16(packet, at, packetId);
  if (!whole) return packet;
  for (const piece of pieces) {
    packet.set(utf8(piece), at);
    at += piece.length;
  }
  return packet;
}

/** PUBACK (clause 3.4). */
export function encodePuback(packetId: number): Buffer {
  const packet = allocPacket(PacketType.Puback << 4, 2, 2);
  putUint16(packet, 2, packetId);
  return packet;
}

/**
 * SUBSCRIBE (clause 3.8), every topic filter with QoS 1, or, where they are not `wanted`,
 * UNSUBSCRIBE (clause 3.10).
 */
export function encodeSubscribe(packetId: number, topicFilters: string[], wanted: boolean): Buffer {
  const qosBytes = wanted ? 1 : 0;
  const parts: Buffer[] = [];
  let bodyLength = 2;
  for (const filter of topicFilters) {
    const part = utf8(filter);
    bodyLength += 2 + part.length + qosBytes;
    parts.push(part);
  }
  const type = wanted ? PacketType.Subscribe : PacketType.Unsubscribe;
  // Clauses 3.8.1 and 3.10.1: the lower four bits of the first byte are 0010.
  const packet = allocPacket((type << 4) | 2, bodyLength, bodyLength);
  let at = putUint16(packet, packet.length - bodyLength, packetId);
  for (const part of parts) {
    at = putField(packet, at, part);
    if (wanted) packet[at] = 1;
    at += qosBytes;
  }
  return packet;
}

/** PINGREQ (clause 3.12). */
export function encodePingreq(): Buffer {
  return allocPacket(PacketType.Pingreq << 4, 0, 0);
}

/** DISCONNECT (clause 3.14): the server then discards the will. */
export function encodeDisconnect(): Buffer {
  return allocPacket(PacketType.Disconnect << 4, 0, 0);
}
