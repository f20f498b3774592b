import type { MetricView, NodeView } from "../../../city/cityView";

/** What the map's colours say. */
export const LAYERS = ["air", "noise", "lamp"] as const;
export type Layer = (typeof LAYERS)[number];

/** How a node is drawn: the name of its text and style, and its shape. */
export interface Mark {
  /** `air-1` to `air-6`, `noise-1` to `noise-5`, `lamp-on`, `lamp-off`, `lamp-fault`, `none`, `offline`. */
  readonly kind: string;
  readonly shape: Shape;
  /** What stands in it. */
  readonly text: string;
}

/** Shapes that differ without colour. */
export type Shape = "circle" | "square" | "triangle" | "diamond" | "ring" | "cross";

/**
 * Upper ends of the bands of the European Air Quality Index from good to very poor, in ug/m3,
 * as revised in 2024 (European Environment Agency, ETC HE report 2024/17, hourly values).
 */
const AIR_BANDS: Readonly<Record<string, readonly number[]>> = {
  pm25: [5, 15, 50, 90, 140],
  pm10: [15, 45, 120, 195, 270],
  no2: [10, 25, 60, 100, 150],
  o3: [60, 100, 120, 160, 180],
};
/** Bands of noise maps (directive 2002/49/EC, annex VI), in dB. */
const NOISE_BANDS: readonly number[] = [55, 60, 65, 70];
/** From this on a lamp burns, where the node does not say so itself; mA. */
const BURNS_MA = 50;

const LEVEL_SHAPES: readonly Shape[] = [
  "circle",
  "circle",
  "square",
  "triangle",
  "diamond",
  "diamond",
];

/** A node without a value that holds now. */
const NONE: Mark = { kind: "none", shape: "ring", text: "" };
const OFFLINE: Mark = { kind: "offline", shape: "cross", text: "" };

/** How a node is drawn in a layer. */
export function markOf(node: NodeView, layer: Layer, nowMs: number): Mark {
  if (node.state === "offline") return OFFLINE;
  switch (layer) {
    case "air":
      return levelMark("air", airLevel(node, nowMs));
    case "noise":
      return levelMark("noise", noiseLevel(node, nowMs));
    case "lamp":
      return lampMark(node, nowMs);
  }
}

/** Every mark of a layer, in the order of the legend. */
export function legendOf(layer: Layer): Mark[] {
  if (layer === "lamp") return [LAMP_ON, LAMP_OFF, LAMP_FAULT, NONE, OFFLINE];
  const levels = layer === "air" ? 6 : 5;
  return [...Array.from({ length: levels }, (_, i) => levelMark(layer, i + 1)), NONE, OFFLINE];
}

/** The value that the layer shows of a node, if it holds now. */
export function layerValue(
  node: NodeView,
  layer: Layer,
  nowMs: number,
): [metric: string, view: MetricView] | undefined {
  const metrics = { air: ["pm25", "pm10"], noise: ["LAeq", "LAF"], lamp: ["lampPower"] }[layer];
  for (const metric of metrics) {
    const view = fresh(node, metric, nowMs);
    if (view) return [metric, view];
  }
  return undefined;
}

const LAMP_ON: Mark = { kind: "lamp-on", shape: "circle", text: "" };
const LAMP_OFF: Mark = { kind: "lamp-off", shape: "square", text: "" };
const LAMP_FAULT: Mark = { kind: "lamp-fault", shape: "triangle", text: "!" };

function levelMark(layer: "air" | "noise", level: number | undefined): Mark {
  if (level === undefined) return NONE;
  return {
    kind: `${layer}-${level}`,
    shape: LEVEL_SHAPES[level - 1] ?? "diamond",
    text: String(level),
  };
}

/** The worst of all pollutants counts, as in the index; the index itself where the node has it. */
function airLevel(node: NodeView, nowMs: number): number | undefined {
  const index = fresh(node, "eaqi", nowMs);
  if (index) return Math.max(1, Math.min(6, Math.round(index.value)));
  const levels = Object.entries(AIR_BANDS).flatMap(([metric, bands]) => {
    const view = fresh(node, metric, nowMs);
    return view ? [bandOf(view.value, bands)] : [];
  });
  return levels.length > 0 ? Math.max(...levels) : undefined;
}

function noiseLevel(node: NodeView, nowMs: number): number | undefined {
  const view = fresh(node, "LAeq", nowMs) ?? fresh(node, "LAF", nowMs);
  if (!view) return undefined;
  return 1 + NOISE_BANDS.filter((from) => view.value >= from).length;
}

function lampMark(node: NodeView, nowMs: number): Mark {
  if (node.open.some(({ event }) => event === "lamp-fault")) return LAMP_FAULT;
  const on = fresh(node, "lampOn", nowMs);
  if (on) return on.value >= 0.5 ? LAMP_ON : LAMP_OFF;
  const current = fresh(node, "lampCurrent", nowMs);
  if (!current) return NONE;
  return current.value >= BURNS_MA ? LAMP_ON : LAMP_OFF;
}

/** 1 for a value up to the first end. */
function bandOf(value: number, ends: readonly number[]): number {
  return 1 + ends.filter((end) => value > end).length;
}

function fresh(node: NodeView, metric: string, nowMs: number): MetricView | undefined {
  const view = node.metrics[metric];
  return view && nowMs - view.timeMs <= view.staleAfterMs ? view : undefined;
}
