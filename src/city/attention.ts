import type { EventView, NodeView } from "./cityView";

/** How urgent something is: somebody should go today, this week, or at the next round. */
export const SEVERITIES = ["critical", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something that whoever watches the city should look at. */
export interface Attention {
  readonly node: string;
  readonly pole?: string;
  /** `alarm`: a value is too high, or a program bad. `visit`: somebody has to go there. */
  readonly kind: "alarm" | "visit";
  /**
   * Of an alarm `alarm`. Of a visit `sensor` (a chip is at fault), `lamp`, `offline`, `signal`
   * (weak radio signal), `rescued` (its program crashed at every start, and it got another one).
   */
  readonly cause: "alarm" | "sensor" | "lamp" | "offline" | "signal" | "rescued";
  readonly severity: Severity;
  readonly sinceMs: number;
  /** Channel of an alarm, or chip of a fault. */
  readonly subject?: string;
  /** Why a sensor or lamp is at fault, or why the node is offline. */
  readonly reason?: string;
  /** Value that raised the alarm; of a weak signal dBm. */
  readonly value?: number;
  /** Threshold of the alarm. */
  readonly threshold?: number;
}

/** A node that restarts or changes the access point is back before that. */
export const OFFLINE_AFTER_MS = 10 * 60_000;
/** Below it Wi-Fi loses frames even at its slowest rate, in dBm. */
export const WEAK_SIGNAL_DBM = -85;

/** Open alarms, rescues and reasons to visit a node, the worst first, then the oldest. */
export function attentionOf(
  nodes: readonly NodeView[],
  nowMs: number,
  rescues: readonly { readonly node: string; readonly atMs: number }[] = [],
): Attention[] {
  return nodes
    .flatMap((node) => [
      ...attentionOfNode(node, nowMs),
      ...attentionOfRescues(
        node,
        rescues.filter((rescue) => rescue.node === node.node),
      ),
    ])
    .sort(byUrgency);
}

/** Nobody has to climb: somebody has to look at the program. */
function attentionOfRescues(
  { node, place }: NodeView,
  rescues: readonly { readonly atMs: number }[],
): Attention[] {
  const last = rescues.at(-1);
  if (!last) return [];
  return [
    {
      node,
      ...(place === undefined ? {} : { pole: place.pole }),
      kind: "alarm",
      cause: "rescued",
      severity: "warning",
      sinceMs: last.atMs,
    },
  ];
}

function attentionOfNode(node: NodeView, nowMs: number): Attention[] {
  const about = {
    node: node.node,
    ...(node.place === undefined ? {} : { pole: node.place.pole }),
  };
  const found: Attention[] = [];
  const offline = node.state === "offline";
  // A restart on command and an update are not reasons to go there until they take too long.
  if (offline && nowMs - (node.sinceMs ?? 0) >= OFFLINE_AFTER_MS)
    found.push({
      ...about,
      kind: "visit",
      cause: "offline",
      severity: "critical",
      sinceMs: node.sinceMs ?? 0,
      ...(node.reason === null ? {} : { reason: node.reason }),
    });
  for (const event of node.open) {
    const attention = attentionOfEvent(event);
    if (attention) found.push({ ...about, ...attention });
  }
  const signalDbm = node.health?.rssiDbm;
  if (!offline && signalDbm !== undefined && signalDbm < WEAK_SIGNAL_DBM)
    found.push({
      ...about,
      kind: "visit",
      cause: "signal",
      severity: "info",
      sinceMs: node.heardMs,
      value: signalDbm,
    });
  return found;
}

function attentionOfEvent(event: EventView): Omit<Attention, "node"> | undefined {
  const subject = event.chip ?? event.channel;
  const details = {
    sinceMs: event.timeMs,
    ...(subject === undefined ? {} : { subject }),
    ...(event.reason === undefined ? {} : { reason: event.reason }),
    ...(event.v === undefined ? {} : { value: event.v }),
    ...(event.threshold === undefined ? {} : { threshold: event.threshold }),
  };
  switch (event.event) {
    case "alarm-raised":
      return { kind: "alarm", cause: "alarm", severity: severityOf(event), ...details };
    case "sensor-fault":
      // Without its bus a node measures nothing at all.
      return {
        kind: "visit",
        cause: "sensor",
        severity: event.chip === "i2c" ? "critical" : "warning",
        ...details,
      };
    case "lamp-fault":
      return {
        kind: "visit",
        cause: "lamp",
        // A dark street is a danger; one that is lit by day only costs.
        severity: event.reason === "lamp-out" ? "critical" : "warning",
        ...details,
      };
    default:
      return undefined;
  }
}

function severityOf({ severity }: EventView): Severity {
  return SEVERITIES.find((known) => known === severity) ?? "warning";
}

function byUrgency(a: Attention, b: Attention): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    // What a crew can mend comes before what only the weather can.
    (a.kind === b.kind ? 0 : a.kind === "visit" ? -1 : 1) ||
    a.sinceMs - b.sinceMs ||
    (a.node < b.node ? -1 : a.node > b.node ? 1 : 0)
  );
}
