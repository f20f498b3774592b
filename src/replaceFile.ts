import { randomBytes } from "node:crypto";
import {
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

/** Readable by the owner only. */
const PRIVATE_MODE = 0o600;

/**
 * Writes a file in one step: whoever reads it meanwhile, or after a crash, finds the old
 * content or the new one. A new file can be read by its owner only; one that is there keeps
 * its owner and its rights.
 *
 * @returns false when it holds this content already; it is not touched then
 */
export function replaceFile(file: string, content: string | Buffer): boolean {
  if (bytesOf(file)?.equals(Buffer.from(content))) return false;
  const before = statSync(file, { throwIfNoEntry: false });
  const draft = `${file}.${randomBytes(6).toString("hex")}.draft`;
  try {
    const descriptor = openSync(draft, "wx", before ? before.mode & 0o777 : PRIVATE_MODE);
    try {
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (before && process.getuid?.() === 0) chownSync(draft, before.uid, before.gid);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncFolder(dirname(file));
  return true;
}

/** Makes a rename in this folder last through a power cut. */
export function syncFolder(folder: string): void {
  // Windows knows no such thing.
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The text of a file, or undefined when there is none. */
export function contentOf(file: string): string | undefined {
  return bytesOf(file)?.toString("utf8");
}

function bytesOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
