import { Outbox, OutboxEvent } from "../../devs/outbox/outbox";
import type { CaseRunner } from "./caseRunner";

const DECIMALS = [1, 2, 0];

function decimals(channel: number): number {
  return DECIMALS[channel] as number;
}

/** Fills an outbox beyond its room, drains it, and looks at what is left. */
export async function outboxCases(t: CaseRunner): Promise<void> {
  const outbox = new Outbox(decimals, 5120, 4);
  const offered = 3000;
  for (let i = 0; i < offered; i++) {
    outbox.addReading(i % 3, valueOf(i), 1700000000 + i);
    if (i % 20 === 0) await t.pause();
  }
  t.check("thinned what had no room", outbox.thinned > 1000 && outbox.dropped === 0);
  const held = outbox.readings();
  t.check("holds a thousand", held > 1000 && held + outbox.thinned === offered, "" + held);
  t.check("refuses what is no number", !outbox.addReading(0, NaN, 1) && outbox.refused === 1);
  outbox.addEvent(new OutboxEvent(1, 2, 3, NaN, 1700000500));
  outbox.addEvent(new OutboxEvent(4, 5, 6, -0.125, 1700000501));

  const first = outbox.take(24);
  const event = outbox.event(first);
  t.check("the event first", event !== undefined && event.subject === 2);
  t.check("without a value", event !== undefined && isNaN(event.value));
  const other = outbox.take(24);
  const second = outbox.event(other);
  t.check("the other", second !== undefined && second.kind === 4 && second.reason === 6);
  t.check("with its value", second !== undefined && second.value === -0.125);
  t.check("and its time", second !== undefined && second.timeS === 1700000501);
  outbox.acknowledge(other);
  outbox.acknowledge(first);

  let records = 0;
  let inOrder = true;
  let right = true;
  let lastS = 0;
  let seq = outbox.take(24);
  t.check("the next number", seq === other + 1);
  while (seq > 0) {
    const count = outbox.openPack(seq);
    const cursor = outbox.log.cursor;
    for (let record = 0; record < count; record++) {
      cursor.next();
      const i = cursor.timeS - 1700000000;
      if (cursor.timeS <= lastS) inOrder = false;
      lastS = cursor.timeS;
      if (cursor.channel !== i % 3) right = false;
      let scale = 1;
      for (let d = 0; d < decimals(cursor.channel); d++) scale *= 10;
      if (cursor.scaled !== Math.round(valueOf(i) * scale)) right = false;
    }
    records += count;
    outbox.acknowledge(seq);
    seq = outbox.take(24);
    await t.pause();
  }
  t.check("all of them, in order", records === held && inOrder);
  t.check("each with its channel, value and time", right);
  t.check("to the newest", lastS === 1700000000 + offered - 1);
  t.check("empty", outbox.readings() === 0 && outbox.waitingEvents() === 0);
}

function valueOf(i: number): number {
  return i % 3 === 1 ? -i / 8 : i;
}
