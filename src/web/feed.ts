import type { Attention } from "../city/attention";
import type { RolloutView } from "../ota/updatesView";
import type { NodeChange, NodeView } from "../city/cityView";

/** `/api/nodes`, and the `snapshot` event that opens `/events`. */
export interface CitySnapshot {
  readonly city: string;
  /** The server's clock, UTC in milliseconds: a viewer's own may be wrong. */
  readonly nowMs: number;
  /** Where nodes reach the broker, for people to read. */
  readonly broker: string | null;
  readonly link: CityLink;
  readonly nodes: readonly NodeView[];
  /** Open alarms, and nodes that need a visit: the worst first. */
  readonly attention: readonly Attention[];
  /** The rollout of a new program that goes on, or that was over less than a day ago. */
  readonly rollout: RolloutView | null;
}

/** How the server itself is connected to the city. */
export interface CityLink {
  /** `down` while the broker cannot be reached or nothing can be stored: what is shown is old. */
  readonly state: "up" | "down";
  /** Since when; UTC in milliseconds. */
  readonly sinceMs: number;
  /** One plain sentence in English; `null` while all is well. */
  readonly problem: string | null;
}

/** The `change` event of `/events`. */
export interface CityChange {
  readonly nowMs: number;
  readonly nodes: readonly NodeChange[];
  /** Left out while it is as before. */
  readonly attention?: readonly Attention[];
  /** Left out while it is as before. */
  readonly link?: CityLink;
  /** Left out while it is as before. */
  readonly rollout?: RolloutView | null;
}

/** The `alive` event of `/events`: says that there is nothing new, and that the line is up. */
export interface CityAlive {
  readonly nowMs: number;
}

/** Changes are gathered for this long before they are sent. */
export const CHANGE_PERIOD_MS = 500;
/** After this long without a change the server says that it is alive. */
export const ALIVE_PERIOD_MS = 5000;
