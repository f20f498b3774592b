/**
 * Reads QR codes in browsers that cannot do it by themselves (Safari, Firefox, many desktops).
 * A file of its own: it is loaded when somebody scans, and kept for the time without a network.
 */
export { BarcodeDetector } from "qr/decode.js";
