import { sleep } from "@devicescript/core";
import { CityClock } from "../../devs/clock/cityClock";
import { WholeMessage } from "../../devs/mqtt/packets";
import { Link, Session, SessionHooks } from "../../devs/mqtt/session";
import { SessionState } from "../../devs/mqtt/sessionStates";
import { FlashJournal } from "../../devs/outbox/flashJournal";
import { SettingsStorage } from "../../devs/outbox/settingsStorage";
import { PackSource } from "../../devs/report/packSource";
import { countTurns } from "./costMeter";

/** A socket whose other end takes everything. */
class Sink implements Link {
  last: Buffer = Buffer.alloc(0);

  open(): void {
    this.last = Buffer.alloc(0);
  }

  send(packet: Buffer): void {
    this.last = packet;
  }

  backlogged(): boolean {
    return false;
  }

  close(): void {
    this.last = Buffer.alloc(0);
  }
}

class Quiet implements SessionHooks {
  birth(): WholeMessage {
    return { topic: "t", payload: "birth", retain: true };
  }

  message(topic: string): void {
    console.log(topic);
  }

  stateChanged(state: SessionState): void {
    console.log("state " + state);
  }
}

/** The PUBACK for a PUBLISH with QoS 1. */
function pubackFor(publish: Buffer): Buffer {
  const at = publish[1] >= 128 ? 3 : 2;
  const id = at + 2 + publish[at] * 256 + publish[at + 1];
  return Buffer.from([0x40, 2, publish[id], publish[id + 1]]);
}

/**
 * Sends messages of `readings` readings each through outbox, packer, session and codec, and
 * takes their acknowledgements, without a pause; then prints a line a turn until the VM's
 * step limit ends the program.
 */
export async function spendPublishSteps(messages: number, readings: number): Promise<void> {
  const sink = new Sink();
  const will = { topic: "t", payload: "gone", retain: true };
  const session = new Session(
    { clientId: "bk-0001", keepAliveS: 60, will: will, subscriptions: [] },
    sink,
    new Quiet(),
    () => 0,
  );
  const packs = new PackSource(
    "streetnode/v1/berkane/bk-0001/",
    "berkane/bk-0001/",
    1,
    new CityClock(),
    () => 100,
    () => "",
    new FlashJournal(new SettingsStorage()),
  );
  await packs.journaling.restore();
  session.addSource(packs);
  session.start(0);
  session.poll(1000);
  session.linkOpened(1000);
  session.linkReceived(Buffer.from([0x20, 2, 0, 0]), 1000);
  session.poll(1000);
  session.poll(1000);
  session.linkReceived(pubackFor(sink.last), 1000);
  session.poll(1000);
  await sleep(0);
  for (let i = 0; i < messages; i++) {
    for (let k = 0; k < readings; k++)
      packs.outbox.addReading(k % 13, -1234.56 + 777 * i + 31.7 * k, 9 * k);
    packs.release(100, 0);
    session.poll(1000);
    session.linkReceived(pubackFor(sink.last), 1000);
    session.poll(1000);
  }
  console.log("acknowledged " + (session.counters.acknowledged - 1));
  countTurns();
}
