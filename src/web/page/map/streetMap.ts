import type { MapAnswer, PoleFeature, StreetFeature } from "../../api";
import { element } from "../dom";
import { MapView, type Pixel, type Position } from "./mapView";
import type { Mark } from "./marks";
import { outlineOf } from "./shapes";
import { placeOfName } from "./streetNames";
import { TileLayer } from "./tileLayer";

/** A node on the map. */
export interface MapMark extends Position {
  readonly node: string;
  readonly mark: Mark;
  /** Whether somebody should look at it. */
  readonly attention: boolean;
}

/** What the map is to do, and its words. */
export interface StreetMapOptions {
  readonly label: string;
  readonly zoomIn: string;
  readonly zoomOut: string;
  readonly showAll: string;
  /** Whether street names are written in Arabic where there are some. */
  readonly arabic: boolean;
  /** Called for a node that was picked. */
  readonly onNode?: (node: string) => void;
  /** Called for a place that was picked, with the pole nearest to it. */
  readonly onPlace?: (position: Position, pole: string | undefined) => void;
}

/** How the things on the map are drawn; read from the page's style sheet, so they follow its theme. */
interface Colors {
  readonly ground: string;
  readonly street: string;
  readonly name: string;
  readonly pole: string;
  readonly ink: string;
  readonly alert: string;
  readonly marks: ReadonlyMap<string, readonly [fill: string, text: string]>;
}

const PAN_STEP_PX = 80;
const ZOOM_STEP = 1.6;
/** A finger is no more exact than that. */
const PICK_PX = 24;
/** A pointer that moves less than this was pressed, not dragged. */
const DRAG_MIN_PX = 6;
/** From here on empty poles can be told apart, and street names have room. */
const POLES_FROM_PX_PER_M = 0.12;
const NAMES_FROM_PX_PER_M = 0.1;
/** Around one node the map shows at least the next crossroads. */
const CLOSE_PX_PER_M = 1;
const STREET_WIDTHS_M: Readonly<Record<string, number>> = {
  trunk: 18,
  boulevard: 16,
  avenue: 13,
  market: 10,
};
const STREET_WIDTH_M = 9;

/**
 * A map of streets and poles, drawn here from what the city gives: no other host, unless the
 * city has a tile server.
 * It is moved by pointer, wheel and keyboard; a list beside it names the same nodes for who
 * cannot see it.
 */
export class StreetMap {
  readonly root: HTMLElement;
  readonly view = new MapView();
  readonly #options: StreetMapOptions;
  readonly #canvas = element("canvas");
  readonly #credit = element("p", { class: "map-credit" });
  readonly #resized: ResizeObserver;
  readonly #pointers = new Map<number, Pixel>();
  readonly #outlines = new Map<string, Path2D>();
  #streets: readonly StreetFeature[] = [];
  #poles: readonly PoleFeature[] = [];
  #marks: readonly MapMark[] = [];
  #tiles: TileLayer | undefined;
  #selected: string | undefined;
  #pin: (Position & { accuracyM?: number | undefined }) | undefined;
  #colors: Colors | undefined;
  #fitted = false;
  #drawing = 0;
  #dragged = false;

  constructor(options: StreetMapOptions) {
    this.#options = options;
    const area = element(
      "div",
      { class: "map-area", tabindex: "0", role: "application", "aria-label": options.label },
      this.#canvas,
    );
    this.root = element(
      "div",
      { class: "map" },
      area,
      this.#credit,
      element(
        "div",
        { class: "map-buttons" },
        this.#button("+", options.zoomIn, () => this.#zoom(ZOOM_STEP)),
        this.#button("−", options.zoomOut, () => this.#zoom(1 / ZOOM_STEP)),
        this.#button("⤢", options.showAll, () => this.showAll()),
      ),
    );
    this.#listen(area);
    this.#resized = new ResizeObserver(() => this.#resize());
    this.#resized.observe(area);
  }

  /** Takes streets and poles. */
  setMap({ features, tiles }: MapAnswer): void {
    if (tiles) this.#tiles ??= new TileLayer(tiles, () => this.redraw());
    this.#credit.textContent = tiles?.credit ?? "";
    this.#streets = features.filter((one) => one.properties.kind === "street") as StreetFeature[];
    this.#poles = features.filter((one) => one.properties.kind === "pole") as PoleFeature[];
    this.#fitted = false;
    this.#fit();
  }

  /** Takes the nodes to draw; those that call for attention are drawn last, over the others. */
  setMarks(marks: readonly MapMark[]): void {
    this.#marks = [...marks].sort((a, b) => Number(a.attention) - Number(b.attention));
    if (!this.#fitted) this.#fit();
    this.redraw();
  }

  /** Rings one node. */
  select(node: string | undefined): void {
    this.#selected = node;
    this.redraw();
  }

  /** Sets the pin, and shows it. */
  setPin(pin: (Position & { accuracyM?: number | undefined }) | undefined, show = true): void {
    this.#pin = pin;
    if (pin && show) {
      this.#fitted = true;
      this.view.centre(pin, CLOSE_PX_PER_M);
    }
    this.redraw();
  }

  /** Puts a position into the middle. */
  centre(position: Position): void {
    this.#fitted = true;
    this.view.centre(position, CLOSE_PX_PER_M);
    this.redraw();
  }

  /** Shows the whole city. */
  showAll(): void {
    this.#fitted = false;
    this.#fit();
  }

  /** Draws in the colours of now. */
  recolor(): void {
    this.#colors = undefined;
    this.redraw();
  }

  /** Draws once before the next frame, however often it is called. */
  redraw(): void {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#draw();
    });
  }

  destroy(): void {
    cancelAnimationFrame(this.#drawing);
    this.#resized.disconnect();
    this.root.remove();
  }

  #button(text: string, label: string, act: () => void): HTMLButtonElement {
    const button = element("button", { type: "button", "aria-label": label, title: label }, text);
    button.addEventListener("click", act);
    return button;
  }

  #zoom(factor: number, around?: Pixel): void {
    this.#fitted = true;
    this.view.zoom(factor, around);
    this.redraw();
  }

  #pan(dx: number, dy: number): void {
    this.#fitted = true;
    this.view.pan(dx, dy);
    this.redraw();
  }

  #fit(): void {
    if (this.view.width <= 1) return;
    // Where nodes are is what a city looks at; an empty one shows its streets.
    const nodes: Position[] = [...this.#marks];
    const streets = this.#streets.flatMap(({ geometry }) =>
      geometry.coordinates.map(([lon, lat]) => ({ lat, lon })),
    );
    const poles = this.#poles.map(positionOf);
    const shown = [nodes, streets, poles].find((some) => some.length > 1) ?? nodes;
    this.view.fit(shown);
    this.#fitted = nodes.length > 1;
    this.redraw();
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.#canvas.parentElement ?? this.#canvas;
    if (clientWidth === 0 || clientHeight === 0) return;
    this.view.width = clientWidth;
    this.view.height = clientHeight;
    this.#canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.#canvas.height = Math.round(clientHeight * devicePixelRatio);
    if (!this.#fitted) this.#fit();
    // At once: a canvas that was resized is empty.
    this.#draw();
  }

  #listen(area: HTMLElement): void {
    area.addEventListener("keydown", (event) => this.#key(event));
    area.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.#zoom(Math.exp(-event.deltaY / 400), this.#pixel(event));
      },
      { passive: false },
    );
    area.addEventListener("pointerdown", (event) => {
      area.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, this.#pixel(event));
      if (this.#pointers.size === 1) this.#dragged = false;
    });
    area.addEventListener("pointermove", (event) => this.#move(event));
    const end = (event: PointerEvent, picks: boolean): void => {
      if (!this.#pointers.delete(event.pointerId)) return;
      if (picks && !this.#dragged && this.#pointers.size === 0) this.#pick(this.#pixel(event));
    };
    area.addEventListener("pointerup", (event) => end(event, true));
    area.addEventListener("pointercancel", (event) => end(event, false));
  }

  #key(event: KeyboardEvent): void {
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#pan(PAN_STEP_PX, 0),
      ArrowRight: () => this.#pan(-PAN_STEP_PX, 0),
      ArrowUp: () => this.#pan(0, PAN_STEP_PX),
      ArrowDown: () => this.#pan(0, -PAN_STEP_PX),
      "+": () => this.#zoom(ZOOM_STEP),
      "=": () => this.#zoom(ZOOM_STEP),
      "-": () => this.#zoom(1 / ZOOM_STEP),
      "0": () => this.showAll(),
      Enter: () => this.#pick({ x: this.view.width / 2, y: this.view.height / 2 }),
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  /** One pointer pans; two zoom around the middle between them. */
  #move(event: PointerEvent): void {
    const from = this.#pointers.get(event.pointerId);
    if (!from) return;
    const to = this.#pixel(event);
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    if (!this.#dragged && Math.hypot(dx, dy) < DRAG_MIN_PX) return;
    this.#dragged = true;
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, to);
    if (!other) return this.#pan(dx, dy);
    const before = Math.hypot(from.x - other.x, from.y - other.y);
    const after = Math.hypot(to.x - other.x, to.y - other.y);
    this.#pan(dx / 2, dy / 2);
    if (before > 1)
      this.#zoom(after / before, { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 });
  }

  #pick(at: Pixel): void {
    const { onNode, onPlace } = this.#options;
    if (onNode) {
      const found = nearest(at, this.#marks, (mark) => this.view.toPixel(mark));
      if (found) onNode(found.node);
    }
    if (onPlace) {
      const pole = nearest(at, this.#poles, (one) => this.view.toPixel(positionOf(one)));
      onPlace(pole ? positionOf(pole) : this.view.toPosition(at), pole?.properties.pole);
    }
  }

  #pixel({ clientX, clientY }: { clientX: number; clientY: number }): Pixel {
    const { left, top } = this.#canvas.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  #draw(): void {
    const context = this.#canvas.getContext("2d");
    if (!context || this.view.width <= 1) return;
    const colors = (this.#colors ??= this.#readColors());
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.fillStyle = colors.ground;
    context.fillRect(0, 0, this.view.width, this.view.height);
    // Tiles have streets with their names.
    if (this.#tiles) this.#tiles.draw(context, this.view);
    else this.#drawStreets(context, colors);
    if (this.view.pixelsPerMetre >= POLES_FROM_PX_PER_M) this.#drawPoles(context, colors);
    if (!this.#tiles && this.view.pixelsPerMetre >= NAMES_FROM_PX_PER_M)
      this.#drawNames(context, colors);
    this.#drawMarks(context, colors);
    this.#drawPin(context, colors);
  }

  #drawStreets(context: CanvasRenderingContext2D, colors: Colors): void {
    const scale = this.view.pixelsPerMetre;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = colors.street;
    for (const { geometry, properties } of this.#streets) {
      const widthM = STREET_WIDTHS_M[properties.street ?? ""] ?? STREET_WIDTH_M;
      context.lineWidth = Math.max(1.5, widthM * scale);
      context.beginPath();
      for (const [lon, lat] of geometry.coordinates) {
        const { x, y } = this.view.toPixel({ lat, lon });
        context.lineTo(x, y);
      }
      context.stroke();
    }
  }

  /** Each street's name along it, between the nodes where there is room. */
  #drawNames(context: CanvasRenderingContext2D, colors: Colors): void {
    context.font = `500 12px ${getComputedStyle(this.#canvas).fontFamily}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = colors.name;
    context.strokeStyle = colors.ground;
    context.lineWidth = 3;
    const marks = this.#marks.map((mark) => this.view.toPixel(mark));
    const taken: Pixel[] = [];
    for (const { geometry, properties } of this.#streets) {
      const name = this.#options.arabic ? (properties.nameAr ?? properties.name) : properties.name;
      if (!name) continue;
      const line = geometry.coordinates.map(([lon, lat]) => this.view.toPixel({ lat, lon }));
      const needs = context.measureText(name).width + 12;
      const place = placeOfName(line, needs, this.view, marks);
      if (!place) continue;
      if (taken.some((one) => Math.hypot(one.x - place.x, one.y - place.y) < needs / 2)) continue;
      taken.push(place);
      context.save();
      context.translate(place.x, place.y);
      context.rotate(place.angle);
      context.strokeText(name, 0, 0);
      context.fillText(name, 0, 0);
      context.restore();
    }
  }

  #drawPoles(context: CanvasRenderingContext2D, colors: Colors): void {
    const { width, height } = this.view;
    const radius = Math.max(1.2, Math.min(4, this.view.pixelsPerMetre * 2.5));
    context.fillStyle = colors.pole;
    for (const pole of this.#poles) {
      const { x, y } = this.view.toPixel(positionOf(pole));
      if (x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    }
  }

  #drawMarks(context: CanvasRenderingContext2D, colors: Colors): void {
    const { width, height } = this.view;
    // Larger where there is room: from half to one and a half of the legend's size.
    const size = Math.max(0.7, Math.min(1.5, 0.7 + this.view.pixelsPerMetre));
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `700 11px ${getComputedStyle(this.#canvas).fontFamily}`;
    for (const item of this.#marks) {
      const { x, y } = this.view.toPixel(item);
      if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
      const { mark } = item;
      const [fill, text] = colors.marks.get(mark.kind) ?? [colors.ground, colors.ink];
      context.save();
      context.translate(x, y);
      context.scale(size, size);
      if (item.attention || item.node === this.#selected) {
        context.beginPath();
        context.arc(0, 0, 11.5, 0, 2 * Math.PI);
        context.lineWidth = item.node === this.#selected ? 4 : 2.5;
        context.strokeStyle = item.node === this.#selected ? colors.ink : colors.alert;
        context.stroke();
      }
      const outline = this.#outline(mark);
      context.fillStyle = fill;
      context.fill(outline);
      context.lineWidth = mark.shape === "ring" ? 2 : 1.2;
      context.strokeStyle = colors.ink;
      context.stroke(outline);
      if (mark.text) {
        context.fillStyle = text;
        context.fillText(mark.text, 0, mark.shape === "triangle" ? 1.5 : 0.5);
      }
      context.restore();
    }
  }

  #drawPin(context: CanvasRenderingContext2D, colors: Colors): void {
    if (!this.#pin) return;
    const { x, y } = this.view.toPixel(this.#pin);
    const { accuracyM = 0 } = this.#pin;
    context.save();
    context.translate(x, y);
    if (accuracyM > 0) {
      context.globalAlpha = 0.18;
      context.fillStyle = colors.alert;
      context.beginPath();
      context.arc(0, 0, accuracyM * this.view.pixelsPerMetre, 0, 2 * Math.PI);
      context.fill();
      context.globalAlpha = 1;
    }
    context.fillStyle = colors.alert;
    context.strokeStyle = colors.ground;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(0, 0);
    context.lineTo(-8, -16);
    context.arc(0, -20, 9, Math.PI * 0.85, Math.PI * 0.15);
    context.closePath();
    context.fill();
    context.stroke();
    context.restore();
  }

  #outline({ shape }: Mark): Path2D {
    let outline = this.#outlines.get(shape);
    if (!outline) this.#outlines.set(shape, (outline = new Path2D(outlineOf(shape))));
    return outline;
  }

  #readColors(): Colors {
    const style = getComputedStyle(this.root);
    const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    const kinds = [
      ...["1", "2", "3", "4", "5", "6"].map((level) => `air-${level}`),
      ...["1", "2", "3", "4", "5"].map((level) => `noise-${level}`),
      "lamp-on",
      "lamp-off",
      "lamp-fault",
      "none",
      "offline",
    ];
    return {
      ground: read("map-ground"),
      street: read("map-street"),
      name: read("map-name"),
      pole: read("map-pole"),
      ink: read("map-ink"),
      alert: read("map-alert"),
      marks: new Map(kinds.map((kind) => [kind, [read(kind), read(`${kind}-text`)]])),
    };
  }
}

function positionOf({ geometry: { coordinates } }: PoleFeature): Position {
  const [lon, lat] = coordinates;
  return { lat, lon };
}

function nearest<T>(at: Pixel, all: readonly T[], where: (one: T) => Pixel): T | undefined {
  let best: T | undefined;
  let bestPx = PICK_PX;
  for (const one of all) {
    const { x, y } = where(one);
    const px = Math.hypot(x - at.x, y - at.y);
    if (px < bestPx) [best, bestPx] = [one, px];
  }
  return best;
}
