import { Outbox, OutboxEvent } from "../../devs/outbox/outbox";
import type { CaseRunner } from "./caseRunner";

/** Fills an outbox beyond its room, drains it, and looks at what is left. */
export async function outboxCases(t: CaseRunner): Promise<void> {
  const outbox = new Outbox([1, 2, 0], 1000, 4);
  const offered = 1100;
  for (let i = 0; i < offered; i++) {
    outbox.addReading(i % 3, i % 3 === 1 ? -i / 8 : i, 1700000000 + i);
    if (i % 50 === 0) await t.pause();
  }
  t.check("thinned what had no room", outbox.thinned === 100 && outbox.dropped === 0);
  t.check("holds a thousand", outbox.readings() === 1000);
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
    records += outbox.openPack(seq);
    while (outbox.nextRecord()) {
      const i = outbox.timeS - 1700000000;
      if (outbox.timeS <= lastS) inOrder = false;
      lastS = outbox.timeS;
      if (outbox.channel !== i % 3) right = false;
      const expected = i % 3 === 1 ? Math.round((-i / 8) * 100) / 100 : i;
      if (outbox.value !== expected) right = false;
    }
    outbox.acknowledge(seq);
    seq = outbox.take(24);
    await t.pause();
  }
  t.check("all of them, in order", records === 1000 && inOrder);
  t.check("each with its channel, value and time", right);
  t.check("to the newest", lastS === 1700000000 + offered - 1);
  t.check("empty", outbox.readings() === 0 && outbox.waitingEvents() === 0);
}
