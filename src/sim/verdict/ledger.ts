import type { EventMessage, HealthMessage } from "../../../devs/contract/messages";
import { metricDecimals, metricIndex } from "../../../devs/contract/metrics";
import type { Report } from "../virtualNode";

/** A reported time that is this far off is wrong: the node keeps times to the second. */
const TIME_OFF_MS = 2500;
/**
 * A node of which the city heard nothing for so long was without its broker: its outbox may
 * have thinned what it held, and could not say so. Readings wait five minutes before they
 * leave, or fifteen for health.
 */
const OFFLINE_MS = 1_200_000;

/** A node that believed a wrong beacon hears the next right one so much later. */
const BELIEVED_MS = 3_600_000;

/** A time in which the city's beacon was wrong. */
export interface WrongBeacon {
  readonly fromMs: number;
  readonly toMs: number;
  /** So far it was ahead of UTC. */
  readonly offsetMs: number;
}

/** How far a sent value may be from the reported one, in steps; a half goes either way. */
const ROUNDING = 0.51;

/** What became of the readings of a node, or of its events. */
export interface Account {
  /** What the node's filters let through. */
  readonly reported: number;
  readonly delivered: number;
  /** Delivered later than the scenario allows. */
  readonly late: number;
  readonly latestS: number;
  /** Dropped or thinned by the node, and counted in its health messages. */
  readonly droppedAndSaid: number;
  /** In the node's memory when its power went or its program ended. */
  readonly lostWithPower: number;
  /** Still with the node at the end of the run. */
  readonly waiting: number;
  /** Gone, and nobody can say why. */
  readonly unexplained: number;
  /** Arrived, but the node never reported it, or another value. */
  readonly altered: number;
  /** Delivered with a time that is off by more than two seconds, though the city's beacon was right. */
  readonly timeOff: number;
  /** The same while the beacon was wrong, or before the node heard the next right one. */
  readonly timeOffUnderWrongBeacon: number;
}

interface Item {
  /** Which one of its kind it was, from 1: the node sends them in this order. */
  readonly order: number;
  readonly key: string;
  readonly value: number;
  readonly timeMs: number;
  readonly boot: number;
}

interface Boot {
  health: HealthMessage | undefined;
  /** When it ended, and how long before the city had heard from it last. */
  endedMs: number | undefined;
  offline: boolean;
}

/**
 * Sets what one node said of itself, on its own console, against what arrived at the city.
 * It knows nothing of outbox, packs and wire.
 */
export class Ledger {
  readonly #lateAfterMs: number;
  readonly #wrongBeacons: readonly WrongBeacon[];
  readonly #readings = new Column();
  readonly #events = new Column();
  readonly #boots = new Map<number, Boot>();
  #lastArrivalMs = 0;
  #boot = 0;

  constructor(lateAfterMs: number, wrongBeacons: readonly WrongBeacon[] = []) {
    this.#lateAfterMs = lateAfterMs;
    this.#wrongBeacons = wrongBeacons;
  }

  /** The node's filters let a reading through. */
  reported({ metric, value, timeMs, boot }: Report): void {
    this.#boot = boot;
    this.#readings.add({ key: metric, value: inSteps(metric, value), timeMs, boot });
  }

  /** The node noticed something. */
  noticed(event: EventMessage, timeMs: number): void {
    this.#events.add({ key: eventKey(event), value: 0, timeMs, boot: this.#boot });
  }

  /** A reading arrived at the city, which takes it to be of that time. */
  arrived(metric: string, value: number, timeMs: number, nowMs: number): void {
    this.#lastArrivalMs = nowMs;
    const item = this.#readings.take(metric, inSteps(metric, value), this.#awayFrom(timeMs));
    if (!item) return;
    this.#delivered(this.#readings, item, timeMs, nowMs);
  }

  eventArrived(event: EventMessage, timeMs: number, nowMs: number): void {
    this.#lastArrivalMs = nowMs;
    const item = this.#events.take(eventKey(event), 0, this.#awayFrom(timeMs));
    if (!item) return;
    this.#delivered(this.#events, item, timeMs, nowMs);
  }

  /** The node counted. */
  health(boot: number, health: HealthMessage): void {
    this.#boot = boot;
    this.#bootOf(boot).health = health;
  }

  /** The power went, or the program ended. */
  ended(boot: number, nowMs: number): void {
    const info = this.#bootOf(boot);
    info.endedMs = nowMs;
    info.offline = nowMs - this.#lastArrivalMs > OFFLINE_MS;
  }

  /** What became of the readings, and of the events. */
  accounts(nowMs: number): { readonly readings: Account; readonly events: Account } {
    // The node counts what it dropped of both together.
    const explained = new Map<number, number>();
    const readings = this.#account(this.#readings, nowMs, explained);
    return { readings, events: this.#account(this.#events, nowMs, explained) };
  }

  #delivered(column: Column, item: Item, timeMs: number, nowMs: number): void {
    const timeOff = Math.abs(timeMs - item.timeMs) > TIME_OFF_MS;
    column.delivered(item, nowMs - item.timeMs, this.#lateAfterMs);
    if (timeOff && this.#misled(item)) column.counts.timeOffUnderWrongBeacon++;
    else if (timeOff) column.counts.timeOff++;
  }

  /** Whether a wrong beacon explains that the city has another time for an item. */
  #misled(item: Item): boolean {
    return this.#wrongBeacons.some((beacon) => this.#misleads(beacon, item));
  }

  #misleads({ fromMs, toMs }: WrongBeacon, item: Item): boolean {
    return this.#lastArrivalMs >= fromMs && item.timeMs < toMs + BELIEVED_MS;
  }

  /**
   * How far an item is from a time that the city was given: under a wrong beacon that time
   * may be the item's own, and so much ahead.
   */
  #awayFrom(timeMs: number): (item: Item) => number {
    return (item) =>
      this.#wrongBeacons.reduce(
        (leastMs, beacon) =>
          this.#misleads(beacon, item)
            ? Math.min(leastMs, Math.abs(item.timeMs + beacon.offsetMs - timeMs))
            : leastMs,
        Math.abs(item.timeMs - timeMs),
      );
  }

  #bootOf(boot: number): Boot {
    const known = this.#boots.get(boot);
    if (known) return known;
    const fresh = { health: undefined, endedMs: undefined, offline: false };
    this.#boots.set(boot, fresh);
    return fresh;
  }

  #account(column: Column, nowMs: number, explained: Map<number, number>): Account {
    let droppedAndSaid = 0;
    let lostWithPower = 0;
    let waiting = 0;
    let unexplained = 0;
    for (const [boot, missing] of column.missing()) {
      const { health, endedMs, offline } = this.#bootOf(boot);
      const before = explained.get(boot) ?? 0;
      const counted = (health?.dropped ?? 0) + (health?.thinned ?? 0) - before;
      let said = 0;
      for (const item of missing) {
        const afterAll = item.order > column.lastDelivered(boot);
        if (endedMs !== undefined && (afterAll || offline)) lostWithPower++;
        else if (endedMs === undefined && (afterAll || this.#offlineAt(nowMs))) waiting++;
        else if (said < counted) said++;
        else unexplained++;
      }
      explained.set(boot, before + said);
      droppedAndSaid += said;
    }
    return { ...column.counts, droppedAndSaid, lostWithPower, waiting, unexplained };
  }

  #offlineAt(nowMs: number): boolean {
    return nowMs - this.#lastArrivalMs > OFFLINE_MS;
  }
}

/** Things of one kind that were said and have not arrived, by what they are. */
class Column {
  readonly counts = {
    reported: 0,
    delivered: 0,
    late: 0,
    latestS: 0,
    altered: 0,
    timeOff: 0,
    timeOffUnderWrongBeacon: 0,
  };
  readonly #open = new Map<string, Item[]>();
  /** The newest that was delivered, by boot. */
  readonly #lastDelivered = new Map<number, number>();

  add(said: Omit<Item, "order">): void {
    const item = { ...said, order: ++this.counts.reported };
    const open = this.#open.get(item.key);
    if (open) open.push(item);
    else this.#open.set(item.key, [item]);
  }

  /** Takes out the one with that value that is the least away; undefined where there is none. */
  take(key: string, value: number, awayOf: (item: Item) => number): Item | undefined {
    const open = this.#open.get(key) ?? [];
    let best = -1;
    let bestMs = Infinity;
    open.forEach((item, i) => {
      if (!(Math.abs(item.value - value) <= ROUNDING)) return;
      const awayMs = awayOf(item);
      if (awayMs >= bestMs) return;
      best = i;
      bestMs = awayMs;
    });
    if (best < 0) {
      this.counts.altered++;
      return undefined;
    }
    return open.splice(best, 1)[0];
  }

  delivered({ order, boot }: Item, delayMs: number, lateAfterMs: number): void {
    this.counts.delivered++;
    this.#lastDelivered.set(boot, Math.max(order, this.lastDelivered(boot)));
    if (delayMs > lateAfterMs) this.counts.late++;
    this.counts.latestS = Math.max(this.counts.latestS, Math.round(delayMs / 1000));
  }

  /** The order of the newest that was delivered of a boot; 0 where there is none. */
  lastDelivered(boot: number): number {
    return this.#lastDelivered.get(boot) ?? 0;
  }

  /** What has not arrived, by boot, in the order in which it was said. */
  missing(): Map<number, Item[]> {
    const byBoot = new Map<number, Item[]>();
    const all = [...this.#open.values()].flat().sort((a, b) => a.order - b.order);
    for (const item of all) {
      const items = byBoot.get(item.boot);
      if (items) items.push(item);
      else byBoot.set(item.boot, [item]);
    }
    return byBoot;
  }
}

/** In steps of the metric's last decimal, to which the node rounds what it sends. */
function inSteps(metric: string, value: number): number {
  const index = metricIndex(metric);
  return index < 0 ? value : value * 10 ** metricDecimals(index);
}

function eventKey({ event, chip, channel, reason, threshold }: EventMessage): string {
  return [event, chip, channel, reason, threshold].join(" ");
}
