import { blockBoot, blockSeq, openBlock } from "../../devs/outbox/journalBlock";
import { FlashJournal } from "../../devs/outbox/flashJournal";
import { Journaling } from "../../devs/outbox/journaling";
import { Outbox } from "../../devs/outbox/outbox";
import { RecordCursor } from "../../devs/outbox/records";
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
const cursor = new RecordCursor();
while (await sendOne());

const outbox = new Outbox(() => 0, 1000, 1);
const journaling = new Journaling(outbox, journal, boot, () => "");
for (let i = 0; i < PACKS * RECORDS; i++) {
  outbox.addReading(0, boot * 1000 + i, i);
  if (await journaling.saveOne(RECORDS, NaN))
    console.log("SAVED " + boot + " " + (i + 1) / RECORDS);
}
await journal.work();
for (let i = 0; i < 2; i++) await sendOne();
console.log("DONE");

/** Sends the oldest pack of the journal; false where there is none. */
async function sendOne(): Promise<boolean> {
  const place = journal.take();
  if (place < 0) return false;
  const bytes = journal.block(place) as Buffer;
  let text = "SENT " + blockBoot(bytes) + " " + blockSeq(bytes);
  const count = openBlock(bytes, cursor);
  for (let i = 0; i < count; i++) {
    cursor.next();
    text += " " + cursor.scaled;
  }
  console.log(text);
  journal.acknowledged(place);
  await journal.work();
  return true;
}
