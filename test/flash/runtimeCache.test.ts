import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RuntimeCache, archOf, readRuntimeFile } from "../../src/flash/runtimeCache";
import { madeUpRuntime } from "../support/madeUpRuntime";

let folder: string;
let cache: RuntimeCache;
let server: Server;
let url: string;
let answer: { status: number; body: Uint8Array };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-cache-"));
  cache = new RuntimeCache(join(folder, "cache"));
  answer = { status: 200, body: madeUpRuntime("esp32") };
  server = createServer((_, response) => {
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.bin`;
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the runtime cache", () => {
  const arch = archOf("esp32");

  it("fetches from the official release, by name", () => {
    expect(arch.bareUrl).toMatch(
      /^https:\/\/github\.com\/microsoft\/devicescript-esp32\/releases\/.*\/devicescript-esp32-esp32_bare-0x1000\.bin$/,
    );
    expect(cache.file(arch)).toBe(
      join(folder, "cache", "devicescript-esp32-esp32_bare-0x1000.bin"),
    );
  });

  it("gives back what was fetched", async () => {
    expect(() => cache.read(arch)).toThrow("run streetnode flash --fetch-runtime");
    const fetched = await cache.fetch(arch, url);
    expect(cache.read(arch)).toEqual(fetched);
    const record = JSON.parse(readFileSync(`${cache.file(arch)}.json`, "utf8"));
    expect(record).toMatchObject({ url, sha256: fetched.sha256 });
  });

  it("refuses what is no longer what was fetched", async () => {
    await cache.fetch(arch, url);
    const content = readFileSync(cache.file(arch));
    // In the bootloader, which no hash of the image's own covers.
    content[0x1000] ^= 1;
    writeFileSync(cache.file(arch), content);
    expect(() => cache.read(arch)).toThrow("its SHA-256 differs");
  });

  it("keeps what it has when a fetch fails", async () => {
    const { sha256 } = await cache.fetch(arch, url);
    answer = { status: 404, body: Buffer.from("gone") };
    await expect(cache.fetch(arch, url)).rejects.toThrow("the server answers 404");
    answer = { status: 200, body: madeUpRuntime("esp32c3") };
    await expect(cache.fetch(arch, url)).rejects.toThrow("is for esp32c3, expected one for esp32");
    answer = { status: 200, body: new Uint8Array(5 * 1024 * 1024) };
    await expect(cache.fetch(arch, url)).rejects.toThrow("is too long");
    server.close();
    server.closeAllConnections();
    await expect(cache.fetch(arch, url)).rejects.toThrow("cannot be reached");
    expect(cache.read(arch).sha256).toBe(sha256);
  });

  it("takes a file instead", () => {
    const file = join(folder, "own.bin");
    writeFileSync(file, madeUpRuntime("esp32"));
    expect(readRuntimeFile(file, arch).version).toBe("v2.16.1");
    expect(() => readRuntimeFile(join(folder, "none.bin"), arch)).toThrow("--runtime ");
    expect(() => archOf("esp8266")).toThrow("chip esp8266: has no runtime");
  });
});
