import mqttPacket from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { DEFAULT_MAX_PACKET_BYTES } from "../../devs/mqtt/decoder";
import { type Link, Session } from "../../devs/mqtt/session";
import { SessionEvent, SessionState, nextState } from "../../devs/mqtt/sessionStates";

const connack = (returnCode: number) =>
  mqttPacket.generate({ cmd: "connack", returnCode, sessionPresent: false });

/** A session whose socket does nothing by itself. */
class Bench {
  nowMs = 0;
  socketOpen = false;
  lastPublishId = 0;
  readonly session: Session;

  constructor() {
    const link: Link = {
      open: () => {
        this.socketOpen = true;
      },
      send: (packet) => {
        if (!this.socketOpen) throw new Error("sent without a socket");
        const at = 2 + ((packet[2] << 8) | packet[3]) + 2;
        if (packet[0] >> 4 === 3) this.lastPublishId = (packet[at] << 8) | packet[at + 1];
      },
      backlogged: () => false,
      close: () => {
        this.socketOpen = false;
      },
    };
    const will = { topic: "up/state", payload: "lost", retain: true };
    this.session = new Session(
      {
        clientId: "bk-0001",
        keepAliveS: 60,
        will,
        subscriptions: ["down/config"],
        maxPacketBytes: DEFAULT_MAX_PACKET_BYTES,
      },
      link,
      { birth: () => will, message: () => {}, stateChanged: () => {} },
      () => 0.5,
    );
  }

  receive(bytes: Buffer): void {
    this.session.linkReceived(bytes, this.nowMs);
    this.rest();
  }

  rest(): void {
    while (this.session.poll(this.nowMs) === 0);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.rest();
  }

  /** A new session, brought into that state on the shortest way. */
  static in(state: SessionState): Bench {
    const bench = new Bench();
    const steps = [
      () => bench.session.start(bench.nowMs),
      () => bench.pass(3000),
      () => bench.session.linkOpened(bench.nowMs),
      () => bench.receive(connack(0)),
      () => bench.session.stop("offline", bench.nowMs),
    ];
    for (const step of steps.slice(0, state)) step();
    expect(bench.session.state).toBe(state);
    return bench;
  }
}

/** What can happen, as it happens from outside. */
const STIMULI: Record<string, (bench: Bench) => void> = {
  start: (b) => b.session.start(b.nowMs),
  stop: (b) => b.session.stop("offline", b.nowMs),
  "three seconds pass": (b) => b.pass(3000),
  "the socket opens": (b) => b.session.linkOpened(b.nowMs),
  accepted: (b) => b.receive(connack(0)),
  "wrong password": (b) => b.receive(connack(4)),
  "server unavailable": (b) => b.receive(connack(3)),
  "the socket ends": (b) => {
    b.session.linkLost("connection closed");
    b.rest();
  },
  "malformed input": (b) => b.receive(Buffer.from([0xff, 0])),
  "PINGRESP comes": (b) => b.receive(Buffer.from([0xd0, 0])),
  "newest PUBACK comes": (b) =>
    b.receive(Buffer.from([0x40, 2, b.lastPublishId >> 8, b.lastPublishId & 255])),
  "half a minute passes": (b) => b.pass(30_000),
};

const S = "Stopped";
const W = "Waiting";
const O = "Opening";
const G = "Greeting";
const C = "Connected";
const L = "Leaving";

/** The state after each stimulus, in the order Stopped, Waiting, Opening, Greeting, Connected, Leaving. */
const EXPECTED: Record<keyof typeof STIMULI, string[]> = {
  start: [W, W, O, G, C, L],
  stop: [S, S, S, S, L, L],
  "three seconds pass": [S, O, O, G, C, L],
  "the socket opens": [S, W, G, W, W, S],
  accepted: [S, W, O, C, W, S],
  "wrong password": [S, W, O, W, W, S],
  "server unavailable": [S, W, O, W, W, S],
  "the socket ends": [S, W, W, W, W, S],
  "malformed input": [S, W, O, W, W, S],
  "PINGRESP comes": [S, W, O, W, C, L],
  // DISCONNECT follows, and the socket is closed a moment later.
  "newest PUBACK comes": [S, W, O, W, C, L],
  "half a minute passes": [S, O, W, W, W, S],
};

describe("every state and everything that can happen in it", () => {
  const cases = Object.entries(EXPECTED).flatMap(([stimulus, row]) =>
    row.map((expected, state): [string, string, string] => [
      SessionState[state],
      stimulus,
      expected,
    ]),
  );

  it.each(cases)("%s, %s: %s", (state, stimulus, expected) => {
    const bench = Bench.in(SessionState[state as keyof typeof SessionState]);
    STIMULI[stimulus](bench);
    expect(SessionState[bench.session.state]).toBe(expected);
    // A socket is held in the states that need one, and in no other.
    expect(bench.socketOpen).toBe(![S, W].includes(expected));
  });

  it("is complete", () => {
    expect(Object.keys(EXPECTED).sort()).toEqual(Object.keys(STIMULI).sort());
    for (const row of Object.values(EXPECTED)) expect(row).toHaveLength(6);
  });
});

describe("the table of states and events", () => {
  /** Every event that leads somewhere, and where; any other leaves the state as it is. */
  const LEADS_TO: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    Stopped: { Start: W },
    Waiting: { Stop: S, DelayOver: O },
    Opening: { Stop: S, Opened: G, Failed: W },
    Greeting: { Stop: S, Opened: W, Accepted: C, Refused: W, Failed: W },
    Connected: { Stop: L, Opened: W, Accepted: W, Refused: W, Failed: W },
    Leaving: { Opened: S, Accepted: S, Refused: S, Failed: S, Left: S },
  };
  const names = (of: object) => Object.values(of).filter((one) => typeof one === "string");
  const cells = names(SessionState).flatMap((state) =>
    names(SessionEvent).map((event): [string, string, string] => [
      state,
      event,
      LEADS_TO[state]?.[event] ?? state,
    ]),
  );

  it("has six states and eight events", () => expect(cells).toHaveLength(48));

  it.each(cells)("%s, %s: %s", (state, event, expected) => {
    const from = SessionState[state as keyof typeof SessionState];
    const what = SessionEvent[event as keyof typeof SessionEvent];
    expect(SessionState[nextState(from, what)]).toBe(expected);
  });
});
