/** A point in CSS pixels, from the upper left corner. */
export interface Pixel {
  readonly x: number;
  readonly y: number;
}

/** A position on earth (WGS 84), in degrees. */
export interface Position {
  readonly lat: number;
  readonly lon: number;
}

/** A point of the Mercator map of the world, which is 1 wide and 1 high. */
interface WorldPoint {
  readonly x: number;
  readonly y: number;
}

/** The whole earth on 256 pixels, and a street on a thousand. */
const SCALE_MIN = 256;
const SCALE_MAX = 256 * 2 ** 21;
/** Mercator ends here. */
const LAT_MAX = 85;
const TILE_PX = 256;
/** Tile servers commonly go so far. */
const TILE_ZOOM_MAX = 19;
/** Room around what is made to fit, in pixels. */
const MARGIN_PX = 36;

/** A map tile and where its upper left corner is. */
export interface TilePlace extends Pixel {
  /** Its address: zoom, column and row. */
  readonly tile: { readonly z: number; readonly x: number; readonly y: number };
  readonly sizePx: number;
}

/** Which part of the world a map shows, in the Web Mercator projection (EPSG:3857). */
export class MapView {
  width = 1;
  height = 1;
  #middle: WorldPoint = { x: 0.5, y: 0.5 };
  /** Pixels for the width of the world. */
  #scale = SCALE_MIN;

  /** Pixels a metre in the middle of the map. */
  get pixelsPerMetre(): number {
    const { lat } = this.toPosition({ x: this.width / 2, y: this.height / 2 });
    return this.#scale / (40_075_017 * Math.cos((lat * Math.PI) / 180));
  }

  /** Where a position is on the map. */
  toPixel(position: Position): Pixel {
    const { x, y } = toWorld(position);
    return {
      x: (x - this.#middle.x) * this.#scale + this.width / 2,
      y: (y - this.#middle.y) * this.#scale + this.height / 2,
    };
  }

  /** What is shown at a point of the map. */
  toPosition({ x, y }: Pixel): Position {
    return toPosition({
      x: this.#middle.x + (x - this.width / 2) / this.#scale,
      y: this.#middle.y + (y - this.height / 2) / this.#scale,
    });
  }

  /** The tiles that cover what is shown, about as large as they are made. */
  tiles(): TilePlace[] {
    const wanted = Math.round(Math.log2(this.#scale / TILE_PX));
    const z = Math.max(0, Math.min(TILE_ZOOM_MAX, wanted));
    const across = 2 ** z;
    const sizePx = this.#scale / across;
    const left = this.#middle.x * this.#scale - this.width / 2;
    const top = this.#middle.y * this.#scale - this.height / 2;
    const span = (fromPx: number, lengthPx: number): [number, number] => [
      Math.max(0, Math.floor(fromPx / sizePx)),
      Math.min(across - 1, Math.floor((fromPx + lengthPx) / sizePx)),
    ];
    const [firstX, lastX] = span(left, this.width);
    const [firstY, lastY] = span(top, this.height);
    const places: TilePlace[] = [];
    for (let y = firstY; y <= lastY; y++)
      for (let x = firstX; x <= lastX; x++)
        places.push({ tile: { z, x, y }, sizePx, x: x * sizePx - left, y: y * sizePx - top });
    return places;
  }

  /** Moves what is shown by so many pixels. */
  pan(dx: number, dy: number): void {
    this.#middle = inWorld({
      x: this.#middle.x - dx / this.#scale,
      y: this.#middle.y - dy / this.#scale,
    });
  }

  /** Shows things larger by a factor; what is at `around` stays there. */
  zoom(factor: number, around: Pixel = { x: this.width / 2, y: this.height / 2 }): void {
    const fixed = toWorld(this.toPosition(around));
    this.#scale = Math.min(SCALE_MAX, Math.max(SCALE_MIN, this.#scale * factor));
    this.#middle = inWorld({
      x: fixed.x - (around.x - this.width / 2) / this.#scale,
      y: fixed.y - (around.y - this.height / 2) / this.#scale,
    });
  }

  /** Puts a position into the middle, at least so large. */
  centre(position: Position, pixelsPerMetre = 0): void {
    this.#middle = inWorld(toWorld(position));
    if (this.pixelsPerMetre < pixelsPerMetre) this.zoom(pixelsPerMetre / this.pixelsPerMetre);
  }

  /** Shows all of these positions; nothing for none. */
  fit(positions: readonly Position[]): void {
    if (positions.length === 0) return;
    const points = positions.map(toWorld);
    const [left, right] = spanOf(points.map(({ x }) => x));
    const [top, bottom] = spanOf(points.map(({ y }) => y));
    this.#middle = { x: (left + right) / 2, y: (top + bottom) / 2 };
    const free = (size: number): number => Math.max(size - 2 * MARGIN_PX, size / 2);
    this.#scale = Math.min(
      SCALE_MAX / 8,
      Math.max(
        SCALE_MIN,
        Math.min(
          free(this.width) / Math.max(right - left, 1e-12),
          free(this.height) / Math.max(bottom - top, 1e-12),
        ),
      ),
    );
  }
}

function toWorld({ lat, lon }: Position): WorldPoint {
  const phi = (Math.max(-LAT_MAX, Math.min(LAT_MAX, lat)) * Math.PI) / 180;
  return {
    x: lon / 360 + 0.5,
    y: 0.5 - Math.log(Math.tan(Math.PI / 4 + phi / 2)) / (2 * Math.PI),
  };
}

function toPosition({ x, y }: WorldPoint): Position {
  return {
    lat: (360 / Math.PI) * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) - 90,
    lon: (x - 0.5) * 360,
  };
}

function inWorld({ x, y }: WorldPoint): WorldPoint {
  return { x: Math.max(0, Math.min(1, x)), y: Math.max(0, Math.min(1, y)) };
}

function spanOf(values: readonly number[]): [low: number, high: number] {
  return values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}
