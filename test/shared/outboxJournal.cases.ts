import { FlashJournal, type JournalStorage } from "../../devs/outbox/flashJournal";
import {
  blockBoot,
  blockIsUtc,
  blockSeq,
  encodeBlock,
  isBlock,
  openBlock,
} from "../../devs/outbox/journalBlock";
import { Journaling } from "../../devs/outbox/journaling";
import { Outbox } from "../../devs/outbox/outbox";
import { RecordCursor, putRecord } from "../../devs/outbox/records";
import type { CaseRunner } from "./caseRunner";

/** Flash in two arrays. */
class ArrayStorage implements JournalStorage {
  keys: string[] = [];
  values: Buffer[] = [];
  private readonly t: CaseRunner;

  constructor(t: CaseRunner) {
    this.t = t;
  }

  async read(key: string): Promise<Buffer | undefined> {
    await this.t.pause();
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

function oneDecimalOrNone(channel: number): number {
  return channel === 0 ? 1 : 0;
}

/** Writes packs into a journal, starts anew, and sends them. */
export async function journalCases(t: CaseRunner): Promise<void> {
  const records = Buffer.alloc(40);
  let end = putRecord(records, 0, 255, 0, -2147483647);
  end = putRecord(records, end, 0, -1, 2147483647);
  end = putRecord(records, end, 5, 9001, -1);
  const block = encodeBlock(4000000000, 70000, true, 1770000000, 3, records.slice(0, end));
  const cursor = new RecordCursor();
  t.check("a block opens", isBlock(block));
  t.check("its boot", blockBoot(block) === 4000000000, "" + blockBoot(block));
  const count = openBlock(block, cursor);
  t.check("its number", blockSeq(block) === 70000 && blockIsUtc(block) && count === 3);
  t.check("the lowest value", cursor.next() && cursor.scaled === -2147483647, "" + cursor.scaled);
  t.check("its channel", cursor.channel === 255 && cursor.timeS === 1770000000);
  t.check("the highest value", cursor.next() && cursor.scaled === 2147483647, "" + cursor.scaled);
  t.check("a time that goes back", cursor.timeS === 1769999999);
  t.check("minus one", cursor.next() && cursor.scaled === -1 && cursor.timeS === 1770009000);
  block[20] ^= 4;
  t.check("a damaged block does not open", !isBlock(block));
  await t.pause();

  const storage = new ArrayStorage(t);
  const before = new FlashJournal(storage);
  t.check("empty at first", (await before.restore()) === 0);
  const outbox = new Outbox(oneDecimalOrNone, 5120, 4);
  for (let i = 0; i < 1128; i++) {
    outbox.addReading(i % 2, i / 10, 1000 + i);
    if (i % 100 === 0) await t.pause();
  }
  const journaling = new Journaling(outbox, before, 3, () => "");
  let written = 0;
  while (await journaling.saveOne(1, 1770000000)) {
    written++;
    await t.pause();
  }
  t.check("1128 readings in 47 blocks", written === 47 && storage.count() === 47, "" + written);
  t.check("which left the outbox", outbox.readings() === 0 && before.waiting() === 47);

  const after = new FlashJournal(storage);
  t.check("found again", (await after.restore()) === 47);
  let found = 0;
  let right = true;
  let place = after.take();
  while (place >= 0) {
    const bytes = after.block(place) as Buffer;
    if (blockBoot(bytes) !== 3) right = false;
    const inBlock = openBlock(bytes, cursor);
    for (let i = 0; i < inBlock; i++) {
      cursor.next();
      const expected = found % 2 === 0 ? found : Math.round(found / 10);
      if (cursor.scaled !== expected || cursor.timeS !== 1770001000 + found) right = false;
      found++;
    }
    after.acknowledged(place);
    await after.work();
    await t.pause();
    place = after.take();
  }
  t.check("every reading", found === 1128 && right, "" + found);
  t.check("nothing left", storage.count() === 0 && after.waiting() === 0);
}
