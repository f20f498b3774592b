import type { Image } from "./image";
import type { OtaStore } from "./otaStore";

/** The images that can be used, by the names that the store and the nodes have for them. */
export class KnownImages {
  readonly #store: OtaStore;
  #byHash: ReadonlyMap<string, Image> = new Map();
  #byShortHash: ReadonlyMap<number, Image> = new Map();
  /** Hashes of what the store held when images were last read. */
  #hashes = "";

  constructor(store: OtaStore) {
    this.#store = store;
    this.#read();
  }

  /** The image whose program has this hash. */
  get(hash: string): Image | undefined {
    return this.#byHash.get(hash);
  }

  /** The image whose program a node names so. */
  ofShortHash(shortHash: number): Image | undefined {
    return this.#byShortHash.get(shortHash);
  }

  /** Reads the images anew when the store holds others now. */
  update(hashes: readonly string[]): void {
    if (hashes.join() !== this.#hashes) this.#read();
    this.#hashes = hashes.join();
  }

  #read(): void {
    this.#byHash = this.#store.images();
    this.#byShortHash = new Map(
      [...this.#byHash.values()].map((image) => [image.shortHash, image]),
    );
  }
}
