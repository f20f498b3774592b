/**
 * The little of the Jacdac protocol that a simulated bus needs: frames with one
 * or more packets, and the announcement by which a device makes its services known.
 * Source: Jacdac specification, "Protocol" (frame layout, CRC, service 0 commands).
 */

/** Frame flag: the frame is a command to a device; without it, a report of a device. */
export const FRAME_FLAG_COMMAND = 0x01;

/** Command 0 of service 0: the announcement. */
export const CONTROL_ANNOUNCE = 0x0000;

/**
 * How often a simulated device announces itself. On a real bus it is every 500 ms; the
 * runtime forgets a device after 2 s of silence, and each announcement costs it a turn.
 */
export const ANNOUNCE_PERIOD_MS = 1800;

const FRAME_HEADER = 12;
/** The device's identifier in a frame: 8 bytes. */
const DEVICE_AT = 4;
const PACKET_HEADER = 4;

/** One packet of a frame. */
export interface JacdacPacket {
  /** Device that sent a report, or that a command is for: 16 lower-case hexadecimal digits. */
  readonly device: string;
  readonly isCommand: boolean;
  readonly serviceIndex: number;
  readonly command: number;
  readonly payload: Uint8Array;
}

/** What a byte adds to the CRC. */
const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** CRC-16-CCITT (0x1021, start 0xffff) over everything after the CRC itself. */
export function crc16(bytes: Uint8Array, from: number): number {
  let crc = 0xffff;
  for (let i = from; i < bytes.length; i++)
    crc = ((crc << 8) & 0xffff) ^ (CRC_TABLE[(crc >> 8) ^ (bytes[i] as number)] as number);
  return crc;
}

/** Identifiers that were met, as bytes: there are two or three on a bus. */
const knownDevices = new Map<string, Uint8Array>();
const KNOWN_DEVICES_MAX = 2000;

function deviceBytes(device: string): Uint8Array {
  const known = knownDevices.get(device);
  if (known) return known;
  const bytes = Uint8Array.from(Buffer.from(device, "hex"));
  if (knownDevices.size >= KNOWN_DEVICES_MAX) knownDevices.clear();
  knownDevices.set(device, bytes);
  return bytes;
}

/** Whether a frame is of that device, or for it. */
export function frameNames(frame: Uint8Array, device: string): boolean {
  const bytes = deviceBytes(device);
  for (let i = 0; i < bytes.length; i++) if (frame[DEVICE_AT + i] !== bytes[i]) return false;
  return true;
}

/** Whether a frame begins with an announcement: a report of service 0, command 0. */
export function isAnnouncement(frame: Uint8Array): boolean {
  return (
    ((frame[3] ?? 0) & FRAME_FLAG_COMMAND) === 0 &&
    frame[13] === 0 &&
    frame[14] === CONTROL_ANNOUNCE &&
    frame[15] === 0
  );
}

/** A frame with one packet. */
export function encodeFrame(packet: JacdacPacket): Uint8Array {
  const size = (PACKET_HEADER + packet.payload.length + 3) & ~3;
  const frame = new Uint8Array(FRAME_HEADER + size);
  frame[2] = size;
  frame[3] = packet.isCommand ? FRAME_FLAG_COMMAND : 0;
  frame.set(deviceBytes(packet.device), DEVICE_AT);
  frame[12] = packet.payload.length;
  frame[13] = packet.serviceIndex;
  frame[14] = packet.command & 0xff;
  frame[15] = packet.command >> 8;
  frame.set(packet.payload, FRAME_HEADER + PACKET_HEADER);
  const crc = crc16(frame, 2);
  frame[0] = crc & 0xff;
  frame[1] = crc >> 8;
  return frame;
}

/** The packets of a frame. Frames from the VM carry no usable CRC, so it is not checked. */
export function decodeFrame(frame: Uint8Array): JacdacPacket[] {
  const packets: JacdacPacket[] = [];
  const end = FRAME_HEADER + (frame[2] ?? 0);
  const device = Buffer.from(frame.subarray(DEVICE_AT, FRAME_HEADER)).toString("hex");
  const isCommand = ((frame[3] ?? 0) & FRAME_FLAG_COMMAND) !== 0;
  let at = FRAME_HEADER;
  while (at + PACKET_HEADER <= Math.min(end, frame.length)) {
    const size = frame[at] as number;
    packets.push({
      device,
      isCommand,
      serviceIndex: frame[at + 1] as number,
      command: (frame[at + 2] as number) | ((frame[at + 3] as number) << 8),
      payload: frame.subarray(at + PACKET_HEADER, at + PACKET_HEADER + size),
    });
    at += (PACKET_HEADER + size + 3) & ~3;
  }
  return packets;
}

/** The announcement of a device with these services; service 0 is always its control service. */
export function announcement(device: string, serviceClasses: number[]): Uint8Array {
  const payload = new Uint8Array(4 + 4 * serviceClasses.length);
  // Restart counter at its highest value and the flags of a device that takes part in the protocol.
  payload[0] = 0x0f;
  payload[1] = 0x03;
  const view = new DataView(payload.buffer);
  serviceClasses.forEach((serviceClass, i) => view.setUint32(4 + 4 * i, serviceClass, true));
  return encodeFrame({
    device,
    isCommand: false,
    serviceIndex: 0,
    command: CONTROL_ANNOUNCE,
    payload,
  });
}
