import type { CommandAnswer } from "../api";
import { RequestProblem } from "./requests";
import type { Texts } from "./texts/texts";

/** What became of a command, in the viewer's words; why a node refuses it says by itself. */
export function commandText({ result, reason }: CommandAnswer, texts: Texts): string {
  const words = texts.commandResults[result];
  // Why a node is silent stands on the page already, and not in English.
  return reason === undefined || result === "silent" ? words : `${words} (\u2068${reason}\u2069)`;
}

/**
 * Why a command did not get to the node.
 *
 * @throws whatever is no answer of the server's
 */
export function commandProblemText(problem: unknown, texts: Texts): string {
  if (!(problem instanceof RequestProblem)) throw problem;
  switch (problem.status) {
    case 403:
      return texts.mayNot;
    // A node that was never heard does not answer, either.
    case 404:
      return texts.commandResults.silent;
    case 503:
      return texts.noLine;
    default:
      return texts.notReached;
  }
}
