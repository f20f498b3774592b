import { Answer, IDS_REMEMBERED, answerTo, rememberAnswer } from "../../devs/commands/answeredIds";
import { readCommand } from "../../devs/contract/command";
import type { CaseRunner } from "./caseRunner";

/** Commands, good and bad, and the memory of those that were answered. */
export async function commandCases(t: CaseRunner): Promise<void> {
  const identify = readCommand(Buffer.from('{"id":"a1","command":"identify","seconds":20}'));
  t.check("identify", identify.problem === "" && identify.name === "identify");
  t.check("its id and time", identify.id === "a1" && identify.fields["seconds"] === 20);
  const plain = readCommand(Buffer.from('{"id":"a2","command":"identify"}'));
  t.check("without a time", plain.problem === "" && plain.fields["seconds"] === undefined);
  const log = readCommand(Buffer.from('{"id":"b 1","command":"log","minutes":5}'));
  t.check("log", log.problem === "" && log.fields["minutes"] === 5 && log.id === "b 1");
  const update = readCommand(
    Buffer.from('{"id":"u","command":"update","minutes":5,"program":4294967295}'),
  );
  t.check("update", update.problem === "" && update.fields["program"] === 4294967295);
  const zero = readCommand(
    Buffer.from('{"id":"c","command":"calibrate","channel":"no2","zero":0}'),
  );
  t.check("calibrate", zero.problem === "" && zero.fields["channel"] === "no2");
  t.check("its reference", zero.fields["zero"] === 0);
  const span = readCommand(
    Buffer.from('{"id":"c","command":"calibrate","channel":"no2","span":80.5}'),
  );
  t.check("its span", span.fields["span"] === 80.5);
  await t.pause();

  const wrong: string[] = [
    "",
    "must be a JSON object",
    "null",
    "must be a JSON object",
    '{"id":"a"',
    "must be a JSON object",
    '{"command":"sample"}',
    "id: must be a text of 1 to 40 printable ASCII characters",
    '{"id":"","command":"sample"}',
    "id: must be a text of 1 to 40 printable ASCII characters",
    '{"id":7,"command":"sample"}',
    "id: must be a text of 1 to 40 printable ASCII characters",
    '{"id":"a"}',
    "command: must be one of identify, sample, flush, self-test, restart, clear-counters, log, update, calibrate",
    '{"id":"a","command":"explode"}',
    "command: must be one of identify, sample, flush, self-test, restart, clear-counters, log, update, calibrate",
    '{"id":"a","command":"identify","seconds":0}',
    "seconds: must be a number from 1 to 600, got 0",
    '{"id":"a","command":"log","minutes":"5"}',
    "minutes: must be a number from 1 to 60",
    '{"id":"a","command":"sample","seconds":3}',
    "seconds: is not known; expected nothing",
    '{"id":"a","command":"calibrate","channel":"x","zero":0}',
    "channel: must be a metric of this node",
    '{"id":"a","command":"calibrate","channel":"no2"}',
    "must have exactly one of zero, span",
    '{"id":"a","command":"calibrate","channel":"no2","zero":0,"span":1}',
    "must have exactly one of zero, span",
    '{"id":"a","command":"calibrate","channel":"no2","span":null}',
    "must have exactly one of zero, span",
    '{"id":"a","command":"calibrate","channel":7,"span":2e6}',
    "channel: must be a text",
    '{"id":"é","command":"sample"}',
    "id: must be a text of 1 to 40 printable ASCII characters",
    '{"id":"a","command":"test"}',
    "command: must be one of identify, sample, flush, self-test, restart, clear-counters, log, update, calibrate",
    '{"id":"a","command":"calibrate?"}',
    "command: must be one of identify, sample, flush, self-test, restart, clear-counters, log, update, calibrate",
  ];
  for (let i = 0; i < wrong.length; i += 2) {
    const problem = readCommand(Buffer.from(wrong[i])).problem;
    t.check("refused: " + wrong[i], problem === wrong[i + 1], problem);
    await t.pause();
  }
  const long = readCommand(Buffer.alloc(513));
  t.check("too long", long.problem === "the command has more than 512 bytes", long.problem);

  const ids: number[] = [];
  t.check("nothing answered", answerTo("a", ids) === Answer.None);
  for (let i = 0; i < IDS_REMEMBERED; i++) {
    rememberAnswer("id " + i, i % 2 ? Answer.Done : Answer.Refused, ids);
    await t.pause();
  }
  t.check("the oldest", answerTo("id 0", ids) === Answer.Refused);
  t.check("the newest", answerTo("id 15", ids) === Answer.Done);
  rememberAnswer("one more", Answer.Accepted, ids);
  t.check("forgotten", answerTo("id 0", ids) === Answer.None);
  t.check("remembered", answerTo("id 1", ids) === Answer.Done);
  t.check("and the new one", answerTo("one more", ids) === Answer.Accepted);
}
