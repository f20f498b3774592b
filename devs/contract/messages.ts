/**
 * The shapes of the messages on a node's topics. All are JSON objects but
 * `up/data`, a SenML pack (RFC 8428), which is an array of records.
 */

/** `up/state`, retained: the birth message and, as the last will, the offline message. */
export interface StateMessage {
  readonly state: "online" | "offline";
  /**
   * Why: `boot`, `reconnected`, `placed` where it was told another pole, `connection-lost` (the
   * last will), or why it restarts, as in `start`; `updating` while the runtime may fetch another program, and `not-updated` when none
   * came.
   */
  readonly reason: string;
  /** Boots of this node since its flash was new. */
  readonly boot: number;
  /** Firmware version; absent in the last will. */
  readonly version?: string;
  /** Hash of the program that runs (FNV-1a, 32 bits, of its bytes); absent in the last will. */
  readonly program?: number;
  /** Board or `simulator`; absent in the last will. */
  readonly board?: string;
  /** The pole it hangs on, as `down/place` said last; absent for none, and in the last will. */
  readonly pole?: string;
  /** The chips that answer; absent in the last will. */
  readonly chips?: string[];
  /** Serial numbers of the chips that have one, by chip; absent in the last will. */
  readonly serials?: Readonly<Record<string, string>>;
  /** Self-test now: a name when it passed, `name=reason` when it failed; absent in the last will. */
  readonly checks?: string[];
  /** Why the program started, as in `up/health`; absent in the last will. */
  readonly start?: string;
  /**
   * Whether the program crashed so often that it only connects and takes commands; absent in the
   * last will.
   */
  readonly safeMode?: boolean;
}

/**
 * One record of `up/data`. Base fields hold for the records after them, too, until
 * another one takes their place (RFC 8428 section 4.1). The first record also says what
 * holds for the whole pack.
 */
export interface SenmlRecord {
  /** Base name: `{city}/{node}/`, or that with a metric's name at its end. */
  readonly bn?: string;
  /** Base unit. */
  readonly bu?: string;
  /** Base time, UTC in seconds since 1970; absent while the node's clock is not set. */
  readonly bt?: number;
  /** Boot count: with `seq` it names a pack, so that the city can drop a duplicate. */
  readonly boot?: number;
  /** Sequence number of the pack in this boot, from 1, without a gap. */
  readonly seq?: number;
  /**
   * True for readings of a boot before this one, kept through a power cut, in which the
   * node never learned the time: their times only count back from the last of them.
   */
  readonly untimed?: true;
  /** Name of the metric; absent where the base name ends in it. */
  readonly n?: string;
  /** Unit, where it is not the base unit; absent for an index. */
  readonly u?: string;
  readonly v: number;
  /** Seconds: added to `bt`, or, without `bt`, before the moment of sending (negative). */
  readonly t?: number;
}

/** `all/down/time`, from the city to every node, every half minute and never retained. */
export interface TimeBeacon {
  /** UTC in milliseconds since 1970, as it is when the beacon is sent. */
  readonly utcMs: number;
}

/** `up/event`: something happened that a person or a program should know of. */
export interface EventMessage {
  /** `sensor-fault`, `sensor-ok`, `alarm-raised`, `alarm-cleared`, `lamp-fault`, `lamp-ok`. */
  readonly event: string;
  readonly boot: number;
  /** Sequence number, shared with the packs of `up/data`. */
  readonly seq: number;
  /** Chip of a sensor event; `i2c` is the bus of all of them. */
  readonly chip?: string;
  /** Channel of an alarm. */
  readonly channel?: string;
  /**
   * Why a sensor is at fault: `no-answer`, `bad-crc`, `not-ready`, `out-of-range`,
   * `wrong-chip`, `chip-error`, `frozen`, `driver-error`, `bus-stuck`. What is wrong with a
   * lamp: `lamp-out`, `day-burner`, `lamp-cycling`, `lamp-power`.
   */
  readonly reason?: string;
  /** Threshold that raises the alarm, which tells the alarms of a channel apart. */
  readonly threshold?: number;
  /** Of an alarm: `info`, `warning` or `critical`. */
  readonly severity?: string;
  /** Value that raised or cleared an alarm; of a lamp its power, in W. */
  readonly v?: number;
  /**
   * Seconds: UTC since 1970, or, while the node has no clock, before the moment of sending
   * (negative). Absent from an event of a boot before this one in which the node never
   * learned the time.
   */
  readonly t?: number;
}

/** `up/health`: how the node is. Counters count from boot. */
export interface HealthMessage {
  readonly boot: number;
  readonly uptimeS: number;
  /**
   * Why the program started: `power-on`, `crash`, `command`, `configuration`, `watchdog`,
   * `safe-mode-over`, `no-sensors`, `update`.
   */
  readonly start: string;
  /** Values read from chips. */
  readonly samples: number;
  /** Values a filter chain refused: implausible, or changing too fast. */
  readonly rejected: number;
  /** Readings that passed the report rule and were put into packs. */
  readonly reported: number;
  /** Messages handed to the MQTT session with QoS 1. */
  readonly published: number;
  /** Of those, acknowledged by the broker. */
  readonly acknowledged: number;
  /** Readings and events dropped because the outbox was full. */
  readonly dropped: number;
  /** Readings taken out of a full outbox by thinning: every second one of its oldest half. */
  readonly thinned: number;
  /** Readings that were no number, or too large to be kept. */
  readonly refused: number;
  /** Readings and events in RAM that wait for the broker. */
  readonly waiting: number;
  /** Packs in flash that wait for the broker. */
  readonly kept: number;
  /** Time beacons refused: no number, before 2026, retained, or more than a day off. */
  readonly beaconsRefused: number;
  /** Connections after the first. */
  readonly reconnects: number;
  /**
   * Attempts to connect that failed: no such name, nobody there, TLS, a write error, no or no
   * good CONNACK; absent while there are none, as the two that follow.
   */
  readonly connectFailures?: number;
  /** Answers of the network or the broker that did not come in time. */
  readonly timeouts?: number;
  /** Connections that the node ended because of what the broker sent. */
  readonly protocolErrors?: number;
  /** Reads, writes and removals of packs in flash that failed; absent while there are none, as the next. */
  readonly flashErrors?: number;
  /** Packs in flash that were damaged, and so are lost. */
  readonly damagedPacks?: number;
  /** Faults of sensors raised. */
  readonly sensorFaults: number;
  /** By chip, of those that had any: reads and starts that failed, and starts after the first. */
  readonly sensors?: Readonly<Record<string, readonly number[]>>;
  /** Messages from the broker that could not be understood. */
  readonly badMessages: number;
  /** Errors in the program that were caught. */
  readonly exceptions: number;
  /** Strength of the Wi-Fi signal, in dBm; absent where the runtime does not tell it. */
  readonly rssiDbm?: number;
  /** The self-test of the start, as in `up/reply`; in the first health message of a boot only. */
  checks?: readonly string[];
}

/** `up/config`, retained: the configuration in force, and what became of the document before. */
export interface ConfigReportMessage {
  /** Version of the document that was applied last; 0 for none. */
  readonly version: number;
  /** Hash of that document's bytes: FNV-1a, 32 bits, 8 hexadecimal digits. */
  readonly hash: string;
  /**
   * `in-force` when the last document was applied, `refused` when it was not, `rolled-back`
   * when the node went back to the one before because it had lost its broker. `refused` without
   * `wanted` after a start: this firmware does not take all of what an earlier one stored, and a
   * part that it does not take has its defaults.
   */
  readonly status: "in-force" | "refused" | "rolled-back";
  /** Version of the document that was refused; absent where none could be read. */
  readonly wanted?: number;
  /** What was wrong with it, by path. */
  readonly refused?: readonly ConfigProblem[];
  /** What differs from the defaults. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Something wrong in a configuration. */
export interface ConfigProblem {
  /** Such as `channels.pm25.alarms[1].clear`; empty for the document as a whole. */
  readonly path: string;
  /** What was expected. */
  readonly reason: string;
}

/** `down/config`, retained: a document or a part of one; every section may be left out. */
export interface ConfigMessage {
  /** Another one than before, 1 to 4294967295. */
  readonly version: number;
  /** Channels by metric; `null` for one stands for its defaults. */
  readonly channels?: Readonly<Record<string, unknown>> | null;
  readonly health?: Readonly<Record<string, unknown>> | null;
  readonly release?: Readonly<Record<string, unknown>> | null;
  readonly time?: Readonly<Record<string, unknown>> | null;
  readonly noise?: Readonly<Record<string, unknown>> | null;
  readonly lamp?: Readonly<Record<string, unknown>> | null;
  /** By part, such as `sen55`. */
  readonly sensors?: Readonly<Record<string, unknown>> | null;
}

/** `down/command`: something to do once. */
export interface CommandMessage {
  /** 1 to 40 printable characters, another one for each command. */
  readonly id: string;
  /** Name of the command. */
  readonly command:
    | "identify"
    | "sample"
    | "flush"
    | "self-test"
    | "restart"
    | "clear-counters"
    | "log"
    | "update"
    | "calibrate";
  /** How long to identify, 1 to 600; 30 when left out. */
  readonly seconds?: number;
  /**
   * How long to publish the log, 1 to 60, or to leave the socket to the runtime for an
   * update, 1 to 30; 5 when left out.
   */
  readonly minutes?: number;
  /** Program that an update is to bring: FNV-1a of its bytes, 32 bits. */
  readonly program?: number;
  /** Channel to calibrate. */
  readonly channel?: string;
  /** True value of the channel now, near nothing: moves the offset. */
  readonly zero?: number;
  /** True value of the channel now, well above nothing: changes the gain. */
  readonly span?: number;
}

/** `up/reply`: the answer to a command. */
export interface ReplyMessage {
  /** Id of the command; empty where none could be read. */
  readonly id: string;
  /** `accepted` where it goes on for a while, `done`, or `refused` for the reason given. */
  readonly result: "accepted" | "done" | "refused";
  readonly reason?: string;
  /** True for a command that came again: it was done once. */
  readonly repeated?: boolean;
  /**
   * Checks of a self-test: a name when it passed, `name=reason` when it failed, `name~reason`
   * when it could not be made.
   */
  readonly checks?: readonly string[];
}

/** `down/place`, retained: where the node hangs, as the crew said that accepted it there. */
export interface PlaceMessage {
  /** What the pole is called. */
  readonly pole: string;
  /** WGS 84, in degrees. */
  readonly lat: number;
  readonly lon: number;
  /** Above the ground. */
  readonly heightM?: number;
  /** Where it faces, clockwise from north. */
  readonly directionDeg?: number;
}

/** `up/log`: lines of the node's log, oldest first, each cut to 80 bytes of UTF-8. */
export type LogMessage = readonly string[];
