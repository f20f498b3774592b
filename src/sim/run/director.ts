import { DOWN_COMMAND, DOWN_CONFIG, nodeTopic } from "../../../devs/contract/topics";
import { startTimeBeacon } from "../../broker/timeBeacon";
import type { VirtualBroker } from "../../broker/virtual/virtualBroker";
import type { FaultName, FaultSettings } from "../chips/chipFaults";
import type { VirtualI2cBus } from "../chips/virtualBus";
import type { MemoryNetwork, PathConditions } from "../network/memoryNetwork";
import type { Cue } from "../scenario/cues";
import type { Action } from "../scenario/scenario";
import type { Scheduler } from "../scheduler";
import type { VirtualNode } from "../virtualNode";

/** What the director has its hands on. */
export interface Stage {
  readonly city: string;
  readonly scheduler: Scheduler;
  readonly startUtcMs: number;
  readonly nodes: ReadonlyMap<string, VirtualNode>;
  readonly buses: ReadonlyMap<string, VirtualI2cBus>;
  /** Absent with a real broker: then nothing can be done to it or to the network. */
  readonly broker?: VirtualBroker;
  readonly network?: MemoryNetwork;
}

/** A moment at which the director acts; it may take the process's time, never the run's. */
export interface Moment {
  readonly atMs: number;
  act(): void | Promise<void>;
}

/** Lets happen what a scenario says, and plays the city's part towards its nodes. */
export class Director {
  readonly #stage: Stage;
  /** How many reasons there are for something to be away; it is back when none is left. */
  readonly #reasons = new Map<string, number>();
  /** What the city wants its nodes to have; a broker that forgot it is told again. */
  readonly #retained = new Map<string, string>();
  readonly #unsent: [string, string][] = [];
  /** What has begun and is not over, in the order in which it began, by what it happens to. */
  readonly #going = new Map<string, Action[]>();

  constructor(stage: Stage) {
    this.#stage = stage;
    const { broker, scheduler } = stage;
    if (!broker) return;
    startTimeBeacon(
      {
        publish: (topic, payload) => {
          if (!this.#beacon.silent) broker.publish(topic, payload);
        },
      },
      stage.city,
      {
        utcMs: () => stage.startUtcMs + scheduler.nowMs + 1000 * this.#beacon.offsetS,
        after: (delayMs, callback) => scheduler.after(delayMs, callback),
      },
    );
  }

  /** The moments of these cues, in order. */
  moments(cues: readonly Cue[]): Moment[] {
    const moments = cues.flatMap((cue) => {
      const { node } = cue;
      if (node !== undefined && !this.#stage.nodes.has(node)) return [];
      const begin = { atMs: cue.atMs, act: () => this.#begin(cue) };
      if (cue.untilMs === cue.atMs || cue.untilMs === Infinity) return [begin];
      return [begin, { atMs: cue.untilMs, act: () => this.#end(cue) }];
    });
    return moments.sort((a, b) => a.atMs - b.atMs);
  }

  #begin({ action, node = "" }: Cue): void {
    const { broker, network, nodes, buses, city, scheduler } = this.#stage;
    const path = node === "" ? undefined : network?.path(node);
    switch (action.do) {
      case "broker-down":
        this.#reason("broker", 1);
        if (action.sessions === "lost") this.#unsent.push(...this.#retained);
        return broker?.stop({
          sessions: action.sessions ?? "kept",
          silently: action.silently ?? false,
        });
      case "network":
        return path?.setConditions(conditionsOf(this.#begins(`${node}/network`, action)));
      case "half-open":
        return path?.halfOpen();
      case "wifi-gone":
        this.#reason(`${node}/wifi`, 1);
        this.#setWifi(node, false);
        return path?.disconnect();
      case "power-cut":
      case "brown-out":
        this.#reason(`${node}/power`, 1);
        return nodes.get(node)?.powerOff();
      case "chip-fault":
        this.#begins(`${node}/${action.chip}`, action);
        return buses.get(node)?.chip(action.chip)?.faults.set(action.fault, scheduler.nowMs);
      case "lamp-out":
        // The lamp's outages are part of the node's surroundings from the start.
        return;
      case "beacon-wrong":
        this.#begins("beacon", action);
        return;
      case "configure": {
        const topic = nodeTopic(city, node, DOWN_CONFIG);
        const text = JSON.stringify(action.document);
        this.#retained.set(topic, text);
        return this.#publish(topic, text);
      }
      case "command": {
        return this.#publish(nodeTopic(city, node, DOWN_COMMAND), JSON.stringify(action.command));
      }
    }
  }

  #setWifi(name: string, wifi: boolean): void {
    const node = this.#stage.nodes.get(name);
    if (node) node.wifi = wifi;
  }

  async #end({ action, node = "" }: Cue): Promise<void> {
    const { broker, network, nodes, buses, scheduler } = this.#stage;
    switch (action.do) {
      case "broker-down":
        if (!this.#reason("broker", -1)) return;
        broker?.start();
        for (const [topic, text] of this.#unsent.splice(0)) this.#publish(topic, text);
        return;
      case "network":
        return network
          ?.path(node)
          .setConditions(conditionsOf(this.#ends(`${node}/network`, action)));
      case "wifi-gone":
        if (!this.#reason(`${node}/wifi`, -1)) return;
        this.#setWifi(node, true);
        return network?.path(node).reconnect();
      case "power-cut":
      case "brown-out":
        if (this.#reason(`${node}/power`, -1)) await nodes.get(node)?.powerOn();
        return;
      case "chip-fault": {
        // What another step has this chip suffer goes on.
        const left = faultsOf(this.#ends(`${node}/${action.chip}`, action));
        const over = (Object.keys(action.fault) as FaultName[]).filter((name) => !(name in left));
        const faults = buses.get(node)?.chip(action.chip)?.faults;
        if (over.length > 0) faults?.clear(...over);
        return faults?.set(left, scheduler.nowMs);
      }
      case "beacon-wrong":
        this.#ends("beacon", action);
        return;
    }
  }

  /** How the beacon is now: where several steps have a say, the last one that began has it. */
  get #beacon(): { readonly offsetS: number; readonly silent: boolean } {
    const wrong = this.#going.get("beacon")?.at(-1);
    const { offsetS = 0, silent = false } = wrong?.do === "beacon-wrong" ? wrong : {};
    return { offsetS, silent };
  }

  /** Something begins that goes on for a while; gives all that goes on there. */
  #begins(what: string, action: Action): readonly Action[] {
    const going = [...(this.#going.get(what) ?? []), action];
    this.#going.set(what, going);
    return going;
  }

  /** It is over; gives all that still goes on there. */
  #ends(what: string, action: Action): readonly Action[] {
    const going = [...(this.#going.get(what) ?? [])];
    going.splice(going.indexOf(action), 1);
    this.#going.set(what, going);
    return going;
  }

  /** Counts the reasons for an absence; true when the last one is gone. */
  #reason(what: string, change: 1 | -1): boolean {
    const count = (this.#reasons.get(what) ?? 0) + change;
    this.#reasons.set(what, count);
    return count === 0;
  }

  /** Configurations are retained, commands are not; both wait while there is no broker. */
  #publish(topic: string, text: string): void {
    const { broker } = this.#stage;
    if (!broker?.running) this.#unsent.push([topic, text]);
    else broker.publish(topic, text, { qos: 1, retain: topic.endsWith(DOWN_CONFIG) });
  }
}

/** How a way is under all these steps: of each of its sides the last word counts. */
function conditionsOf(going: readonly Action[]): Partial<PathConditions> {
  let conditions: Partial<PathConditions> = {};
  for (const action of going) {
    if (action.do !== "network") continue;
    const { lossPct, delayMs, jitterMs } = action;
    conditions = {
      ...conditions,
      ...(lossPct === undefined ? {} : { lossShare: lossPct / 100 }),
      ...(delayMs === undefined ? {} : { delayMs }),
      ...(jitterMs === undefined ? {} : { jitterMs }),
    };
  }
  return conditions;
}

/** The faults that all these steps give a chip: of each the last word counts. */
function faultsOf(going: readonly Action[]): Partial<FaultSettings> {
  return Object.assign(
    {},
    ...going.map((action) => (action.do === "chip-fault" ? action.fault : {})),
  ) as Partial<FaultSettings>;
}
