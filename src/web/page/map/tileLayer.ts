import type { MapTiles } from "../../api";
import type { MapView } from "./mapView";

/** Tiles that are kept; two screens of a desktop. */
const TILES_MAX = 150;

/** The pictures of a tile server below everything else, as far as they have come. */
export class TileLayer {
  readonly #url: string;
  readonly #arrived: () => void;
  /** The one that was drawn longest ago first. */
  readonly #images = new Map<string, HTMLImageElement>();

  /** @param arrived called when there is more to draw. */
  constructor({ url }: MapTiles, arrived: () => void) {
    this.#url = url;
    this.#arrived = arrived;
  }

  /** Draws the tiles in sight, and asks for those that are missing. */
  draw(context: CanvasRenderingContext2D, view: MapView): void {
    for (const { tile, sizePx, x, y } of view.tiles()) {
      const address = this.#url
        .replace("{z}", String(tile.z))
        .replace("{x}", String(tile.x))
        .replace("{y}", String(tile.y));
      const image = this.#image(address);
      // One that the server has not got is complete, and has no size.
      if (image.complete && image.naturalWidth > 0) context.drawImage(image, x, y, sizePx, sizePx);
    }
    for (const [address] of this.#images) {
      if (this.#images.size <= TILES_MAX) break;
      this.#images.delete(address);
    }
  }

  #image(address: string): HTMLImageElement {
    let image = this.#images.get(address);
    this.#images.delete(address);
    if (!image) {
      image = new Image();
      image.onload = this.#arrived;
      image.src = address;
    }
    this.#images.set(address, image);
    return image;
  }
}
