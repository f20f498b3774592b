import { sleep } from "@devicescript/core";
import { Outbox, OutboxEvent } from "../../devs/outbox/outbox";

/** A full outbox, thinned many times, with packs on their way, as after a long outage. */
const decimals = [1, 1, 1, 1, 2, 1, 0, 0, 1, 1, 2, 0, 1];
const outbox = new Outbox((channel) => decimals[channel], 5120, 32);
for (let i = 0; i < 4000; i++) {
  outbox.addReading(i % decimals.length, i / 8, i);
  if (i < 40) outbox.addEvent(new OutboxEvent(1, i, 3, i / 8, i));
  if (i % 20 === 0) await sleep(0);
}
for (let i = 0; i < 39; i++) outbox.take(24);
// Garbage, so that the collector runs once more, and time for whoever looks at the heap.
for (let i = 0; i < 40; i++) {
  Buffer.alloc(1024);
  await sleep(20);
}
const enough = outbox.readings() >= 1000 ? "enough" : "" + outbox.readings();
console.log("HOLDS " + enough + " " + outbox.waitingEvents());
console.log("DONE");
