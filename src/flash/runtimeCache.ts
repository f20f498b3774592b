import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { InputError } from "../inputError";
import { replaceFile } from "../replaceFile";
import { devicescriptCompiler, type ArchFile } from "../toolchain/compile";
import { readRuntimeImage, type RuntimeImage } from "./runtimeImage";

/** An image has 1.3 MB; what is many times longer is none. */
const DOWNLOAD_MAX_BYTES = 4 * 1024 * 1024;
const DOWNLOAD_TIMEOUT_MS = 120_000;

/** What is known of an image in the cache; kept beside it. */
interface CacheRecord {
  readonly url: string;
  readonly sha256: string;
  readonly fetched: string;
}

/** `STREETNODE_CACHE`, or `streetnode` in the user's folder for such files. */
export function defaultCacheFolder(): string {
  const { STREETNODE_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (STREETNODE_CACHE) return STREETNODE_CACHE;
  const cache =
    process.platform === "win32"
      ? (LOCALAPPDATA ?? join(homedir(), "AppData", "Local"))
      : XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(cache, "streetnode");
}

/** The chip of that name. @throws InputError */
export function archOf(archId: string): ArchFile {
  const arch = devicescriptCompiler().resolveBuildConfig({ hwInfo: {}, addBoards: [] }).archs[
    archId
  ];
  if (!arch?.bareUrl) throw new InputError(`chip ${archId}: has no runtime`);
  return arch;
}

/**
 * Runtime images on disk, each with the checksum that it had when it was fetched. The release
 * publishes no checksums of its own: the first download, over TLS, is believed.
 */
export class RuntimeCache {
  readonly folder: string;

  constructor(folder = defaultCacheFolder()) {
    this.folder = folder;
  }

  /** Where the image for a chip is kept. */
  file(arch: ArchFile): string {
    return join(this.folder, basename(new URL(arch.bareUrl ?? "").pathname));
  }

  /**
   * The image for a chip.
   *
   * @throws InputError when there is none, or it is not what was fetched.
   */
  read(arch: ArchFile): RuntimeImage {
    const file = this.file(arch);
    let content: Uint8Array;
    let record: CacheRecord;
    try {
      content = new Uint8Array(readFileSync(file));
      record = JSON.parse(readFileSync(`${file}.json`, "utf8")) as CacheRecord;
    } catch {
      throw new InputError(
        `the runtime for ${arch.name} is not here yet: run streetnode flash --fetch-runtime, or name a file with --runtime`,
      );
    }
    const image = readRuntimeImage(file, arch.id, Number(arch.binFlashOffset), content);
    if (image.sha256 !== record.sha256)
      throw new InputError(
        `${file}: is not what was fetched (its SHA-256 differs): run streetnode flash --fetch-runtime`,
      );
    return image;
  }

  /**
   * Fetches the image for a chip from the official release and keeps it with its checksum.
   *
   * @param url where from, if not from the release.
   * @throws Error that says what failed; what was in the cache stays.
   */
  async fetch(arch: ArchFile, url = arch.bareUrl ?? ""): Promise<RuntimeImage> {
    const content = await download(url);
    const image = readRuntimeImage(url, arch.id, Number(arch.binFlashOffset), content);
    const record: CacheRecord = {
      url,
      sha256: createHash("sha256").update(content).digest("hex"),
      fetched: new Date().toISOString(),
    };
    mkdirSync(this.folder, { recursive: true });
    const file = this.file(arch);
    replaceFile(`${file}.json`, JSON.stringify(record, undefined, 2) + "\n");
    replaceFile(file, Buffer.from(content));
    return image;
  }
}

/** The image for a chip from a file. @throws InputError when it cannot be read or is for another chip. */
export function readRuntimeFile(file: string, arch: ArchFile): RuntimeImage {
  let content: Uint8Array;
  try {
    content = new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new InputError(`--runtime ${file}: ${(error as Error).message}`);
  }
  return readRuntimeImage(file, arch.id, Number(arch.binFlashOffset), content);
}

async function download(url: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
  } catch (error) {
    const cause = (error as { cause?: Error }).cause ?? (error as Error);
    throw new Error(
      `${url}: cannot be reached (${cause.message}): fetch it elsewhere and name the file with --runtime`,
      { cause: error },
    );
  }
  if (!response.ok) throw new Error(`${url}: the server answers ${response.status}`);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    bytes += (part as Uint8Array).length;
    if (bytes > DOWNLOAD_MAX_BYTES) throw new Error(`${url}: is too long for a runtime image`);
  }
  return new Uint8Array(Buffer.concat(parts));
}
