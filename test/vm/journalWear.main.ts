import { sleep } from "@devicescript/core";
import { FlashJournal } from "../../devs/outbox/flashJournal";
import { Journaling } from "../../devs/outbox/journaling";
import { Outbox } from "../../devs/outbox/outbox";
import { SettingsStorage } from "../../devs/outbox/settingsStorage";

const OUTAGES = 10;
const PACKS = 40;
const RECORDS = 24;

/** Ten outages of 960 readings each: all go through the flash, and out of it. */
const decimals = [1, 1, 1, 1, 2, 1, 0, 0, 1, 1, 2, 0, 1];
const outbox = new Outbox((channel) => decimals[channel], 5120, 1);
const journal = new FlashJournal(new SettingsStorage());
const journaling = new Journaling(outbox, journal, 1, () => "");
await journal.restore();
let readings = 0;
for (let outage = 0; outage < OUTAGES; outage++) {
  for (let pack = 0; pack < PACKS; pack++) {
    for (let i = 0; i < RECORDS; i++) {
      const channel = Math.floor(Math.random() * decimals.length);
      outbox.addReading(channel, Math.random() * 60, readings * 3 + i);
    }
    if (await journaling.saveOne(RECORDS, 1770000000)) readings += RECORDS;
  }
  await journal.work();
  let place = journal.take();
  while (place >= 0) {
    journal.acknowledged(place);
    await journal.work();
    place = journal.take();
    await sleep(0);
  }
}
console.log("JOURNALLED " + readings);
console.log("DONE");
