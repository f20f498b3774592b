/** Every text of the page in one language. `{name}` is filled in. */
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

  readonly nodes: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;
  readonly online: string;
  readonly offline: string;
  readonly unknown: string;
  readonly summaryOnline: string;
  readonly summaryOffline: string;
  readonly summaryOpen: string;
  readonly summaryNothingOpen: string;

  readonly since: string;
  /** Why a node is online or offline, by the reason in its state message. */
  readonly stateReasons: Readonly<Record<string, string>>;

  readonly groups: Readonly<Record<MetricGroup, string>>;
  readonly metrics: Readonly<Record<string, string>>;
  readonly lastHourRange: string;
  readonly staleSince: string;
  readonly noReadings: string;

  readonly keptBack: string;
  readonly keptBackDetail: string;
  readonly keptBackNote: string;
  readonly keptBackUnknown: string;

  readonly openTitle: string;
  readonly eventsTitle: string;
  readonly noEvents: string;
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
}

/** Metrics that are shown together. */
export type MetricGroup = "air" | "noise" | "weather" | "light" | "other";
