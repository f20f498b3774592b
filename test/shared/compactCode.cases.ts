/**
 * Code that a compiler that shortens it could get wrong: conditions, functions that are put
 * in the place of their only call, variables that share a place.
 */
import type { CaseRunner } from "./caseRunner";

let trace = "";

function say(word: string): string {
  trace += word;
  return word;
}

function truth(word: string, value: boolean): boolean {
  trace += word;
  return value;
}

function traced(): string {
  const text = trace;
  trace = "";
  return text;
}

/** The first number above a limit, or -1. */
function firstAbove(list: number[], limit: number): number {
  for (const value of list) {
    if (value > limit) return value;
  }
  return -1;
}

function nothingBack(list: number[], value: number): void {
  if (value < 0) return;
  list.push(value);
  if (value > 10) return;
  list.push(-value);
}

function kind(value: number): string {
  if (value < 0) return "negative";
  else if (value === 0) return "zero";
  const half = value / 2;
  return half > 5 ? "big" : "small";
}

function swapped(a: string, b: string): string {
  return b + a;
}

function twiceChanged(value: number): number {
  value += 1;
  value *= 2;
  return value;
}

function withDefault(a: number, b = 10, c = a + b): number {
  return a * 10000 + b * 100 + c;
}

function maybe(value: number): number | undefined {
  if (value > 0) return value;
  return undefined;
}

function fallsThrough(value: number): string | undefined {
  if (value > 0) {
    say("positive ");
    return "yes";
  }
  say("else ");
  return undefined;
}

function countdown(from: number): string {
  let text = "";
  let i = from;
  while (true) {
    let seen: number | undefined;
    if (i === from) seen = i;
    text += seen === undefined ? "-" : "+";
    i--;
    if (i === 0) return text;
    if (i === 2) continue;
    text += i;
  }
}

function sumOfBoth(a: number, b: number): number {
  const sum = a + b;
  return sum;
}

function inner(value: number): number {
  const more = value + 1;
  return more * more;
}

function outer(value: number): number {
  const first = inner(value);
  return first - value;
}

function thrower(value: number): number {
  if (value > 1) throw new Error("above 1");
  return value;
}

async function later(value: number, t: CaseRunner): Promise<number> {
  const before = value;
  await t.pause();
  if (before > 100) return before;
  return before + 1;
}

class Counter {
  readonly name: string;
  private count = 0;

  constructor(name: string) {
    this.name = name;
  }

  label(): string {
    return this.name + this.next();
  }

  add(other: Counter, times: number): number {
    for (let i = 0; i < times; i++) {
      if (this.isAbove(other, 3)) return -this.count;
      this.count += other.step();
    }
    return this.count;
  }

  private step(): number {
    return this.name === "two" ? 2 : 1;
  }

  private isAbove(other: Counter, limit: number): boolean {
    return this.count > limit || other.count > limit;
  }

  private next(): number {
    this.count++;
    return this.count;
  }
}

/** @hot so that its objects are no arrays. */
class Step {
  taken = 0;

  take(): number {
    this.taken++;
    return this.taken;
  }
}

class Stairs extends Step {
  readonly height: number;

  constructor(height: number) {
    super();
    this.height = height;
  }

  climb(): number {
    return this.height * this.take();
  }
}

class Pair {
  readonly left: Counter;
  right: Counter;

  constructor(left: Counter, right: Counter) {
    this.left = left;
    this.right = right;
  }

  replaced(counter: Counter): Counter {
    const before = this.right;
    this.right = counter;
    return before;
  }
}

abstract class Shape {
  made = say("made ");
  edges?: number;
  protected readonly scale: number;

  constructor(scale: number) {
    this.scale = scale;
  }

  abstract area(): number;

  twice(): number {
    return 2 * this.area();
  }

  grow(by: number): this {
    this.edges = (this.edges ?? 0) + by;
    return this;
  }

  label(): string {
    return "shape";
  }
}

class Square extends Shape {
  private readonly side: number;

  constructor(side: number, scale = 1) {
    super(scale);
    this.side = side;
    this.edges = 4;
  }

  override area(): number {
    return this.side * this.side * this.scale;
  }

  override label(): string {
    return "square " + this.side;
  }
}

/** Has no constructor of its own. */
class Blob extends Shape {
  private seen = 0;

  override area(): number {
    this.seen += 1;
    return this.seen * this.scale;
  }
}

class Tile extends Square {
  colour = "red";

  override label(): string {
    return this.colour + " tile of " + this.edges;
  }
}

/** Is taken apart. */
class Parts {
  first = 1;
  second = 2;
}

interface Named {
  name: string;
}

/** There is one of it. */
class Only {
  count = 3;
  name = "only";
  readonly inside = new Inside(this.count);
  private readonly added: number;
  fallen?: number;

  constructor(
    readonly twice: number,
    added = 4,
  ) {
    this.added = added;
    this.count += twice;
  }

  total(): number {
    this.count++;
    this.inside.depth *= 2;
    return this.count + this.added + this.inside.depth;
  }

  itself(): Only {
    say("asked ");
    return this;
  }
}

/** Also one, inside the other. */
class Inside {
  constructor(public depth: number) {}
}

const only = new Only(10);

/** One class stands behind it. */
interface Keeper {
  keep(value: number): this;
  kept(): number;
}

class Vault implements Keeper {
  private sum = 0;

  keep(value: number): this {
    this.sum += value;
    return this;
  }

  kept(): number {
    return this.sum;
  }
}

function keptIn(keeper: Keeper, value: number): number {
  return keeper.keep(value).keep(value).kept();
}

function nameOf(named: Named): string {
  return named.name;
}

export async function compactCodeCases(t: CaseRunner): Promise<void> {
  const is = (
    name: string,
    actual: string | number | boolean | undefined,
    expected: typeof actual,
  ) => t.check(name, actual === expected, "is " + actual + ", not " + expected);

  for (let mask = 0; mask < 8; mask++) {
    const a = (mask & 1) !== 0;
    const b = (mask & 2) !== 0;
    const c = (mask & 4) !== 0;
    const bits = (a ? "a" : "-") + (b ? "b" : "-") + (c ? "c" : "-");
    let went = "";
    if (a && b && c) went += "1";
    else went += "0";
    if (a || b || c) went += "1";
    if (!(a && !b) || c) went += "2";
    if ((a || b) && !(b && c)) went += "3";
    went += a && (b || c) ? "4" : "5";
    const kept = (a || b) && c;
    went += kept;
    let rounds = 0;
    while (rounds < 3 && (a || rounds < 1)) rounds++;
    for (let i = 0; i < 3 && !(b && i === 1); i++) rounds += 10;
    is("conditions of " + bits, went + rounds, expectedOf(a, b, c));
  }
  await t.pause();

  if (truth("a", true) && truth("b", false) && truth("c", true)) say("!");
  is("stops at the first that is false", traced(), "ab");
  if (truth("a", false) || truth("b", true) || truth("c", true)) say("!");
  is("stops at the first that is true", traced(), "ab!");
  const text: string | undefined = maybe(0) === undefined ? undefined : "x";
  is("takes what is no boolean", text || "other", "other");
  const nought = 0;
  is("keeps the value of an and", nought && 5, 0);

  is("returns out of a loop", firstAbove([1, 5, 9], 4), 5);
  is("returns after a loop", firstAboveAgain([1, 5, 9]), -1);
  const list: number[] = [];
  for (const value of [-1, 3, 20]) nothingBack(list, value);
  is("returns without a value", list.join(), "3,-3,20");
  is("returns in branches", kinds([-3, 0, 4, 30]), "negative zero small big ");
  is("keeps the order of arguments", swapped(say("a"), say("b")) + traced(), "baab");
  const changes = list.length + 2;
  is("changes only its own argument", twiceChanged(changes) + changes, 17);
  is("takes defaults", withDefault(1), 11011);
  is("leaves what is given", defaultsAgain(), 10203);
  is("gives undefined", fallsThrough(-1), undefined);
  is("on the way it takes", traced(), "else ");
  is("begins each round anew", countdown(4), "+3--1-");
  is("adds two calls", sumOfBoth(outer(2), twice(outerAgain(3))), 7 + 26);
  is("keeps both operands", adds(3) + adds(4) * 10, 65);
  let caught = "";
  try {
    caught += thrower(1);
    caught += throwerAgain();
  } catch (error) {
    caught += (error as Error).message;
  }
  is("throws into its caller", caught, "1above 1");
  is("waits", (await later(5, t)) + (await laterAgain(t)), 6 + 101);

  const one = new Counter("one");
  const two = new Counter("two");
  is("is itself", one.label() + two.label(), "one1two1");
  is("knows itself from another", one.add(two, 5), -5);
  const pair = new Pair(one, two);
  is("evaluates the object first", pair.right.label() + pair.replaced(one).label(), "two2two3");
  const stairs = new Stairs(7);
  is("extends a class without relatives above it", stairs.climb() + stairs.climb(), 7 + 14);
  is("keeps a field that changes", pair.right.name + pair.left.name, "oneone");
  const shapes: Shape[] = [new Square(3), new Blob(2), new Tile(2, 10), new Blob(1)];
  is("makes each once", traced(), "made made made made ");
  let areas = "";
  for (const shape of shapes) areas += shape.area() + " " + shape.twice() + " ";
  is("takes the method of its own class", areas, "9 18 2 8 40 80 1 4 ");
  is("inherits a method", shapes[1].label() + shapes[0].label(), "shapesquare 3");
  is("has what it was given", shapes[1].edges, undefined);
  is("returns itself", shapes[1].grow(5).grow(1).edges, 6);
  is("knows its own fields", shapes[2].grow(1).label(), "red tile of 5");
  const { first, second } = new Parts();
  is("can be taken apart", first + second + new Parts().second, 5);
  const tile = new Tile(3, 2);
  is("is of a class that is known", tile.area() + tile.label(), "18red tile of 4");
  const square = new Square(4);
  is("is of a class that others extend", square.area() + square.label(), "16square 4");
  is("makes both", traced(), "made made ");
  is("stands behind an interface", keptIn(new Vault(), 4) + keptIn(new Vault().keep(1), 5), 19);
  const { count, inside: within } = only;
  is("is the only one and taken apart", count + within.depth, 13 + 3);
  let none: Shape | undefined = shapes[9];
  is("may be missing", none?.area(), undefined);
  none = shapes[0];
  is("may be there", none?.grow(2).edges, 6);
  is("is the only one", only.total() + only.twice + only.inside.depth, 40);
  only.itself().count = 1;
  is("asks for the only one", only.itself().count + traced(), "1asked asked ");
  is("is one of many", nameOf(only) + nameOf({ name: " not" }), "only not");
  only.name = "changed";
  is("changes for all", nameOf(only), "changed");
  is("has nothing where nothing was put", only.fallen, undefined);
  is("evaluates an object once", made().label() + traced(), "new1made ");
}

function made(): Counter {
  say("made ");
  return new Counter("new");
}

function adds(value: number): number {
  const sum = value + 1;
  const twice = sum * 2;
  return twice - value;
}

function expectedOf(a: boolean, b: boolean, c: boolean): string {
  const all = [a, b, c];
  let expected = all.every((one) => one) ? "1" : "0";
  if (all.some((one) => one)) expected += "1";
  const onlyA = a ? !b : false;
  if (onlyA ? c : true) expected += "2";
  const either = a ? true : b;
  const both = b ? c : false;
  if (either) if (!both) expected += "3";
  const other = b ? true : c;
  expected += (a ? other : false) ? "4" : "5";
  expected += either ? c : false;
  return expected + ((a ? 3 : 1) + (b ? 10 : 30));
}

function firstAboveAgain(list: number[]): number {
  return firstOver(list);
}

function firstOver(list: number[]): number {
  for (const value of list) if (value > 100) return value;
  return -1;
}

function kinds(values: number[]): string {
  let text = "";
  for (const value of values) text += kind(value) + " ";
  return text;
}

function defaultsAgain(): number {
  return given(1, 2, 3);
}

function given(a: number, b = 10, c = 20): number {
  return a * 10000 + b * 100 + c;
}

function twice(value: number): number {
  return value * 2;
}

function outerAgain(value: number): number {
  return squareAbove(value) - value;
}

function squareAbove(value: number): number {
  const more = value + 1;
  return more * more;
}

function throwerAgain(): number {
  return throwsAbove(2);
}

function throwsAbove(value: number): number {
  if (value > 1) throw new Error("above 1");
  return value;
}

async function laterAgain(t: CaseRunner): Promise<number> {
  const value = 101;
  await t.pause();
  return value;
}
