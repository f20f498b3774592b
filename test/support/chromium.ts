import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const PROGRAM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/**
 * Whether Chromium is there. Without it the tests that need it say so and are not run;
 * where everything is meant to be tested (`CI` is set) its absence is an error.
 */
export const HAS_CHROMIUM = existsSync(PROGRAM);
if (!HAS_CHROMIUM) {
  const problem = `Chromium is not at ${PROGRAM} (CHROMIUM names another place)`;
  if (process.env["CI"]) throw new Error(problem);
  console.warn(`${problem}: the tests of the page are not run`);
}

/** Makes Chromium see that film (Y4M) in place of a camera, and lets every page use it. */
export function cameraArgs(film: string): string[] {
  return [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-video-capture=${film}`,
  ];
}

/** Starts Chromium without a window, and without a word to anybody but the page's server. */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: PROGRAM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });
}
