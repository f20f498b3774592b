import { BootLog, type SelfTest } from "./bootLog";
import { FlashError } from "./flashError";
import { pause } from "./pause";
import type { PortFacts, SerialAccess } from "./serialPorts";
import { WebSerialPort } from "./webSerialPort";

/** The runtime waits 1.1 s before it starts the program: silence for so long is none. */
const SILENT_MS = 10_000;
/** The program waits up to 5 s for its chips, and a chip's first answer takes seconds. */
const VERDICT_MS = 30_000;
/** The S3's own USB goes at a restart, and comes back as another device. */
const REAPPEAR_MS = 10_000;
/** Time to find and press a button. */
const BUTTON_MS = 60_000;
const POLL_MS = 100;

/** Where the log of a restarted board is to be heard. */
export interface RestartedBoard {
  readonly access: SerialAccess;
  readonly facts: PortFacts;
  readonly port: WebSerialPort;
  readonly mac: string;
  /** Rate of the log, in baud. */
  readonly logBaud: number;
  /** Somebody presses a button for the restart. */
  readonly manualReset: boolean;
  /** Restarts the board; called once its log is listened to. */
  restart(): Promise<void>;
}

/**
 * Restarts a board and waits for its self-test's verdict.
 *
 * @throws FlashError when there is none.
 */
export async function waitForVerdict(
  board: RestartedBoard,
  signal: AbortSignal | undefined,
): Promise<SelfTest> {
  const log = new BootLog();
  let { port } = board;
  port.listen((bytes) => log.push(bytes));
  await board.restart();
  const startMs = Date.now() + (board.manualReset ? BUTTON_MS : 0);
  let lostMs: number | undefined;
  try {
    while (true) {
      await pause(POLL_MS);
      if (signal?.aborted) throw new FlashError("interrupted", "interrupted");
      if (log.state === "judged" && log.verdict) return log.verdict;
      const problem = problemOf(log);
      if (problem) throw problem;
      const waitedMs = Date.now() - startMs;
      if (port.lost) {
        lostMs ??= Date.now();
        const again = await findAgain(board);
        if (again) {
          await port.release();
          port = again;
          port.listen((bytes) => log.push(bytes));
          await port.open({ baudRate: board.logBaud });
          lostMs = undefined;
        } else if (Date.now() - lostMs > REAPPEAR_MS)
          throw new FlashError("unplugged", "the board was unplugged: plug it in again");
      } else if (log.state === "silent" && waitedMs > SILENT_MS)
        throw new FlashError(
          "no-boot",
          log.heard
            ? "something answers after the restart, but not the runtime: is the runtime image right for this board?"
            : "the board says nothing after the restart: press EN; over a board's UART socket its board file must name log.pinTX",
        );
      if (waitedMs > VERDICT_MS)
        throw new FlashError(
          "no-verdict",
          `the board runs but gave no self-test verdict in ${VERDICT_MS / 1000} s: is the firmware older than this flasher?`,
        );
    }
  } finally {
    if (port !== board.port) await port.release();
  }
}

/** What the log says that no verdict will follow on. */
function problemOf(log: BootLog): FlashError | undefined {
  switch (log.state) {
    case "refused":
      return new FlashError("cannot-start", `the firmware cannot start: ${log.refusal}`);
    case "looping":
      return new FlashError(
        "no-boot",
        "the board restarts again and again: check its supply, then the runtime image",
      );
    case "empty":
      return new FlashError("no-boot", "the chip finds no program in its flash");
    default:
      return undefined;
  }
}

/** The board's port after it went: the same one, or one whose serial number holds the board's MAC. */
async function findAgain(board: RestartedBoard): Promise<WebSerialPort | undefined> {
  const digits = board.mac.replaceAll(":", "").toUpperCase();
  for (const facts of await board.access.list()) {
    const serial = facts.serialNumber?.replaceAll(":", "").toUpperCase() ?? "";
    if (facts.path === board.facts.path || serial.includes(digits))
      return new WebSerialPort(board.access, facts);
  }
  return undefined;
}
