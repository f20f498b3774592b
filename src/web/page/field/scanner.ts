import { nameProblem } from "../../../../devs/contract/topics";
import { element } from "../dom";
import { decoded } from "../language";

/** The part of the Barcode Detection API (WICG Shape Detection) that is used. */
interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { formats: ["qr_code"] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

const LOOK_MS = 150;

/** Whether there may be a camera: browsers tell only pages that came over HTTPS, or from the machine itself. */
export function canScan(): boolean {
  return "mediaDevices" in navigator;
}

/** The browser's own reader of QR codes, or else the one that comes with the page. */
async function makeDetector(): Promise<Detector> {
  const own = (window as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  const reads = (await own?.getSupportedFormats().catch(() => [])) ?? [];
  const Detector =
    own && reads.includes("qr_code") ? own : (await import("./qrReader")).BarcodeDetector;
  return new Detector({ formats: ["qr_code"] });
}

/** The node that a label's QR code or a typed text names; undefined for none. */
export function nodeIn(text: string): string | undefined {
  const link = /[?&]node=([^&#\s]+)/.exec(text)?.[1];
  const name = (link === undefined ? text : decoded(link)).trim().toLowerCase();
  return nameProblem(name) === undefined ? name : undefined;
}

/**
 * Shows what the camera sees until it has read the name of a node, or `signal` ends it.
 *
 * @returns the node
 * @throws Error when there is no camera, or it may not be used, or it was ended
 */
export async function scanNode(place: HTMLElement, signal: AbortSignal): Promise<string> {
  const detector = await makeDetector();
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment" },
  });
  const video = element("video", { class: "camera", muted: "", playsinline: "" });
  video.srcObject = stream;
  place.replaceChildren(video);
  try {
    await video.play();
    for (;;) {
      signal.throwIfAborted();
      for (const { rawValue } of await detector.detect(video)) {
        const node = nodeIn(rawValue);
        if (node !== undefined) return node;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.remove();
  }
}
