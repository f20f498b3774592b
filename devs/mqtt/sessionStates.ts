/** The states of an MQTT session, what can happen to it, and where that leads. */

/** Where a session stands. The numbers index `NEXT_STATE`. */
export enum SessionState {
  /** Nothing is tried until it is started. */
  Stopped,
  /** A delay runs before the next attempt. */
  Waiting,
  /** The socket is being opened: name, TCP, TLS. */
  Opening,
  /** CONNECT is sent, CONNACK is awaited. */
  Greeting,
  /** The server accepted. */
  Connected,
  /** The offline message is sent, its PUBACK is awaited; then follows DISCONNECT. */
  Leaving,
}

/** What can happen to a session. The numbers index the rows of `NEXT_STATE`. */
export enum SessionEvent {
  Start,
  Stop,
  /** The delay before the next attempt is over. */
  DelayOver,
  /** The socket is open. */
  Opened,
  /** CONNACK 0. */
  Accepted,
  /** CONNACK 1, 2, 4 or 5: trying again soon cannot help. */
  Refused,
  /** The socket failed or was closed, an answer did not come, or the server broke the protocol. */
  Failed,
  /** The offline message was acknowledged, or its time is over. */
  Left,
}

/** A letter for each state, in their order. */
const STATES = "SWOGCL";
const EVENTS = 8;

/**
 * The next state: a row for each state, a column for each event. An event that means
 * nothing in a state leaves it as it is. A socket that opens twice, and a CONNACK
 * that was not awaited, end the connection.
 *
 * The columns are Start, Stop, DelayOver, Opened, Accepted, Refused, Failed and Left. Text
 * takes nothing of the node's memory.
 */
const NEXT_STATE =
  /* Stopped */ "WSSSSSSS" +
  /* Waiting */ "WSOWWWWW" +
  /* Opening */ "OSOGOOWO" +
  /* Greeting */ "GSGWCWWG" +
  /* Connected */ "CLCWWWWC" +
  /* Leaving */ "LLLSSSSS";

/** Where `event` leads from `state`. */
export function nextState(state: SessionState, event: SessionEvent): SessionState {
  return STATES.indexOf(NEXT_STATE.charAt(state * EVENTS + event));
}
