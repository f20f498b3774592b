import { FlashJournal, type JournalStorage } from "../../devs/outbox/flashJournal";
import { BlockReader, BlockWriter } from "../../devs/outbox/journalBlock";
import { Journaling } from "../../devs/outbox/journaling";
import { Outbox } from "../../devs/outbox/outbox";
import type { CaseRunner } from "./caseRunner";

/** Flash in two arrays. */
class ArrayStorage implements JournalStorage {
  keys: string[] = [];
  values: Buffer[] = [];

  async read(key: string): Promise<Buffer | undefined> {
    const at = this.keys.indexOf(key);
    return at < 0 ? undefined : this.values[at];
  }

  async write(key: string, value: Buffer): Promise<void> {
    await this.remove(key);
    this.keys.push(key);
    this.values.push(value);
  }

  async remove(key: string): Promise<void> {
    const at = this.keys.indexOf(key);
    if (at >= 0) this.keys[at] = "";
  }

  count(): number {
    let count = 0;
    for (const key of this.keys) if (key !== "") count++;
    return count;
  }
}

/** Writes packs into a journal, starts anew, and sends them. */
export async function journalCases(t: CaseRunner): Promise<void> {
  const writer = new BlockWriter();
  writer.begin(4000000000, 70000, true, 1770000000);
  writer.add(63, -2147483647, 1770000000);
  writer.add(0, 2147483647, 1769999999);
  writer.add(5, -1, 1770009000);
  const block = writer.finish();
  const reader = new BlockReader();
  t.check("a block opens", reader.open(block));
  t.check("its boot", reader.boot === 4000000000, "" + reader.boot);
  t.check("its number", reader.seq === 70000 && reader.utc && reader.count === 3);
  t.check("the lowest value", reader.next() && reader.scaled === -2147483647, "" + reader.scaled);
  t.check("its channel", reader.channel === 63 && reader.timeS === 1770000000);
  t.check("the highest value", reader.next() && reader.scaled === 2147483647, "" + reader.scaled);
  t.check("a time that goes back", reader.timeS === 1769999999);
  t.check("minus one", reader.next() && reader.scaled === -1 && reader.timeS === 1770009000);
  t.check("the end", !reader.next());
  block[20] ^= 4;
  t.check("a damaged block does not open", !reader.open(block));
  await t.pause();

  const storage = new ArrayStorage();
  const before = new FlashJournal(storage);
  t.check("empty at first", (await before.restore()) === 0);
  const outbox = new Outbox([1, 0], 600, 4);
  for (let i = 0; i < 500; i++) {
    outbox.addReading(i % 2, i / 10, 1000 + i);
    if (i % 100 === 0) await t.pause();
  }
  const journaling = new Journaling(outbox, before, 3);
  let written = 0;
  while (await journaling.saveOne(1, 18, 1770000000)) {
    written++;
    await t.pause();
  }
  t.check("500 readings in 28 blocks", written === 28 && storage.count() === 28, "" + written);

  const after = new FlashJournal(storage);
  t.check("found again", (await after.restore()) === 28);
  let found = 0;
  let right = true;
  let place = after.take();
  while (place >= 0) {
    const bytes = after.block(place);
    if (!bytes || !reader.open(bytes) || reader.boot !== 3) right = false;
    while (reader.next()) {
      const expected = found % 2 === 0 ? found : Math.round(found / 10);
      if (reader.scaled !== expected || reader.timeS !== 1770001000 + found) right = false;
      found++;
    }
    after.acknowledged(place);
    await after.work();
    await t.pause();
    place = after.take();
  }
  t.check("every reading", found === 500 && right, "" + found);
  t.check("nothing left", storage.count() === 0 && after.restored() === 0);
}
