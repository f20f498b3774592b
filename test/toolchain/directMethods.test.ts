import { describe, expect, it } from "vitest";
import ts from "typescript";
import { directMethods } from "../../src/toolchain/directMethods";
import { findSoleImplementers } from "../../src/toolchain/soleImplementers";
import { methodCases } from "../shared/methods.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("methods", methodCases, "test/vm/methods.main.ts");

/** Names of the methods that would be called directly in a program of one file. */
function direct(source: string, soleImplementers = false): string[] {
  const file = ts.createSourceFile("own.ts", source, ts.ScriptTarget.ES2022, true);
  const host = ts.createCompilerHost({});
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...more) =>
    name === "own.ts" ? file : getSourceFile.call(host, name, ...more);
  const program = ts.createProgram(["own.ts"], { target: ts.ScriptTarget.ES2022 }, host);
  const isOwn = (name: string) => name === "own.ts";
  if (soleImplementers) findSoleImplementers(ts, program, isOwn);
  const found = directMethods(ts, program, isOwn);
  return [...found].map((method) => (method as ts.MethodDeclaration).name.getText()).sort();
}

const FIBERS = "interface Function { start(): void; bind(x: number): void }";

const I = "interface I { m(): void }";

describe("methods behind an interface of one class", () => {
  it.each([
    ["one that is the only class", `${I} class A { m() {} } const i: I = new A(); i.m();`, ["m"]],
    [
      "not where another class fits",
      `${I} class A { m() {} } class B { m() {} } const i: I = new A(); i.m();`,
      [],
    ],
    [
      "not where an object literal fits",
      `${I} class A { m() {} } const i: I = new A(); const o = { m: () => {} }; i.m(); o.m();`,
      [],
    ],
    [
      "not where something was cast to it",
      `${I} class A { m() {} } const i = globalThis as unknown as I; i.m();`,
      [],
    ],
    [
      "one where a cast says no more than that the value is there",
      `${I} class A { m() {} } const i = new A() as I | undefined; (i as I).m();`,
      ["m"],
    ],
    [
      "not one of a class that is extended",
      `${I} class A { m() {} } class B extends A {} const i: I = new B(); i.m();`,
      [],
    ],
  ])("%s", (_, source, expected) => {
    expect(direct(source, true)).toEqual(expected);
  });
});

describe("methods that are called directly", () => {
  it.each([
    ["a plain call", "class A { m() {} } new A().m();", ["m"]],
    ["a call on itself", "class A { private m() {} n() { this.m(); } }", ["m", "n"]],
    ["not one used as a value", "class A { m() {} } const f = new A().m;", []],
    [
      "not one used as a value of its own object",
      "class A { m() {} n() { return this.m; } }",
      ["n"],
    ],
    ["not one that is destructured", "class A { m() {} } const { m } = new A();", []],
    ["not one that is indexed", 'class A { m() {} } new A()["m"]();', []],
    [
      "not one of an interface",
      "interface I { m(): void } class A implements I { m() {} } const i: I = new A(); i.m();",
      [],
    ],
    [
      "not one of an interface that only fits",
      "interface I { m(): void } class A { m() {} } const i: I = new A(); i.m();",
      [],
    ],
    ["not one on anything", "class A { m() {} } const a: any = new A(); a.m();", []],
    [
      "not one that is overridden",
      "class A { m() {} } class B extends A { m() {} } new B().m();",
      [],
    ],
    ["not one with a field below", "class A { m() {} } class B extends A { m = () => {}; }", []],
    ["one inherited", "class A { m() {} } class B extends A { n() {} } new B().m();", ["m", "n"]],
    [
      "one whose name another class has too",
      "class A { m() {} } class B { private x = 1; m = 2; n() { return this.m + this.x; } } new A().m();",
      ["m", "n"],
    ],
    ["not a static one", "class A { static m() {} } A.m();", []],
    ["not one called where it may not be", "class A { m() {} } let a: A | undefined; a?.m();", []],
    [
      "one that is started in a fiber of its own",
      `${FIBERS} class A { m() {} } new A().m.start();`,
      ["m"],
    ],
    [
      "not one whose property of another name is called",
      `${FIBERS} class A { m() {} } new A().m.bind(1);`,
      [],
    ],
    ["not one with spread arguments", "class A { m(...x: number[]) {} } new A().m(...[1]);", []],
  ])("%s", (_, source, expected) => {
    expect(direct(source)).toEqual(expected);
  });
});
