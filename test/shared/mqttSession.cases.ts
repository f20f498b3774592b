import type { MessageSource } from "../../devs/mqtt/inFlight";
import { type Message, type WholeMessage, encodePublish } from "../../devs/mqtt/packets";
import type { PiecedBytes } from "../../devs/mqtt/piecedBytes";
import { type Link, Session, type SessionHooks } from "../../devs/mqtt/session";
import { SessionState } from "../../devs/mqtt/sessionStates";
import type { CaseRunner } from "./caseRunner";

/** The far end of an in-memory socket: keeps what was sent. */
class RecordingLink implements Link {
  opened: number = 0;
  sent: Buffer[] = [];
  full: boolean = false;

  open(): void {
    this.opened++;
  }

  send(packet: Buffer): void {
    this.sent.push(packet);
  }

  backlogged(): boolean {
    return this.full;
  }

  close(): void {}

  /** First bytes of what was sent since the last call, as numbers with spaces. */
  firstBytes(): string {
    let text = "";
    for (const packet of this.sent) text += (text ? " " : "") + packet[0];
    this.sent = [];
    return text;
  }
}

class CountingHooks implements SessionHooks {
  messages: string = "";

  birth(sessionPresent: boolean): WholeMessage {
    return { topic: "up/state", payload: sessionPresent ? "again" : "first", retain: true };
  }

  message(topic: string, payload: PiecedBytes): void {
    if (payload.length === 0) throw new Error("empty");
    this.messages += topic + "=" + payload.beginning(100).toString() + ";";
  }

  stateChanged(): void {}
}

class NumberSource implements MessageSource {
  count: number;
  acknowledgedSum: number = 0;
  private given: number = 0;

  constructor(count: number) {
    this.count = count;
  }

  take(): number {
    if (this.given >= this.count) return -1;
    this.given++;
    return this.given - 1;
  }

  message(handle: number): Message {
    return { topic: "up/data", payload: "m" + handle, retain: false };
  }

  acknowledged(handle: number): void {
    this.acknowledgedSum += handle;
  }
}

/** Packet identifier of a PUBLISH with QoS 1 whose body has less than 128 bytes. */
function packetIdOf(packet: Buffer): number {
  const at = 4 + ((packet[2] << 8) | packet[3]);
  return (packet[at] << 8) | packet[at + 1];
}

/** One life of a session: connect, publish, receive, lose the connection, resume, stop. */
export async function mqttSessionCases(t: CaseRunner): Promise<void> {
  const link = new RecordingLink();
  const hooks = new CountingHooks();
  const session = new Session(
    {
      clientId: "bk-0001",
      keepAliveS: 60,
      will: { topic: "up/state", payload: "lost", retain: true },
      subscriptions: ["down/config"],
      maxPacketBytes: 4096,
    },
    link,
    hooks,
    () => 0.5,
  );
  const source = new NumberSource(20);
  session.addSource(source);
  let now = 1000;
  const settle = async (): Promise<void> => {
    while (session.poll(now) === 0) await t.pause();
  };
  const receive = async (bytes: number[]): Promise<void> => {
    session.linkReceived(Buffer.from(bytes), now);
    await settle();
  };

  session.start(now);
  await settle();
  t.check("waits first", session.state === SessionState.Waiting && link.opened === 0);
  now += 5000;
  await settle();
  t.check("opens", session.state === SessionState.Opening && link.opened === 1);
  session.linkOpened(now);
  await settle();
  t.check("CONNECT", link.firstBytes() === "16");
  await receive([0x20, 2, 0, 0]);
  t.check("connected", session.state === SessionState.Connected);
  const flight = link.sent;
  // Birth (retained), SUBSCRIBE, seven of the source.
  t.check("birth first", link.firstBytes() === "51 130 50 50 50 50 50 50 50");
  await receive([0x90, 3, 0, packetIdOf(flight[0]) + 1, 1]);
  await receive([0x40, 2, 0, packetIdOf(flight[0])]);
  await receive([0x40, 2, 0, packetIdOf(flight[2])]);
  t.check("the next message", link.firstBytes() === "50" && source.acknowledgedSum === 0);
  await receive([0x40, 2, 0, packetIdOf(flight[2])]);
  t.check("a second PUBACK is stray", session.counters.strayAcks === 1);
  t.check("and sends nothing", link.firstBytes() === "");

  const wanted = encodePublish(
    { topic: "down/config", payload: "v1", retain: true },
    9,
    false,
    true,
  );
  session.linkReceived(wanted, now);
  const broken = encodePublish(
    { topic: "down/config", payload: "", retain: true },
    10,
    false,
    true,
  );
  session.linkReceived(broken, now);
  await settle();
  t.check("a message", hooks.messages === "down/config=v1;", hooks.messages);
  t.check("both acknowledged", link.firstBytes() === "64 64");
  t.check("a hook that throws is counted", session.counters.badMessages === 1);

  link.full = true;
  await receive([0x40, 2, 0, packetIdOf(flight[3])]);
  t.check("a full link is given nothing more", link.firstBytes() === "");
  link.full = false;
  await settle();
  t.check("until it has room", link.firstBytes() === "50");

  session.linkLost("cut");
  await settle();
  t.check("lost", session.state === SessionState.Waiting && session.lastProblem === "cut");
  // The first try comes within five seconds.
  now += 6000;
  await settle();
  session.linkOpened(now);
  await receive([0x20, 2, 1, 0]);
  const again = link.sent;
  // CONNECT, birth, and the seven in flight with DUP; no SUBSCRIBE on a resumed session.
  t.check("sent again", link.firstBytes() === "16 51 58 58 58 58 58 58 58");
  t.check("in order", packetIdOf(again[2]) === packetIdOf(flight[4]));
  for (let i = 1; i < again.length; i++) await receive([0x40, 2, 0, packetIdOf(again[i])]);
  const rest = link.sent;
  while (link.sent.length > 0) {
    const packets = link.sent;
    link.sent = [];
    for (const packet of packets) await receive([0x40, 2, 0, packetIdOf(packet)]);
  }
  t.check("the rest", rest.length >= 7 && source.acknowledgedSum === 190);

  now += 45000;
  await settle();
  t.check("PINGREQ", link.firstBytes() === "192");
  await receive([0xd0, 0]);
  session.stop("bye", now);
  await settle();
  const offline = link.sent[0];
  t.check("offline message", link.firstBytes() === "51");
  await receive([0x40, 2, 0, packetIdOf(offline)]);
  t.check("DISCONNECT", link.firstBytes() === "224");
  now += 1000;
  await settle();
  t.check("stopped", session.state === SessionState.Stopped && session.lastProblem === "cut");
  t.check("counted", session.counters.published === session.counters.acknowledged);
}
