import { GATEWAY_SETTING, gatewayUrl, nodeSettings, type NodeProvisioning } from "../nodeSettings";
import { makeFstor } from "./fstor";
import type { RuntimeImage } from "./runtimeImage";

/** How a node joins the street's wireless network. */
export interface WifiAccess {
  /** Name of the network, 1 to 32 bytes. */
  readonly ssid: string;
  /** WPA passphrase, 8 to 63 characters; empty for an open network. */
  readonly passphrase: string;
}

/** What one node's flash is made of. */
export interface FlashImageParts {
  readonly runtime: RuntimeImage;
  /** The board's configuration as a DCFG block. */
  readonly dcfg: Uint8Array;
  readonly bytecode: Uint8Array;
  readonly node: NodeProvisioning;
  readonly wifi?: WifiAccess;
}

/** The flash of one node, from the bootloader on; nothing lies behind it. */
export interface FlashImage {
  readonly offset: number;
  readonly content: Uint8Array;
}

const PAGE_BYTES = 4096;
const ERASED = 0xff;

/**
 * Puts runtime, board configuration, program and settings together.
 *
 * The store of settings and program is written here rather than by a VM that runs once for each
 * board: its layout is small and fixed with the runtime's version, so the same input gives the
 * same bytes, no password passes through a program's log, and a board costs no start of a VM.
 *
 * @throws Error that says what does not fit.
 */
export function makeFlashImage(parts: FlashImageParts): FlashImage {
  const { runtime, dcfg, bytecode, node, wifi } = parts;
  if (dcfg.length > runtime.dcfg.bytes)
    throw new Error(`the board configuration has ${dcfg.length} bytes, ${runtime.dcfg.bytes} fit`);
  const settings = new Map<string, Uint8Array>();
  if (wifi) {
    settings.set("wifi_ssid", Buffer.from(wifi.ssid));
    settings.set("wifi_psk", Buffer.from(wifi.passphrase));
  }
  if (node.gateway) settings.set(GATEWAY_SETTING, Buffer.from(gatewayUrl(node.gateway, node.node)));
  // The settings service keeps a program's settings apart from the runtime's own by the colon.
  for (const [key, value] of nodeSettings(node)) settings.set(`:${key}`, Buffer.from(value));
  const fstor = makeFstor(
    { bytes: runtime.fstor.bytes, pageBytes: PAGE_BYTES },
    { settings, program: bytecode },
  );

  const content = new Uint8Array(runtime.fstor.offset + fstor.length - runtime.offset);
  content.fill(ERASED);
  content.set(runtime.content);
  const dcfgAt = runtime.dcfg.offset - runtime.offset;
  content.fill(ERASED, dcfgAt, dcfgAt + runtime.dcfg.bytes);
  content.set(dcfg, dcfgAt);
  content.set(fstor, runtime.fstor.offset - runtime.offset);
  return { offset: runtime.offset, content };
}
