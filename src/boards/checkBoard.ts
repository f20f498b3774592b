import type { BoardSource } from "./boardFile";
import { CHIP_PINS, type ChipPins } from "./chipPins";

/** What is wrong with a board file. */
export interface BoardFinding {
  /** The file as it was named. */
  readonly file: string;
  /** An error refuses the board; a warning asks to look again. */
  readonly severity: "error" | "warning";
  /** Where in the document, such as `i2c.pinSDA`; empty for all of it. */
  readonly path: string;
  /** What is wrong, and what was expected. */
  readonly reason: string;
}

type Report = (severity: BoardFinding["severity"], path: string, reason: string) => void;
type Members = Readonly<Record<string, unknown>>;

/** One use of a pin: by its GPIO number, or by a label of `pins`. */
interface PinUse {
  readonly path: string;
  readonly pin: unknown;
}

/** Longest key of the runtime's configuration, `DCFG_KEYSIZE` of DeviceScript's compiler. */
const KEY_CHARS = 15;
/** Longest name that a node reports as its board, so that `up/state` stays small. */
const NAME_CHARS = 40;
/** DeviceScript's product identifiers start with 0x3 (`srvcfg.d.ts` of its sources). */
const PRODUCT_IDS = { least: 0x30000000, most: 0x3fffffff };

/** What DeviceScript reads from a board file (`archconfig.ts` and `srvcfg.d.ts` of its sources). */
const KNOWN_MEMBERS = new Set([
  ...["$schema", "$description", "$services", "$pins", "$fwUrl", "$flashToolArguments"],
  ...["archId", "devName", "productId", "url", "i2c", "led", "log", "jacdac", "pins", "sPin"],
  ...["services", "sd", "scanI2C"],
]);
/** Kinds of light that the runtime drives (`srvcfg.d.ts`). */
const LED_TYPES = new Set<unknown>([0, 1, 2, 3]);
/** Members whose pins the chip drives. */
const DRIVEN = /^(i2c|led|log|jacdac)\./;

/**
 * Checks board files, each by itself and against each other.
 *
 * @param takenProductIds product identifiers of other boards, by number, with their names.
 * @returns every finding, in the order of the files; empty when all is well.
 */
export function checkBoards(
  sources: readonly BoardSource[],
  takenProductIds: ReadonlyMap<number, string> = new Map(),
): BoardFinding[] {
  const findings: BoardFinding[] = [];
  const taken = new Map(takenProductIds);
  for (const source of sources) {
    const { file } = source;
    const report: Report = (severity, path, reason) =>
      findings.push({ file, severity, path, reason });
    const board = parse(source, report);
    if (!board) continue;
    checkBoard(board, report);
    const id = productId(board["productId"]);
    if (id === undefined) continue;
    const other = taken.get(id);
    if (other === undefined) taken.set(id, file);
    else report("error", "productId", `${String(board["productId"])} is that of ${other}`);
  }
  return findings;
}

/** One line for a person. */
export function findingText({ file, severity, path, reason }: BoardFinding): string {
  const where = path ? `${path}: ` : "";
  const text = `${file}: ${severity === "warning" ? "warning: " : ""}${where}${reason}`;
  // A member's own name may hold a line break.
  return text.replace(/[\r\n]+/g, " ");
}

/** A board's product identifier as a number, or undefined when it is none. */
export function productId(value: unknown): number | undefined {
  const number =
    typeof value === "string" && /^0x[0-9a-f]{8}$/i.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) return undefined;
  return number >= PRODUCT_IDS.least && number <= PRODUCT_IDS.most ? number : undefined;
}

function parse({ text }: BoardSource, report: Report): Members | undefined {
  let board: unknown;
  try {
    board = JSON.parse(text);
  } catch (error) {
    report("error", "", `is no JSON: ${(error as Error).message.split("\n")[0]}`);
    return undefined;
  }
  if (isMembers(board)) return board;
  report("error", "", "expected a JSON object");
  return undefined;
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkBoard(board: Members, report: Report): void {
  for (const member of Object.keys(board))
    if (!KNOWN_MEMBERS.has(member) && !member.startsWith("#"))
      report(
        "error",
        member,
        member === "devNetwork"
          ? "takes the network away from the node's own connection"
          : "is no member of a board file",
      );
  checkText(board, "$description", report);
  checkText(board, "url", report);
  checkText(board, "devName", report);
  const { devName } = board;
  if (typeof devName === "string" && devName.length > NAME_CHARS)
    report("error", "devName", `has ${devName.length} characters, ${NAME_CHARS} are allowed`);
  if (board["productId"] === undefined) report("error", "productId", "is missing");
  else if (productId(board["productId"]) === undefined)
    report("error", "productId", "expected 0x3 and seven hexadecimal digits in quotes");

  const chip = chipOf(board, report);
  checkBus(board["i2c"], report);
  checkLed(board["led"], report);
  for (const member of ["log", "jacdac"])
    if (board[member] !== undefined && !isMembers(board[member]))
      report("error", member, "expected an object");
  if (board["services"] !== undefined && !Array.isArray(board["services"]))
    report("error", "services", "expected a list");
  const labels = checkLabels(board["pins"], report);
  checkStartLevels(board["sPin"], labels, report);
  if (chip) checkPins(board, chip, labels, report);
}

function checkText(board: Members, member: string, report: Report): void {
  const value = board[member];
  if (value === undefined) report("error", member, "is missing");
  else if (typeof value !== "string" || value.trim() === "")
    report("error", member, "expected a text");
}

function chipOf(board: Members, report: Report): ChipPins | undefined {
  const { archId } = board;
  if (archId === undefined) report("error", "archId", "is missing");
  else if (typeof archId === "string" && Object.hasOwn(CHIP_PINS, archId)) return CHIP_PINS[archId];
  else
    report(
      "error",
      "archId",
      `${JSON.stringify(archId)} is not known, expected one of ${Object.keys(CHIP_PINS).join(", ")}`,
    );
  return undefined;
}

function checkBus(i2c: unknown, report: Report): void {
  if (i2c === undefined) report("error", "i2c", "is missing");
  else if (!isMembers(i2c)) report("error", "i2c", "expected an object");
  else {
    for (const pin of ["pinSDA", "pinSCL"])
      if (i2c[pin] === undefined) report("error", `i2c.${pin}`, "is missing");
    // The sensors of Sensirion and Plantower allow no more than 100 kHz.
    if (i2c["kHz"] !== undefined && i2c["kHz"] !== 100)
      report("error", "i2c.kHz", "expected 100, the most that every sensor allows");
  }
}

function checkLed(led: unknown, report: Report): void {
  if (led === undefined)
    report("error", "led", "is missing: the crew reads the node's state from it");
  else if (!isMembers(led)) report("error", "led", "expected an object");
  else {
    const { pin, rgb, type } = led;
    if (pin === undefined && rgb === undefined) report("error", "led.pin", "is missing");
    if (rgb !== undefined && !(Array.isArray(rgb) && rgb.length === 3))
      report("error", "led.rgb", "expected a list of three: red, green and blue");
    else
      (rgb ?? []).forEach((channel: unknown, i: number) => {
        if (!isMembers(channel) || channel["pin"] === undefined)
          report("error", `led.rgb[${i}].pin`, "is missing");
      });
    if (type !== undefined && !LED_TYPES.has(type))
      report("error", "led.type", "expected 0 (plain), 1 (WS2812B), 2 (APA102) or 3 (SK9822)");
    for (const flag of ["activeHigh", "isMono"])
      if (led[flag] !== undefined && typeof led[flag] !== "boolean")
        report("error", `led.${flag}`, "expected true or false");
  }
}

/** The labels of `pins` whose value is a pin's number. */
function checkLabels(value: unknown, report: Report): ReadonlyMap<string, number> {
  const labels = new Map<string, number>();
  if (value === undefined) return labels;
  if (!isMembers(value)) {
    report("error", "pins", "expected an object of labels and GPIO numbers");
    return labels;
  }
  for (const [label, pin] of Object.entries(value)) {
    if (label.startsWith("#")) continue;
    if (`pins.${label}`.length > KEY_CHARS)
      report("error", `pins.${label}`, `expected a label of at most ${KEY_CHARS - 5} characters`);
    if (typeof pin === "number") labels.set(label, pin);
    else report("error", `pins.${label}`, "expected a GPIO number");
  }
  return labels;
}

function checkStartLevels(
  value: unknown,
  labels: ReadonlyMap<string, number>,
  report: Report,
): void {
  if (value === undefined) return;
  if (!isMembers(value)) report("error", "sPin", "expected an object of labels and levels");
  else
    for (const [label, level] of Object.entries(value)) {
      if (label.startsWith("#")) continue;
      if (!labels.has(label)) report("error", `sPin.${label}`, "pins has no such label");
      if (level !== 0 && level !== 1)
        report("error", `sPin.${label}`, "expected 0 or 1, the level at the start");
    }
}

/**
 * Every pin on its own, and that none has two uses. A label is a use by itself, unless
 * another member refers to it.
 */
function checkPins(
  board: Members,
  chip: ChipPins,
  labels: ReadonlyMap<string, number>,
  report: Report,
): void {
  const uses = usesOfPins(board);
  const named = new Set(uses.map(({ pin }) => pin));
  for (const [label, pin] of labels)
    if (!named.has(label)) uses.push({ path: `pins.${label}`, pin });
  const levels = isMembers(board["sPin"]) ? board["sPin"] : {};
  const usedBy = new Map<number, string>();
  for (const { path, pin } of uses) {
    const gpio = typeof pin === "string" ? labels.get(pin) : pin;
    if (typeof gpio !== "number") {
      report(
        "error",
        path,
        typeof pin === "string"
          ? `pins has no label ${JSON.stringify(pin)}`
          : "expected a GPIO number or a label of pins",
      );
      continue;
    }
    const label = path.startsWith("pins.") ? path.slice("pins.".length) : undefined;
    if (typeof pin === "string" && levels[pin] !== undefined)
      report("error", `sPin.${pin}`, `the level of ${path} is not the board's to set`);
    const driven = DRIVEN.test(path) || (label !== undefined && levels[label] !== undefined);
    checkPin(chip, path, gpio, driven, report);
    const other = usedBy.get(gpio);
    if (other === undefined) usedBy.set(gpio, path);
    else report("error", path, `GPIO${gpio} is used by ${other} already`);
  }
}

function checkPin(
  chip: ChipPins,
  path: string,
  gpio: number,
  driven: boolean,
  report: Report,
): void {
  if (!chip.all.has(gpio)) {
    report("error", path, `${chip.name} has no GPIO${gpio}`);
    return;
  }
  const purpose = chip.reserved.get(gpio);
  if (purpose !== undefined)
    report("error", path, `GPIO${gpio} of ${chip.name} is reserved for ${purpose}`);
  if (driven && chip.inputOnly.has(gpio))
    report("error", path, `GPIO${gpio} of ${chip.name} is an input only, expected an output`);
  const care = chip.delicate.get(gpio);
  if (care !== undefined && path !== "log.pinTX")
    report("warning", path, `GPIO${gpio} of ${chip.name} ${care}`);
}

/** Every member whose name starts with `pin`, but for the labels, as DeviceScript finds them. */
function usesOfPins(board: Members): PinUse[] {
  const uses: PinUse[] = [];
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) value.forEach((element, i) => walk(element, `${path}[${i}]`));
    else if (isMembers(value))
      for (const [name, member] of Object.entries(value)) {
        if (name.startsWith("#") || (path === "" && (name === "pins" || name === "$pins")))
          continue;
        const at = path === "" ? name : `${path}.${name}`;
        if (name.startsWith("pin")) uses.push({ path: at, pin: member });
        else walk(member, at);
      }
  };
  walk(board, "");
  return uses;
}
