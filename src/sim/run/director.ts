import { DOWN_COMMAND, DOWN_CONFIG, nodeTopic } from "../../../devs/contract/topics";
import { startTimeBeacon } from "../../broker/timeBeacon";
import type { VirtualBroker } from "../../broker/virtual/virtualBroker";
import type { FaultName } from "../chips/chipFaults";
import type { VirtualI2cBus } from "../chips/virtualBus";
import type { MemoryNetwork } from "../network/memoryNetwork";
import type { Cue } from "../scenario/cues";
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
  #beaconOffsetS = 0;
  #beaconSilent = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    const { broker, scheduler } = stage;
    if (!broker) return;
    startTimeBeacon(
      {
        publish: (topic, payload) => {
          if (!this.#beaconSilent) broker.publish(topic, payload);
        },
      },
      stage.city,
      {
        utcMs: () => stage.startUtcMs + scheduler.nowMs + 1000 * this.#beaconOffsetS,
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
        return path?.setConditions({
          lossShare: (action.lossPct ?? 0) / 100,
          ...(action.delayMs === undefined ? {} : { delayMs: action.delayMs }),
          ...(action.jitterMs === undefined ? {} : { jitterMs: action.jitterMs }),
        });
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
        return buses.get(node)?.chip(action.chip)?.faults.set(action.fault, scheduler.nowMs);
      case "lamp-out":
        // The lamp's outages are part of the node's surroundings from the start.
        return;
      case "beacon-wrong":
        this.#beaconOffsetS = action.offsetS ?? 0;
        this.#beaconSilent = action.silent ?? false;
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
    const { broker, network, nodes, buses } = this.#stage;
    switch (action.do) {
      case "broker-down":
        if (!this.#reason("broker", -1)) return;
        broker?.start();
        for (const [topic, text] of this.#unsent.splice(0)) this.#publish(topic, text);
        return;
      case "network":
        return network?.path(node).setConditions({});
      case "wifi-gone":
        if (!this.#reason(`${node}/wifi`, -1)) return;
        this.#setWifi(node, true);
        return network?.path(node).reconnect();
      case "power-cut":
      case "brown-out":
        if (this.#reason(`${node}/power`, -1)) await nodes.get(node)?.powerOn();
        return;
      case "chip-fault":
        // Another step's fault of the same chip goes on.
        return buses
          .get(node)
          ?.chip(action.chip)
          ?.faults.clear(...(Object.keys(action.fault) as FaultName[]));
      case "beacon-wrong":
        this.#beaconOffsetS = 0;
        this.#beaconSilent = false;
        return;
    }
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
