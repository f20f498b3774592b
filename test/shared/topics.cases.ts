import { nameProblem, nodeTopic } from "../../devs/contract/topics";
import type { CaseRunner } from "./caseRunner";

/** Names and topics. */
export async function topicsCases(t: CaseRunner): Promise<void> {
  t.check(
    "a topic",
    nodeTopic("berkane", "bk-0001", "up/data") === "streetnode/v1/berkane/bk-0001/up/data",
  );
  t.check("a good name", nameProblem("bk-0001") === undefined);
  t.check("too short", nameProblem("ab") === "must have 3 to 23 characters, has 2");
  t.check(
    "too long",
    nameProblem("a23456789012345678901234") === "must have 3 to 23 characters, has 24",
  );
  t.check("longest", nameProblem("a2345678901234567890123") === undefined);
  t.check("upper case", nameProblem("Bk-0001") === "may hold only a-z, 0-9 and '-', has 'B'");
  t.check("a wildcard", nameProblem("bk+01") !== undefined);
  t.check("reserved", nameProblem("all") !== undefined);
}
