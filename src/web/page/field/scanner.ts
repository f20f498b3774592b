import { nameProblem } from "../../../../devs/contract/topics";
import { element } from "../dom";

/** The part of the Barcode Detection API (WICG Shape Detection) that is used. */
interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}
type DetectorClass = new (options: { formats: string[] }) => Detector;

const LOOK_MS = 150;

/** Whether this browser can read QR codes by itself. */
export function canScan(): boolean {
  return "BarcodeDetector" in window && "mediaDevices" in navigator;
}

/** The node that a label's QR code or a typed text names; undefined for none. */
export function nodeIn(text: string): string | undefined {
  const link = /[?&]node=([^&#\s]+)/.exec(text)?.[1];
  const name = (link === undefined ? text : decodeURIComponent(link)).trim().toLowerCase();
  return nameProblem(name) === undefined ? name : undefined;
}

/**
 * Shows what the camera sees until it has read the name of a node, or `signal` ends it.
 *
 * @returns the node
 * @throws Error when there is no camera, or it may not be used, or it was ended
 */
export async function scanNode(place: HTMLElement, signal: AbortSignal): Promise<string> {
  const Detector = (window as unknown as { BarcodeDetector: DetectorClass }).BarcodeDetector;
  const detector = new Detector({ formats: ["qr_code"] });
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
