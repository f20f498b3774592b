import { log, logCount, logSince } from "../../devs/node/logTail";
import type { CaseRunner } from "./caseRunner";

/** The lines after the first `seen`, one behind the other. */
function since(seen: number): string {
  return logSince(seen).join("|");
}

/** What is kept of the node's log. */
export async function logTailCases(t: CaseRunner): Promise<void> {
  const start = logCount();
  t.check("nothing is new", since(start) === "", since(start));
  for (let i = 0; i < 5; i++) log("line " + i);
  t.check("counts", logCount() === start + 5, "" + logCount());
  t.check("tells what is new", since(start + 3) === "line 3|line 4", since(start + 3));
  for (let i = 5; i < 20; i++) log("line " + i);
  const last = "line 12|line 13|line 14|line 15|line 16|line 17|line 18|line 19";
  t.check("keeps the last eight", since(start) === last, since(start));
  await t.pause();

  let long = "";
  for (let i = 0; i < 9; i++) long += "0123456789";
  log(long);
  t.check("cuts a long line", since(logCount() - 1) === long.slice(0, 80), since(logCount() - 1));
  log("");
  t.check("keeps an empty line", logSince(logCount() - 2).length === 2);
  t.check("and says nothing in it", since(logCount() - 1) === "", since(logCount() - 1));
  const arabic = long.slice(0, 79) + "ش" + "ارع";
  log(arabic);
  t.check(
    "cuts between characters",
    since(logCount() - 1) === long.slice(0, 79),
    since(logCount() - 1),
  );
  log("شارع");
  t.check("keeps what is no ASCII", since(logCount() - 1) === "شارع", since(logCount() - 1));
}
