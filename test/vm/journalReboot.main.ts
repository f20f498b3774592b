import { BlockReader } from "../../devs/outbox/journalBlock";
import { FlashJournal } from "../../devs/outbox/flashJournal";
import { Journaling } from "../../devs/outbox/journaling";
import { Outbox } from "../../devs/outbox/outbox";
import { SettingsStorage } from "../../devs/outbox/settingsStorage";

const PACKS = 6;
const RECORDS = 12;

/*
 * Each boot sends what earlier boots left, then journals packs of its own and sends the
 * first two of them. Readings are numbered from 1000 times the boot count.
 */
const storage = new SettingsStorage();
const stored = await storage.read("boot");
const boot = stored ? stored[0] + 1 : 1;
await storage.write("boot", Buffer.from([boot]));

const journal = new FlashJournal(storage);
await journal.restore();
const reader = new BlockReader();
let place = journal.take();
while (place >= 0) {
  const bytes = journal.block(place);
  if (!bytes || !reader.open(bytes)) throw new Error("block");
  let text = "SENT " + reader.boot + " " + reader.seq;
  while (reader.next()) text += " " + reader.scaled;
  console.log(text);
  journal.acknowledged(place);
  await journal.work();
  place = journal.take();
}

const outbox = new Outbox([0], 100, 1);
const journaling = new Journaling(outbox, journal, boot);
for (let i = 0; i < PACKS * RECORDS; i++) {
  outbox.addReading(0, boot * 1000 + i, i);
  if (await journaling.saveOne(RECORDS, RECORDS, NaN))
    console.log("SAVED " + boot + " " + (i + 1) / RECORDS);
}
for (let i = 0; i < 2; i++) {
  const seq = outbox.take(RECORDS);
  let text = "SENT " + boot + " " + seq;
  outbox.openPack(seq);
  while (outbox.nextRecord()) text += " " + outbox.scaled;
  console.log(text);
  journal.release(outbox.acknowledge(seq));
  await journal.work();
}
console.log("DONE");
