import type { CheckState } from "../../../../field/checks";
import type { VisitRequest } from "../../../api";
import type { Plural } from "../../texts/texts";

type Kind = VisitRequest["kind"];

/** Every text of the field page in one language, in words that a crew uses. `{name}` is filled in. */
export interface FieldTexts {
  readonly title: string;
  readonly whichNode: string;
  readonly scan: string;
  readonly useCameraApp: string;
  readonly noCamera: string;
  readonly nothingRead: string;
  readonly nodeName: string;
  readonly openNode: string;
  readonly noSuchName: string;
  readonly otherNode: string;
  readonly onNoPole: string;
  readonly measureNow: string;
  readonly signInFirst: string;
  readonly roleMayNot: string;
  readonly noNetwork: string;
  readonly noNetworkSince: string;

  readonly states: Readonly<Record<CheckState, string>>;
  /** By the check's name; a chip that is not here is called by its own. */
  readonly checkNames: Readonly<Record<string, string>>;
  readonly plausible: string;
  /** What to do, by check and reason, or by the reason alone. */
  readonly advice: Readonly<Record<string, string>>;

  readonly whatYouDo: string;
  readonly kinds: Readonly<Record<Kind, string>>;
  readonly replaces: string;
  readonly pole: string;
  readonly height: string;
  readonly direction: string;
  /** From north clockwise. */
  readonly directions: readonly string[];
  readonly notKnown: string;
  readonly position: string;
  readonly takePosition: string;
  readonly locating: string;
  readonly noPosition: string;
  readonly positionMissing: string;
  readonly positionOnMap: string;
  readonly positionByPhone: string;
  readonly placeOnMap: string;
  readonly mapNote: string;
  readonly takePhoto: string;
  readonly removePhoto: string;
  readonly photoAlt: string;
  readonly badPhoto: string;
  readonly note: string;
  readonly despite: string;
  readonly checksUnknown: string;
  readonly allPassed: string;
  readonly openChecks: Plural;
  readonly submit: Readonly<Record<Kind, string>>;
  readonly missing: Readonly<
    Record<"replaces" | "hangs" | "pole" | "height" | "position" | "despite", string>
  >;
  readonly notKept: string;

  readonly queueNote: string;
  readonly kindOf: Readonly<Record<Kind, string>>;
  readonly arrived: string;
  readonly waitsToBeSent: string;
  readonly changeAndSend: string;
  readonly throwAway: string;
  /** By the server's code. */
  readonly refusals: Readonly<Record<string, string>>;
  readonly refusedOther: string;
}
