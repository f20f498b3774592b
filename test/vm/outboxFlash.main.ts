import { FlashJournal } from "../../devs/outbox/flashJournal";
import { MAX_BLOCK_BYTES, openBlock } from "../../devs/outbox/journalBlock";
import { Journaling } from "../../devs/outbox/journaling";
import { Outbox } from "../../devs/outbox/outbox";
import { RecordCursor } from "../../devs/outbox/records";
import { SettingsStorage } from "../../devs/outbox/settingsStorage";
import { reportCases } from "./caseReporter";

/** The journal in the runtime's own flash. */
await reportCases(async (t) => {
  const storage = new SettingsStorage();
  const largest = Buffer.alloc(MAX_BLOCK_BYTES);
  for (let i = 0; i < largest.length; i++) largest[i] = 255 - i;
  await storage.write("j0", largest);
  const read = await storage.read("j0");
  t.check(
    "the largest value",
    read !== undefined && read.toString("hex") === largest.toString("hex"),
  );
  await storage.remove("j0");
  t.check("removed", (await storage.read("j0")) === undefined);
  t.check("never there", (await storage.read("nobody")) === undefined);

  const journal = new FlashJournal(storage);
  t.check("empty", (await journal.restore()) === 0);
  const outbox = new Outbox(() => 1, 5120, 1);
  for (let i = 0; i < 1128; i++) {
    outbox.addReading(0, i / 10, i);
    if (i % 100 === 0) await t.pause();
  }
  const journaling = new Journaling(outbox, journal, 1, () => "");
  let blocks = 0;
  while (await journaling.saveOne(1, NaN)) blocks++;
  t.check("1128 readings", blocks === 47, "" + blocks);

  // Over and over: the flash is cleaned up on the way.
  const again = new FlashJournal(storage);
  t.check("found", (await again.restore()) === 47);
  const cursor = new RecordCursor();
  let found = 0;
  let place = again.take();
  while (place >= 0) {
    const bytes = again.block(place);
    const count = bytes ? openBlock(bytes, cursor) : 0;
    for (let i = 0; i < count; i++) if (cursor.next() && cursor.scaled === found) found++;
    again.acknowledged(place);
    await again.work();
    place = again.take();
  }
  t.check("every reading", found === 1128, "" + found);
  t.check("no error", again.errors === 0 && journal.errors === 0);
});
