import { createHash } from "node:crypto";
import { nodeTopic, DOWN_PLACE, timeTopic } from "../../devs/contract/topics";
import { realBeaconClock, startTimeBeacon } from "../broker/timeBeacon";
import type { BrokerLogin } from "../city/brokerConnection";
import { CityClient } from "../city/cityClient";
import { CommandWitness } from "../city/commandWitness";
import { CityView, HISTORY_MS } from "../city/cityView";
import { mapWithNodes, type CityMap } from "../city/mapFile";
import { Receiver, type CityListener, type StateArrival } from "../city/receiver";
import { VisitDesk } from "../city/visitDesk";
import { openCityDatabase } from "../history/cityDatabase";
import { Recorder } from "../history/recorder";
import { SqliteHistory } from "../history/sqliteHistory";
import type { Inventory } from "../inventory/inventory";
import type { ListenOptions } from "../net/listen";
import type { OnDevice } from "../ota/messageSocket";
import { CHANNEL_RECENT_MS } from "../ota/seenNodes";
import { startGateway, type RecentReading, type RunningGateway } from "../ota/startGateway";
import { commandId, sendCommand } from "../operator/sendCommand";
import { People } from "../people/people";
import { Sessions } from "../people/sessions";
import { SignInLimit } from "../people/signInLimit";
import type { AuditLine, CommandAnswer, MapTiles } from "./api";
import type { CityLink } from "./feed";
import { HttpProblem } from "./http";
import { NO_UPDATES, startWebServer, type WebServer, type WebServerOptions } from "./server";

/** A city and all that its server needs. */
export interface CityServerOptions extends BrokerLogin, ListenOptions {
  readonly city: string;
  /** The server's own database. */
  readonly historyFile: string;
  /** People sign in by it; nodes are accepted in it. */
  readonly inventory: Inventory;
  readonly map: CityMap;
  /** Where pages get pictures of the streets; without it they draw those of the map. */
  readonly tiles?: MapTiles | undefined;
  /** Days after which readings, events and states are forgotten. */
  readonly keepDays: number;
  /** Whether anybody may watch without signing in. */
  readonly publicView: boolean;
  readonly host: string;
  readonly port: number;
  readonly folder?: string;
  readonly tls?: WebServerOptions["tls"];
  readonly trustedProxy?: string | undefined;
  /** Where nodes reach the broker, for people to read. */
  readonly brokerUrl: string;
  /** Called with one plain sentence for whoever runs the server. */
  readonly onProblem: (problem: string) => void;
  /**
   * Where nodes get new programs, `simulated` for nodes of this process; without it there are no
   * updates over the air.
   */
  readonly updates?:
    | {
        readonly host: string;
        readonly port: number;
        readonly nodesAtOnce?: number | undefined;
        readonly bytesPerS?: number | undefined;
      }
    | "simulated"
    | undefined;
  /** UTC in milliseconds; this computer's clock by default. */
  readonly now?: () => number;
}

/** A running city server. */
export interface CityServer extends WebServer {
  /** Resolves when the broker has been reached. */
  readonly connected: Promise<void>;
  /** Takes a node that asks for a new program; undefined without updates. */
  readonly updates: OnDevice | undefined;
}

const COMMAND_WAIT_MS = 15_000;
/** What whoever runs the server is told of updates; all of it stands in the audit log. */
const TOLD_OF_UPDATES = new Set([
  "node-rescued",
  "node-crashes",
  "node-refused",
  "rollout-rolling-back",
  "rollout-stopped",
]);
const DAY_MS = 24 * 3600_000;
/** Old readings are forgotten a step at a time, so that nobody waits for it. */
const FORGET_PERIOD_MS = 1000;
/** The pause after everything old is forgotten. */
const FORGET_PAUSE_MS = 3600_000;
/** Below the 20 messages that Mosquitto sends before the first is acknowledged. */
const UNACKNOWLEDGED_MAX = 16;

/**
 * The pages, the time beacon and the receiver of one city, at any broker.
 *
 * @throws InputError when the history cannot be used, PortTakenError
 */
export async function startCityServer(options: CityServerOptions): Promise<CityServer> {
  const { city, inventory, onProblem } = options;
  const now = options.now ?? Date.now;
  const database = openCityDatabase(options.historyFile, city);
  const history = new SqliteHistory(database);
  const view = new CityView({ city, now });
  const link = new LinkState(now, onProblem);

  const recorder: Recorder = new Recorder({
    city,
    history,
    now,
    sequences: (node) => receiver.sequenceState({ city, node }),
    measured: (node) => view.measuredOf(node),
    onProblem: (problem) => {
      link.storage(problem);
      // What found no room was left at the broker.
      if (problem === undefined) client.reconnect();
    },
  });
  const receiver = new Receiver(
    bothOf(view, recorder, ({ node, state }) => visits.hear(node, state)),
    { joinsMidway: true },
  );
  for (const memory of await history.nodes()) {
    view.restore(memory);
    if (memory.sequences) receiver.restore({ city, node: memory.node }, memory.sequences);
  }
  const recentReadings: RecentReading[] = [];
  for await (const portion of history.recentReadings(now() - HISTORY_MS))
    for (const reading of portion) {
      view.restoreReading(reading);
      if (options.updates && reading.timeMs >= now() - CHANNEL_RECENT_MS)
        recentReadings.push(reading);
    }

  const visits = await VisitDesk.open({
    view,
    history,
    inventory,
    publishPlace: (node, place) =>
      client.publish(nodeTopic(city, node, DOWN_PLACE), place ? JSON.stringify(place) : "", {
        retain: true,
      }),
    onProblem,
    now,
  });

  const updates: RunningGateway | undefined = options.updates
    ? await startGateway({
        ...(options.updates === "simulated" ? {} : { at: options.updates, ...options.updates }),
        city,
        inventory,
        recentReadings,
        onProblem,
        link: {
          connected: () => link.state().state === "up",
          publish: (topic, payload) =>
            void client.publish(topic, payload, { qos: 1 }).catch(() => {}),
        },
        onNote: ({ what, node, detail }) => {
          if (TOLD_OF_UPDATES.has(what))
            onProblem([what, node, detail].filter((part) => part !== undefined).join(" "));
        },
      })
    : undefined;
  const witness = new CommandWitness({
    city,
    now,
    isPerson: (name) =>
      inventory.people().some((person) => person.name === name && person.atBroker),
  });
  const server = await startWebServer({
    ...options,
    view,
    link: () => link.state(),
    updates: () => updates?.view() ?? NO_UPDATES,
    broker: options.brokerUrl,
    access: {
      people: new People(inventory),
      sessions: new Sessions(database, now),
      limit: new SignInLimit(now),
      history,
      publicView: options.publicView,
      now,
    },
    services: {
      history,
      visits,
      map: () => ({
        ...mapWithNodes(options.map, visits.places),
        ...(options.tiles ? { tiles: options.tiles } : {}),
      }),
      command: (node, command) => sendToNode(client, view, witness, node, command),
      audit: async (most) => newestOf(await history.auditLines(most), inventory, most),
    },
  }).catch(async (error: unknown) => {
    await updates?.close();
    await history.close();
    throw error;
  });

  let reached = (): void => {};
  const connected = new Promise<void>((resolve) => (reached = resolve));
  const client = new CityClient({
    broker: options.broker,
    ca: options.ca,
    user: options.user,
    password: options.password,
    city,
    session: sessionName(city, database.installation),
    commands: true,
    onMessage: (topic, payload, acknowledge, way) => {
      if (witness.isCommand(topic)) {
        const line = witness.line(topic, payload);
        // What cannot be written stays at the broker, and comes again.
        if (line) history.audit(line).then(acknowledge, () => {});
        else acknowledge();
        return;
      }
      if (!recorder.hasRoom) return;
      receiver.receive(topic, payload, now(), way);
      updates?.hear(topic, payload);
      recorder.afterWrite(acknowledge);
      if (recorder.unacknowledged >= UNACKNOWLEDGED_MAX) void recorder.flush();
    },
    onConnected: () => {
      link.broker(undefined);
      reached();
      void visits.publish();
    },
    onProblem: (problem) => link.broker(problem),
  });
  const endBeacon = startTimeBeacon(
    {
      publish: (_topic, payload) =>
        void client.publish(timeTopic(city), payload, { qos: 0 }).catch(() => {}),
    },
    city,
    { ...realBeaconClock, utcMs: now },
  );
  const endForgetting = forgetOld(history, options.keepDays, now, onProblem);

  return {
    port: server.port,
    url: server.url,
    connected,
    updates: updates?.accept,
    close: async () => {
      endBeacon();
      endForgetting();
      await updates?.close();
      await server.close();
      await recorder.flush();
      await client.close();
      await recorder.flush();
      await history.close();
    },
  };
}

/** How the server is connected to the city: by its broker, and to its own disk. */
class LinkState {
  readonly #now: () => number;
  readonly #onProblem: (problem: string) => void;
  #brokerProblem: string | undefined = "the broker was not reached yet";
  #storageProblem: string | undefined;
  #sinceMs: number;

  constructor(now: () => number, onProblem: (problem: string) => void) {
    this.#now = now;
    this.#onProblem = onProblem;
    this.#sinceMs = now();
  }

  broker(problem: string | undefined): void {
    this.#change(() => (this.#brokerProblem = problem));
    if (problem !== undefined) this.#onProblem(problem);
  }

  storage(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#storageProblem) this.#onProblem(problem);
    this.#change(() => (this.#storageProblem = problem));
  }

  state(): CityLink {
    const problem = this.#storageProblem ?? this.#brokerProblem ?? null;
    return { state: problem === null ? "up" : "down", sinceMs: this.#sinceMs, problem };
  }

  #change(set: () => void): void {
    const before = this.state().state;
    set();
    if (this.state().state !== before) this.#sinceMs = this.#now();
  }
}

async function sendToNode(
  client: CityClient,
  view: CityView,
  witness: CommandWitness,
  node: string,
  command: Readonly<Record<string, unknown>>,
): Promise<CommandAnswer> {
  if (!client.connected)
    throw new HttpProblem(503, { error: "unavailable", message: "there is no broker now" });
  const id = commandId();
  const over = witness.expect(id);
  const [answer] = await sendCommand(
    {
      listen: (listener) => client.listen(listener),
      // Every answer comes to this connection anyway.
      subscribe: async () => {},
      publish: (topic, payload, retain) => client.publish(topic, payload, { retain }),
    },
    { isOnline: (name) => view.node(name)?.state === "online" },
    { id, city: view.city, nodes: [node], command, waitMs: COMMAND_WAIT_MS },
  ).finally(over);
  const result = (["accepted", "done", "refused"] as const).find((each) => each === answer?.answer);
  return {
    result: result ?? "silent",
    ...(answer?.details ? { reason: answer.details } : {}),
  };
}

/** What people did here, and what was done to the inventory, newest first. */
function newestOf(lines: readonly AuditLine[], inventory: Inventory, most: number): AuditLine[] {
  const others = inventory
    .audit()
    .slice(-most)
    .map((entry) => ({ ...entry, name: entry.name ?? null, detail: entry.detail ?? null }));
  return [...lines, ...others].sort((a, b) => b.atMs - a.atMs).slice(0, most);
}

/**
 * The broker knows a city's server by this name, whatever the city is called. A second server of the
 * city has another one: a broker ends a connection when another one has its name.
 */
function sessionName(city: string, installation: string): string {
  const name = createHash("sha256")
    .update(installation === "" ? city : `${city}/${installation}`)
    .digest("hex");
  return `centre-${name.slice(0, 12)}`;
}

function bothOf(
  view: CityView,
  recorder: Recorder,
  onState: (arrival: StateArrival) => void,
): CityListener {
  return {
    reading: (reading) => {
      view.reading(reading);
      recorder.reading(reading);
    },
    event: (arrival) => {
      view.event(arrival);
      recorder.event(arrival);
    },
    state: (arrival) => {
      view.state(arrival);
      recorder.state(arrival);
      onState(arrival);
    },
    health: (arrival) => {
      view.health(arrival);
      recorder.health(arrival);
    },
    clock: (arrival) => {
      view.clock(arrival);
      recorder.clock(arrival);
    },
    config: (arrival) => {
      view.config(arrival);
      recorder.config(arrival);
    },
  };
}

function forgetOld(
  history: SqliteHistory,
  keepDays: number,
  now: () => number,
  onProblem: (problem: string) => void,
): () => void {
  let timer: NodeJS.Timeout;
  const step = async (): Promise<void> => {
    let more = false;
    try {
      more = await history.forget(now() - keepDays * DAY_MS);
    } catch (error) {
      onProblem(`what is old cannot be forgotten: ${(error as Error).message}`);
    }
    timer = setTimeout(() => void step(), more ? FORGET_PERIOD_MS : FORGET_PAUSE_MS);
  };
  timer = setTimeout(() => void step(), FORGET_PERIOD_MS);
  return () => clearTimeout(timer);
}
