import { sleep } from "@devicescript/core";
import { MqttClient } from "../../devs/mqtt/client";
import type { MessageSource } from "../../devs/mqtt/inFlight";
import type { Message, WholeMessage } from "../../devs/mqtt/packets";
import type { PiecedBytes } from "../../devs/mqtt/piecedBytes";
import type { SessionHooks } from "../../devs/mqtt/session";
import type { SessionState } from "../../devs/mqtt/sessionStates";

/** How long the program runs, in turns of half a second, one message each. */
const TURNS = 400;

/** The messages m0, m1, ... as far as they were released. */
class Counter implements MessageSource {
  released: number = 0;
  acknowledgedCount: number = 0;
  private taken: number = 0;

  take(): number {
    return this.taken < this.released ? this.taken++ : -1;
  }

  message(handle: number): Message {
    return { topic: "t/up/data", payload: "m" + handle, retain: false };
  }

  acknowledged(_handle: number): void {
    this.acknowledgedCount++;
  }
}

class Reporter implements SessionHooks {
  birth(sessionPresent: boolean): WholeMessage {
    return { topic: "t/up/state", payload: sessionPresent ? "again" : "new", retain: true };
  }

  message(topic: string, payload: PiecedBytes): void {
    console.log("GOT " + topic + " " + payload.length + " " + payload.at(payload.length - 1));
  }

  stateChanged(state: SessionState, reason: string): void {
    if (reason) console.log("LOST " + reason);
    else console.log("STATE " + state);
  }
}

const source = new Counter();
const client = new MqttClient(
  {
    host: "broker",
    port: 1883,
    proto: "tcp",
    clientId: "bk-0001",
    keepAliveS: 10,
    will: { topic: "t/up/state", payload: "lost", retain: true },
    subscriptions: ["t/down/config"],
  },
  new Reporter(),
);
client.addSource(source);
client.run.start();
for (let i = 0; i < TURNS; i++) {
  await sleep(500);
  source.released++;
  client.wake();
}
await sleep(30000);
await client.stop("restart");
console.log("ACKNOWLEDGED " + source.acknowledgedCount);
console.log("CONNECTIONS " + client.session.counters.connections);
console.log("ERRORS " + client.internalErrors);
console.log("DONE");
