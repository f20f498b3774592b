import { Answer, AnsweredIds, IDS_REMEMBERED } from "../../devs/commands/answeredIds";
import { CommandKind, readCommand } from "../../devs/contract/command";
import { metricIndex } from "../../devs/contract/metrics";
import type { CaseRunner } from "./caseRunner";

/** Commands, good and bad, and the memory of those that were answered. */
export async function commandCases(t: CaseRunner): Promise<void> {
  const identify = readCommand(Buffer.from('{"id":"a1","command":"identify","seconds":20}'));
  t.check("identify", identify.problem === "" && identify.kind === CommandKind.Identify);
  t.check("its id and time", identify.id === "a1" && identify.amount === 20);
  const plain = readCommand(Buffer.from('{"id":"a2","command":"identify"}'));
  t.check("its default", plain.problem === "" && plain.amount === 30);
  const log = readCommand(Buffer.from('{"id":"é 1","command":"log"}'));
  t.check("log", log.kind === CommandKind.Log && log.amount === 5 && log.id === "é 1");
  const zero = readCommand(
    Buffer.from('{"id":"c","command":"calibrate","channel":"no2","zero":0}'),
  );
  t.check("calibrate", zero.problem === "" && zero.kind === CommandKind.CalibrateZero);
  t.check("its channel", zero.metric === metricIndex("no2") && zero.reference === 0);
  const span = readCommand(
    Buffer.from('{"id":"c","command":"calibrate","channel":"no2","span":80.5}'),
  );
  t.check("its span", span.kind === CommandKind.CalibrateSpan && span.reference === 80.5);
  await t.pause();

  const wrong: string[] = [
    "",
    "must be a JSON object",
    "null",
    "must be a JSON object",
    '{"id":"a"',
    "must be a JSON object",
    '{"command":"sample"}',
    "id: must be a text of 1 to 40 printable characters",
    '{"id":"","command":"sample"}',
    "id: must be a text of 1 to 40 printable characters",
    '{"id":7,"command":"sample"}',
    "id: must be a text of 1 to 40 printable characters",
    '{"id":"a"}',
    "command: must be identify, sample, flush, self-test, restart, clear-counters, log or calibrate",
    '{"id":"a","command":"explode"}',
    "command: must be identify, sample, flush, self-test, restart, clear-counters, log or calibrate",
    '{"id":"a","command":"identify","seconds":0}',
    "seconds: must be a number from 1 to 600",
    '{"id":"a","command":"log","minutes":"5"}',
    "minutes: must be a number from 1 to 60",
    '{"id":"a","command":"sample","seconds":3}',
    "has a member that sample does not know: seconds",
    '{"id":"a","command":"calibrate","channel":"x","zero":0}',
    "channel: must be a metric of this node",
    '{"id":"a","command":"calibrate","channel":"no2"}',
    "calibrate: needs zero or span, the reference value in the channel's unit",
    '{"id":"a","command":"calibrate","channel":"no2","zero":0,"span":1}',
    "calibrate: needs zero or span, the reference value in the channel's unit",
    '{"id":"a","command":"calibrate","channel":"no2","span":null}',
    "span: must be a number from -1000000 to 1000000",
  ];
  for (let i = 0; i < wrong.length; i += 2) {
    const problem = readCommand(Buffer.from(wrong[i])).problem;
    t.check("refused: " + wrong[i], problem === wrong[i + 1], problem);
    await t.pause();
  }
  const long = readCommand(Buffer.alloc(513));
  t.check("too long", long.problem === "the command has 513 bytes, more than 512", long.problem);

  const ids = new AnsweredIds();
  t.check("nothing answered", ids.find("a") === Answer.None);
  for (let i = 0; i < IDS_REMEMBERED; i++) {
    ids.remember("id " + i, i % 2 ? Answer.Done : Answer.Refused);
    await t.pause();
  }
  t.check("the oldest", ids.find("id 0") === Answer.Refused);
  t.check("the newest", ids.find("id 15") === Answer.Done);
  ids.remember("one more", Answer.Accepted);
  t.check("forgotten", ids.find("id 0") === Answer.None);
  t.check("remembered", ids.find("id 1") === Answer.Done);
  t.check("and the new one", ids.find("one more") === Answer.Accepted);
}
