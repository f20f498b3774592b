import type { Severity } from "../../../city/attention";
import type { RolloutState, StepState } from "../../../ota/rolloutStates";
import type { Role } from "../../../people/roles";
import type { CommandAnswer, VisitView } from "../../api";
import type { Layer } from "../map/marks";

/** What is said of the rollout of a new program. */
export interface RolloutTexts {
  readonly title: string;
  readonly stage: string;
  readonly states: Readonly<Record<RolloutState, string>>;
  /** Nodes that are in a state, before their number. */
  readonly nodes: Readonly<Record<StepState, string>>;
  readonly rescued: string;
}

/** Every text that both pages or the city page need in one language. `{name}` is filled in. */
export interface Texts {
  /** The language's own name. */
  readonly language: string;
  readonly title: string;
  readonly chooseLanguage: string;
  /** Names of cities by their identifiers; one that is not here is shown as it is. */
  readonly cities: Readonly<Record<string, string>>;

  readonly connecting: string;
  readonly live: string;
  readonly notLive: string;
  readonly notLiveSince: string;
  readonly neverLive: string;

  readonly waitingTitle: string;
  readonly waitingText: string;
  readonly waitingBroker: string;

  readonly nodes: Plural;
  readonly online: string;
  readonly offline: string;
  readonly unknown: string;
  readonly summaryOnline: string;
  readonly summaryOffline: string;
  readonly summaryOpen: string;
  readonly summaryNothingOpen: string;

  readonly menu: string;
  readonly fieldPage: string;
  readonly signIn: string;
  readonly signOut: string;
  readonly signedInAs: string;
  readonly signInExpired: string;
  readonly signInToWatch: string;
  readonly signInWrong: string;
  readonly signInTooMany: string;
  readonly userName: string;
  readonly password: string;
  readonly cancel: string;
  readonly notReached: string;
  readonly noLine: string;
  readonly mayNot: string;
  readonly roles: Readonly<Record<Role, string>>;
  readonly linkDown: string;

  readonly mapTitle: string;
  readonly mapLabel: string;
  readonly zoomIn: string;
  readonly zoomOut: string;
  readonly showAll: string;
  readonly legend: string;
  readonly chooseLayer: string;
  readonly layers: Readonly<Record<Layer, string>>;
  readonly layerNotes: Readonly<Record<Layer, string>>;
  /** By the kind of a mark. */
  readonly marks: Readonly<Record<string, string>>;
  readonly unplaced: Plural;
  readonly attentionTitle: string;
  readonly nothingToDo: string;
  readonly severities: Readonly<Record<Severity, string>>;
  readonly sensorBus: string;
  readonly weakSignal: string;
  readonly rollout: RolloutTexts;
  readonly onPole: string;
  readonly allNodes: string;
  readonly searchNode: string;

  readonly backToMap: string;
  readonly identify: string;
  readonly identifyAsked: string;
  readonly commandResults: Readonly<Record<CommandAnswer["result"], string>>;
  readonly openFieldPage: string;
  readonly exportCsv: string;
  readonly alarmAt: string;
  readonly alarmBelow: string;
  /** When an alarm applies, by the configuration's words. */
  readonly periods: Readonly<Record<string, string>>;
  readonly configuration: string;
  readonly configUnknown: string;
  readonly configInForce: string;
  readonly configRefused: string;
  readonly configRolledBack: string;
  readonly configDefaults: string;
  readonly signal: string;
  readonly chips: string;
  readonly height: string;
  readonly direction: string;

  readonly since: string;
  /** Why a node is online or offline, by the reason in its state message. */
  readonly stateReasons: Readonly<Record<string, string>>;

  readonly groups: Readonly<Record<MetricGroup, string>>;
  readonly metrics: Readonly<Record<string, string>>;
  readonly lastDayRange: string;
  readonly staleSince: string;
  readonly noReadings: string;

  readonly keptBack: string;
  readonly keptBackDetail: string;
  readonly keptBackUnknown: string;

  readonly openTitle: string;
  readonly visitsTitle: string;
  readonly noVisits: string;
  readonly visitKinds: Readonly<Record<VisitView["kind"], string>>;
  readonly visitBy: string;
  readonly visitDespite: string;
  readonly visitPhoto: string;
  readonly eventsTitle: string;
  readonly noEvents: string;
  /** Instead of a time that nobody knows: the latest that it can be. */
  readonly beforeTime: string;
  /** By the event's name; `{subject}` is the chip or the channel. */
  readonly events: Readonly<Record<string, string>>;
  readonly eventOther: string;
  readonly faultReasons: Readonly<Record<string, string>>;
  readonly eventValue: string;

  readonly health: string;
  readonly uptime: string;
  readonly boots: string;
  readonly waiting: string;
  readonly dropped: string;
  readonly reconnects: string;
  readonly firmware: string;
  readonly board: string;
  readonly lastHeard: string;

  /** Between the parts of one line. */
  readonly listSeparator: string;
  readonly timesNote: string;
  readonly auditCsv: string;
}

/** The forms of a text by the number of things. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;

/** Metrics that are shown together. */
export type MetricGroup = "air" | "noise" | "weather" | "light" | "other";
