import * as ds from "@devicescript/core";
import { OutboxEvent } from "../../devs/outbox/outbox";
import { Delivery } from "../../devs/node/delivery";
import { WholeMessage } from "../../devs/mqtt/packets";
import { PiecedBytes } from "../../devs/mqtt/piecedBytes";
import { SessionHooks } from "../../devs/mqtt/session";
import { SessionState } from "../../devs/mqtt/sessionStates";
import { Identity } from "../../devs/node/identity";

const READINGS = 100;

class Quiet implements SessionHooks {
  birth(_sessionPresent: boolean): WholeMessage {
    return { topic: "t/up/state", payload: "online", retain: true };
  }

  message(_topic: string, _payload: PiecedBytes, _retained: boolean): void {}

  stateChanged(_state: SessionState, _reason: string): void {}
}

function noEvent(_event: OutboxEvent): string {
  return "";
}

/** Two boots of a node whose broker is away: the first is restarted by plan, the second finds its readings. */
const identity: Identity = {
  city: "berkane",
  node: "bk-0001",
  host: "broker.invalid",
  port: 1883,
  tls: false,
  password: "",
  boot: 1,
  pole: undefined,
  program: 0,
  trace: false,
};
const delivery = new Delivery(identity, {}, "lost", new Quiet(), noEvent);
delivery.run.start();
await ds.sleep(5000);
const found = delivery.journal.waiting();
console.log("FOUND " + found);
if (found > 0) {
  console.log("DONE");
} else {
  for (let i = 0; i < READINGS; i++) delivery.outbox.addReading(8, 60, i);
  await delivery.stop("restart");
  console.log("LEFT " + delivery.outbox.readings());
  ds.restart();
}
