/**
 * An MQTT 3.1.1 client session: what to send and when, and what the answers mean. It
 * owns no socket, no clock and no random source; all three are given.
 */

import { backoffDelayMs, refusedDelayMs, togetherDelayMs } from "./backoff";
import { DEFAULT_MAX_PACKET_BYTES, PacketDecoder } from "./decoder";
import { InFlightMessage, InFlightWindow, type MessageSource } from "./inFlight";
import {
  type ConnectFields,
  ConnackCode,
  type Message,
  PacketType,
  type Payload,
  type Piece,
  SUBACK_FAILURE,
  type WholeMessage,
  encodeConnect,
  encodeDisconnect,
  encodePingreq,
  encodePuback,
  encodePublish,
  encodeSubscribe,
  payloadLength,
  utf8,
} from "./packets";
import type { PiecedBytes } from "./piecedBytes";
import { SessionEvent, SessionState, nextState } from "./sessionStates";
import { matchesTopicFilter } from "./topicFilter";

/** Messages of sources and of the queue that may wait for their PUBACK at the same time. */
export const MAX_MESSAGES_IN_FLIGHT = 7;
/** With the one place that is kept free for birth and offline messages: all publishes in flight. */
export const MAX_IN_FLIGHT = MAX_MESSAGES_IN_FLIGHT + 1;
/** Messages that `publish` takes before it refuses, those in flight included. */
export const MAX_QUEUED_MESSAGES = 8;
/** Payload characters or bytes that `publish` takes before it refuses, those in flight included. */
export const MAX_QUEUED_PAYLOAD = 4096;

/**
 * Longest payload in pieces that is put together to be sent. A longer one goes out piece
 * by piece: after days the free heap has no room left in one place for a packet of some
 * kilobytes, and an allocation that fails ends the program.
 */
const WHOLE_PAYLOAD_MAX = 1024;

/** Longest wait for the socket: name lookup, TCP and a TLS handshake on an ESP32 (about 3 s). */
export const OPEN_TIMEOUT_MS = 30000;
/** Longest wait for CONNACK, SUBACK and UNSUBACK. */
export const REPLY_TIMEOUT_MS = 20000;
/**
 * Longest wait for a PUBACK. The standard has no re-send within a connection (clause
 * 4.4), so a PUBACK that does not come ends the connection. On the ESP32 it is also
 * the sign of a TLS write that was lost inside the runtime.
 */
export const PUBACK_TIMEOUT_MS = 30000;
/** Longest wait for the PUBACK of the offline message. */
export const LEAVE_TIMEOUT_MS = 5000;
/** Wait between DISCONNECT and closing the socket, which the ESP32 does not put in order itself. */
export const DISCONNECT_LINGER_MS = 300;
/** A connection that held this long was good: the back-off starts from the beginning. */
export const GOOD_CONNECTION_MS = 60000;
/** Packets read in one call of `poll`, so that a call stays far from the VM's step limit. */
const PACKETS_PER_POLL = 8;
/** Shown where `poll` has no deadline, in milliseconds. */
const NO_DEADLINE_MS = 3600000;

/** What the session asks of the socket. None of it may call the session back. */
export interface Link {
  /** Begins to open; the answer comes as `linkOpened` or `linkLost`. */
  open(): void;
  /** Sends a packet, or a part of one, whole and in order, or reports `linkLost` later. */
  send(packet: Buffer): void;
  /** Whether earlier packets still wait to be written; the session then adds none but answers. */
  backlogged(): boolean;
  /** Closes whatever is open or being opened. Nothing of it is reported afterwards. */
  close(): void;
}

/** What the session tells the node. */
export interface SessionHooks {
  /** The connection stands: gives the birth message, which is published before anything else. */
  birth(sessionPresent: boolean): WholeMessage;
  /** A message for one of the subscriptions came; `retained`: the broker had kept it from before. */
  message(topic: string, payload: PiecedBytes, retained: boolean): void;
  /** The state changed; `reason` says why a connection ended or was not made, and is empty otherwise. */
  stateChanged(state: SessionState, reason: string): void;
}

/** Who connects, and how; the keep-alive must be 10 s at least. */
export interface SessionOptions extends ConnectFields {
  /** Its topic also takes the offline message. */
  readonly will: WholeMessage;
  /** Topic filters, subscribed with QoS 1. */
  readonly subscriptions: string[];
  /** A topic filter that is subscribed only while the node listens to it: see `listen`. */
  readonly occasional?: string;
  /** Largest packet taken from the server, in bytes; 4096 where it is not said. */
  readonly maxPacketBytes?: number;
}

/** Counted since the session was made. */
export class SessionCounters {
  /** Messages sent with QoS 1, each counted once. */
  published: number = 0;
  /** Of those, acknowledged by the server. */
  acknowledged: number = 0;
  /** Sendings of messages that were sent before. */
  resent: number = 0;
  /** Messages that `publish` refused because its queue was full. */
  refusedMessages: number = 0;
  /** Messages with QoS 0 that were not sent because there was no connection. */
  droppedQos0: number = 0;
  /** Connections that the server accepted. */
  connections: number = 0;
  /** Attempts that ended without an accepted connection. */
  connectFailures: number = 0;
  /** Of those, refused for name or password, or protocol. */
  refusals: number = 0;
  /** Accepted connections that were lost. */
  connectionsLost: number = 0;
  /** Answers that did not come in time: socket, CONNACK, SUBACK, PUBACK, PINGRESP. */
  timeouts: number = 0;
  /** Connections ended because of malformed or unexpected packets. */
  protocolErrors: number = 0;
  /** PUBACKs for nothing that is in flight: duplicate, or of a wrong identifier. */
  strayAcks: number = 0;
  /** Topic filters or SUBSCRIBE packets that the server refused. */
  subscriptionsRefused: number = 0;
  /** Messages received that belong to a subscription. */
  received: number = 0;
  /** Messages received that belong to no subscription, are too long, or that the node's hook threw at. */
  badMessages: number = 0;
}

/** One client session over any number of connections. */
export class Session {
  state: SessionState = SessionState.Stopped;
  /** Why the last connection ended or was not made; empty at first. */
  lastProblem: string = "";
  counters: SessionCounters = new SessionCounters();

  private readonly options: SessionOptions;
  private readonly link: Link;
  private readonly hooks: SessionHooks;
  private readonly random: () => number;
  private readonly decoder: PacketDecoder;
  private readonly window: InFlightWindow = new InFlightWindow();
  private readonly sources: MessageSource[] = [];
  private queue: Message[] = [];
  private queuedPayload: number = 0;
  private keptInFlight: number = 0;

  /** The birth or offline message in flight. */
  private stateMessage: InFlightMessage | undefined = undefined;
  /** Reported by the link, dealt with when all that came before is read. */
  private lossReason: string = "";
  private disconnectSent: boolean = false;
  /** Attempts in a row without a good connection. */
  private failures: number = 0;
  /** When the state's own wait is over: delay, socket, CONNACK, offline message. */
  private deadlineMs: number = 0;
  private connectedAtMs: number = 0;
  private lastSentMs: number = 0;
  private lastReceivedMs: number = 0;
  /** When PINGREQ was sent that waits for its PINGRESP; -1 when none waits. */
  private pingSentMs: number = -1;
  /** The server has all subscriptions of this run of the program, or is being told them. */
  private subscribed: boolean = false;
  /** SUBSCRIBE is to be sent on this connection. */
  private subscribeDue: boolean = false;
  /** Whether the occasional filter is wanted, and what the server was told on this connection. */
  private listening: boolean = false;
  private toldListening: boolean = false;
  /** Packet identifier of the SUBSCRIBE or UNSUBSCRIBE that waits for its answer; 0 when none does. */
  private subscribeId: number = 0;
  private subscribeSentMs: number = 0;

  /** `random` is uniform in 0..1. */
  constructor(options: SessionOptions, link: Link, hooks: SessionHooks, random: () => number) {
    this.options = options;
    this.link = link;
    this.hooks = hooks;
    this.random = random;
    this.decoder = new PacketDecoder(options.maxPacketBytes || DEFAULT_MAX_PACKET_BYTES);
  }

  /** Adds a source of messages; sources are asked in the order in which they were added. */
  addSource(source: MessageSource): void {
    this.sources.push(source);
  }

  /** Begins to connect, and to connect again for ever. */
  start(nowMs: number): void {
    this.happened(SessionEvent.Start, "", nowMs);
  }

  /**
   * Ends the session cleanly: publishes `offlinePayload` retained on the will's topic,
   * waits for its PUBACK, then disconnects. Without a connection it just stops.
   */
  stop(offlinePayload: string, nowMs: number): void {
    if (this.state === SessionState.Connected) this.dropStateMessage();
    this.happened(SessionEvent.Stop, "", nowMs);
    if (this.state === SessionState.Leaving)
      this.sendStateMessage(
        { topic: this.options.will.topic, payload: offlinePayload, retain: true },
        nowMs,
      );
  }

  /**
   * Queues a message for QoS 1. False, and counted, when the queue has no room: the
   * message is then not sent.
   */
  publish(topic: string, payload: Payload, retain: boolean): boolean {
    const length = payloadLength(payload);
    const fits =
      this.queue.length + this.keptInFlight < MAX_QUEUED_MESSAGES &&
      this.queuedPayload + length <= MAX_QUEUED_PAYLOAD;
    if (fits) {
      this.queue.push({ topic: topic, payload: payload, retain: retain });
      this.queuedPayload += length;
    } else {
      this.counters.refusedMessages++;
    }
    return fits;
  }

  /** Sends a message with QoS 0 now. False, and counted, where there is no connection. */
  publishQos0(topic: string, payload: Buffer | string, nowMs: number): boolean {
    const can = this.state === SessionState.Connected && !this.link.backlogged();
    if (can)
      this.send(
        encodePublish({ topic: topic, payload: payload, retain: false }, 0, false, true),
        nowMs,
      );
    else this.counters.droppedQos0++;
    return can;
  }

  /** Whether the next `poll` opens the socket. */
  opensNow(nowMs: number): boolean {
    return this.state === SessionState.Waiting && nowMs >= this.deadlineMs;
  }

  /** Messages of `publish` that the server does not have yet. */
  waiting(): number {
    return this.queue.length + this.keptInFlight;
  }

  /**
   * Whether the occasional filter is wanted from now on. Its messages are taken as long as
   * they come. `poll` tells the server.
   */
  listen(wanted: boolean): void {
    this.listening = wanted;
  }

  /** The socket is open. */
  linkOpened(nowMs: number): void {
    if (this.state === SessionState.Opening) this.happened(SessionEvent.Opened, "", nowMs);
    else this.protocolError("socket opened twice", SessionEvent.Opened, nowMs);
  }

  /** The socket failed or was closed; what was received before is read first. */
  linkLost(reason: string): void {
    if (this.lossReason === "") this.lossReason = reason;
  }

  /** Bytes came. They are read by `poll`. */
  linkReceived(chunk: Buffer, nowMs: number): void {
    const waiting = this.state === SessionState.Waiting || this.state === SessionState.Opening;
    if (waiting || this.state === SessionState.Stopped) return;
    this.lastReceivedMs = nowMs;
    this.decoder.feed(chunk);
  }

  /**
   * Does what is due: reads a few packets, looks at every deadline, and sends at most
   * one message. Gives the milliseconds until it wants to be called again, 0 when there
   * is more to do at once; to be called also after every event of the link and after
   * every new message.
   */
  poll(nowMs: number): number {
    if (this.readPackets(nowMs)) return 0;
    if (this.lossReason !== "")
      this.happened(SessionEvent.Failed, this.leaveProblem(this.lossReason), nowMs);
    this.lossReason = "";
    if (this.state === SessionState.Connected) return this.pollConnected(nowMs);
    if (this.state === SessionState.Stopped) return NO_DEADLINE_MS;
    if (nowMs >= this.deadlineMs) this.deadlinePassed(nowMs);
    const leftMs = this.deadlineMs - nowMs;
    return leftMs > 0 ? leftMs : 0;
  }

  private deadlinePassed(nowMs: number): void {
    if (this.state === SessionState.Waiting) this.happened(SessionEvent.DelayOver, "", nowMs);
    else if (this.state === SessionState.Opening) this.timedOut("socket did not open", nowMs);
    else if (this.state === SessionState.Greeting) this.timedOut("no CONNACK", nowMs);
    else
      this.happened(
        SessionEvent.Left,
        this.leaveProblem("offline message not acknowledged"),
        nowMs,
      );
  }

  /** After DISCONNECT the end of the connection is no problem. */
  private leaveProblem(reason: string): string {
    return this.disconnectSent ? "" : reason;
  }

  // --- states -------------------------------------------------------------------

  private happened(event: SessionEvent, reason: string, nowMs: number): void {
    const before = this.state;
    const after = nextState(before, event);
    if (after === before) return;
    if (reason !== "") this.lastProblem = reason;
    this.state = after;
    if (after === SessionState.Waiting) {
      if (before === SessionState.Connected) this.counters.connectionsLost++;
      else if (before !== SessionState.Stopped) this.counters.connectFailures++;
      this.closeLink(before);
      this.deadlineMs = nowMs + this.delayMs(before, event);
    } else if (after === SessionState.Stopped) {
      this.closeLink(before);
    } else if (after === SessionState.Opening) {
      this.deadlineMs = nowMs + OPEN_TIMEOUT_MS;
      this.disconnectSent = false;
      this.link.open();
    } else if (after === SessionState.Greeting) {
      this.deadlineMs = nowMs + REPLY_TIMEOUT_MS;
      this.lastReceivedMs = nowMs;
      this.send(encodeConnect(this.options), nowMs);
    } else if (after === SessionState.Connected) {
      this.counters.connections++;
      this.connectedAtMs = nowMs;
    } else {
      this.deadlineMs = nowMs + LEAVE_TIMEOUT_MS;
    }
    this.hooks.stateChanged(after, reason);
  }

  private delayMs(before: SessionState, event: SessionEvent): number {
    if (event === SessionEvent.Refused) return refusedDelayMs(this.random());
    const atStart = event === SessionEvent.Start;
    const together = atStart || before === SessionState.Connected;
    const delay = together
      ? togetherDelayMs(this.failures, this.random())
      : backoffDelayMs(this.failures, this.random());
    if (!atStart) this.failures++;
    return delay;
  }

  private closeLink(before: SessionState): void {
    if (before !== SessionState.Waiting && before !== SessionState.Stopped) this.link.close();
    this.decoder.reset();
    this.lossReason = "";
    this.pingSentMs = -1;
    if (this.subscribeId > 0) this.subscribed = false;
    this.subscribeId = 0;
    this.toldListening = false;
    this.window.rewind();
  }

  private timedOut(reason: string, nowMs: number): void {
    this.counters.timeouts++;
    this.happened(SessionEvent.Failed, reason, nowMs);
  }

  private protocolError(reason: string, event: SessionEvent, nowMs: number): void {
    this.counters.protocolErrors++;
    this.happened(event, reason, nowMs);
  }

  // --- received -----------------------------------------------------------------

  /** Reads some packets; true when there may be more. */
  private readPackets(nowMs: number): boolean {
    for (let i = 0; i < PACKETS_PER_POLL; i++) {
      if (!this.decoder.next()) {
        const problem = this.decoder.problem;
        if (problem !== "") this.protocolError("malformed: " + problem, SessionEvent.Failed, nowMs);
        return false;
      }
      this.handle(nowMs);
    }
    return true;
  }

  private handle(nowMs: number): void {
    const packet = this.decoder.packet;
    const type = packet.type;
    if (type === PacketType.Connack) {
      this.handleConnack(nowMs);
    } else if (this.state === SessionState.Greeting) {
      // Clause 3.2: the first packet from the server is CONNACK.
      this.protocolError("no CONNACK first, but packet type " + type, SessionEvent.Failed, nowMs);
    } else if (type === PacketType.Publish) {
      this.handlePublish(nowMs);
    } else if (type === PacketType.Puback) {
      this.handlePuback(packet.packetId, nowMs);
    } else if (type === PacketType.Suback || type === PacketType.Unsuback) {
      this.handleSuback(packet.packetId, packet.returnCode);
    } else {
      this.pingSentMs = -1;
    }
  }

  private handleConnack(nowMs: number): void {
    const code = this.decoder.packet.returnCode;
    if (this.state !== SessionState.Greeting) {
      this.protocolError("CONNACK not asked for", SessionEvent.Accepted, nowMs);
    } else if (code === ConnackCode.Accepted) {
      const sessionPresent = this.decoder.packet.sessionPresent;
      this.happened(SessionEvent.Accepted, "", nowMs);
      this.subscribeDue = !(sessionPresent && this.subscribed);
      this.dropStateMessage();
      this.sendStateMessage(this.hooks.birth(sessionPresent), nowMs);
    } else if (code === ConnackCode.ServerUnavailable) {
      this.happened(SessionEvent.Failed, "refused: server unavailable", nowMs);
    } else if (code <= ConnackCode.NotAuthorized) {
      this.counters.refusals++;
      this.happened(SessionEvent.Refused, "refused: " + refusalText(code), nowMs);
    } else {
      this.protocolError("CONNACK with reserved code " + code, SessionEvent.Failed, nowMs);
    }
  }

  private handlePublish(nowMs: number): void {
    const packet = this.decoder.packet;
    const packetId = packet.packetId;
    const acknowledge = packet.qos > 0;
    const filters = this.options.subscriptions;
    let wanted = packet.topicName === this.options.occasional;
    for (let i = 0; i < filters.length && !wanted; i++)
      wanted = matchesTopicFilter(filters[i], packet.topicName);
    if (wanted) {
      this.counters.received++;
      try {
        this.hooks.message(packet.topicName, packet.payload as PiecedBytes, packet.retain);
      } catch (error) {
        this.counters.badMessages++;
        this.lastProblem = "message on " + packet.topicName + ": " + (error as Error).message;
      }
    } else {
      this.counters.badMessages++;
    }
    // Also what the node cannot use: the server would send it again on every connection.
    if (acknowledge) this.send(encodePuback(packetId), nowMs);
  }

  private handlePuback(packetId: number, nowMs: number): void {
    const entry = this.window.acknowledge(packetId);
    if (!entry) {
      this.counters.strayAcks++;
      return;
    }
    this.counters.acknowledged++;
    const source = entry.source;
    if (entry === this.stateMessage) {
      this.stateMessage = undefined;
      if (this.state === SessionState.Leaving) {
        this.send(encodeDisconnect(), nowMs);
        this.disconnectSent = true;
        this.deadlineMs = nowMs + DISCONNECT_LINGER_MS;
      }
    } else if (source) {
      source.acknowledged(entry.handle);
    } else {
      this.keptInFlight--;
      this.queuedPayload -= payloadLength(entry.message().payload);
    }
  }

  private handleSuback(packetId: number, returnCode: number): void {
    if (packetId !== this.subscribeId) {
      this.counters.strayAcks++;
      return;
    }
    this.subscribeId = 0;
    if (returnCode < SUBACK_FAILURE) return;
    this.subscribed = false;
    this.counters.subscriptionsRefused++;
    this.lastProblem = "subscription refused";
  }

  // --- sent ---------------------------------------------------------------------

  private pollConnected(nowMs: number): number {
    if (nowMs - this.connectedAtMs >= GOOD_CONNECTION_MS) this.failures = 0;
    // NaN where no answer is awaited: then no comparison holds.
    const oldestMs = this.window.oldestSentAtMs();
    const pubackDueMs = oldestMs < 0 ? NaN : oldestMs + PUBACK_TIMEOUT_MS;
    const subackDueMs = this.subscribeId > 0 ? this.subscribeSentMs + REPLY_TIMEOUT_MS : NaN;
    let missing = "";
    if (this.pingSentMs >= 0 && nowMs >= this.pingDueMs()) missing = "no PINGRESP";
    else if (nowMs >= pubackDueMs) missing = "no PUBACK";
    else if (nowMs >= subackDueMs) missing = "no SUBACK or UNSUBACK";
    if (missing !== "") {
      this.timedOut(missing, nowMs);
      return 0;
    }
    if (!this.link.backlogged()) {
      if (this.pingSentMs < 0 && nowMs >= this.pingDueMs()) {
        this.pingSentMs = nowMs;
        this.send(encodePingreq(), nowMs);
      }
      if (this.sendNext(nowMs)) return 0;
    }
    let nextMs = this.pingDueMs();
    if (pubackDueMs < nextMs) nextMs = pubackDueMs;
    if (subackDueMs < nextMs) nextMs = subackDueMs;
    return nextMs > nowMs ? nextMs - nowMs : 1;
  }

  /**
   * When the next PINGREQ is due, or its answer is overdue. A PINGREQ after three
   * quarters of a keep-alive in which nothing was sent, or nothing received, and half a
   * keep-alive for the answer: a half-open connection ends after 1.25 keep-alives.
   */
  private pingDueMs(): number {
    const keepAliveMs = this.options.keepAliveS * 1000;
    if (this.pingSentMs >= 0) return this.pingSentMs + keepAliveMs / 2;
    const silentSinceMs =
      this.lastSentMs < this.lastReceivedMs ? this.lastSentMs : this.lastReceivedMs;
    return silentSinceMs + keepAliveMs * 0.75;
  }

  /** Sends one packet of what waits; false when nothing does, or nothing more may be in flight. */
  private sendNext(nowMs: number): boolean {
    const { subscriptions, occasional } = this.options;
    if (this.subscribeDue) {
      this.subscribeDue = false;
      this.subscribed = true;
      if (subscriptions.length > 0) this.subscribe(subscriptions, true, nowMs);
      return true;
    }
    if (occasional && this.listening !== this.toldListening && this.subscribeId === 0) {
      this.toldListening = this.listening;
      this.subscribe([occasional], this.listening, nowMs);
      return true;
    }
    const unsent = this.window.nextUnsent();
    if (unsent) {
      this.sendInFlight(unsent, nowMs);
      return true;
    }
    const inFlight = this.window.count() - (this.stateMessage ? 1 : 0);
    if (inFlight >= MAX_MESSAGES_IN_FLIGHT) return false;
    const queued = this.queue.shift();
    if (queued) {
      this.keptInFlight++;
      this.sendInFlight(this.addInFlight(queued, undefined, 0), nowMs);
      return true;
    }
    for (const source of this.sources) {
      const handle = source.take();
      if (handle >= 0) {
        this.sendInFlight(this.addInFlight(undefined, source, handle), nowMs);
        return true;
      }
    }
    return false;
  }

  private subscribe(filters: string[], wanted: boolean, nowMs: number): void {
    this.subscribeId = this.window.newPacketId(0);
    this.subscribeSentMs = nowMs;
    this.send(encodeSubscribe(this.subscribeId, filters, wanted), nowMs);
  }

  private addInFlight(
    kept: Message | undefined,
    source: MessageSource | undefined,
    handle: number,
  ): InFlightMessage {
    const packetId = this.window.newPacketId(this.subscribeId);
    const entry = new InFlightMessage(packetId, kept, source, handle);
    this.window.add(entry);
    return entry;
  }

  private sendInFlight(entry: InFlightMessage, nowMs: number): void {
    const message = entry.message();
    const { payload } = message;
    const whole = !Array.isArray(payload) || payloadLength(payload) <= WHOLE_PAYLOAD_MAX;
    this.send(encodePublish(message, entry.packetId, entry.sentBefore, whole), nowMs);
    if (!whole) for (const piece of payload as Piece[]) this.send(utf8(piece), nowMs);
    if (entry.sentBefore) this.counters.resent++;
    else this.counters.published++;
    entry.sentBefore = true;
    entry.sentAtMs = nowMs;
  }

  private sendStateMessage(message: Message, nowMs: number): void {
    this.stateMessage = this.addInFlight(message, undefined, 0);
    this.sendInFlight(this.stateMessage, nowMs);
  }

  /** A newer state message takes the place of one that was not acknowledged. */
  private dropStateMessage(): void {
    const superseded = this.stateMessage;
    if (superseded) this.window.remove(superseded);
    this.stateMessage = undefined;
  }

  /** Sends a packet, or the next part of one. */
  private send(packet: Buffer, nowMs: number): void {
    this.lastSentMs = nowMs;
    this.link.send(packet);
  }
}

function refusalText(code: number): string {
  if (code === ConnackCode.BadUserNameOrPassword) return "bad user name or password";
  if (code === ConnackCode.NotAuthorized) return "not authorized";
  if (code === ConnackCode.IdentifierRejected) return "client identifier rejected";
  return "protocol version not accepted";
}
