/**
 * Makes the compiler's code shorter. The runtime's program counter has 16 bits, so a program
 * whose functions reach beyond 64 KB is refused (`verify.c`, check 1051), and the compiler
 * wastes a fifth of that:
 *
 * - the index of a string takes one byte below 248 and three from there on, and the compiler
 *   numbers the strings as it meets them: here the most used come first;
 * - a jump forward takes three bytes for its distance, however short it is: here one where
 *   that is enough.
 *
 * Both are known only once the program is compiled, so it is compiled several times, each
 * time with what the time before has taught. The result is bytecode like any other.
 *
 * - a method is looked up by its name in the prototype of its class, although mostly it is
 *   known which one is meant: here that one is called like a function, with the object as
 *   its first argument, and is in no prototype (see `directMethods`).
 */
import type ts from "typescript";
import { directMethods } from "./directMethods";

/** Integers below take one byte in the bytecode. */
const FIRST_MULTIBYTE_INT = 248;

/** Places in the compiler of `@devicescript/cli` that are changed, each of which occurs once. */
const CHANGES: readonly (readonly [string, string])[] = [
  ["this.asciiLiterals = [];", "this.asciiLiterals = globalThis.compaction.firstStrings();"],
  [
    "idx = this.prog.addString(s);",
    "idx = this.prog.addString(s);\n          if (idx >> 14 === 2) globalThis.compaction.stringUsed(s);",
  ],
  [
    "label.uses.push(off0);\n          this.writeInt(4096);",
    "const jump = globalThis.compaction.jump();\n          label.uses.push({ off0, jump });\n          this.writeInt(globalThis.compaction.isShort(jump) ? 0 : 4096);",
  ],
  [
    "const v = l.offset - u;",
    "const v = l.offset - u.off0;\n            globalThis.compaction.jumpEnds(u.jump, v);",
  ],
  [
    "this.binary[u + 2] = v >> 8;\n            this.binary[u + 3] = v & 255;",
    "if (globalThis.compaction.isShort(u.jump)) this.binary[u.off0 + 1] = v;\n            else {\n              this.binary[u.off0 + 2] = v >> 8;\n              this.binary[u.off0 + 3] = v & 255;\n            }",
  ],
  [
    "emitProgram(prog) {",
    "emitProgram(prog) {\n        globalThis.compaction.findDirectMethods(ts3, prog);",
  ],
  [
    "const fn = (_a = call.compiledCallExpr) != null ? _a : this.emitExpr(call.callexpr);",
    `if (!call.compiledCallExpr && ts3.isPropertyAccessExpression(call.callexpr)) {
          const sym = this.getSymAtLocation(call.callexpr);
          const meth = sym && sym.valueDeclaration;
          if (meth && globalThis.compaction.isDirect(meth)) {
            this.markMethodUsed(this.symName(sym));
            return this.emitGenericCall(
              [call.callexpr.expression, ...call.arguments],
              this.methodProc(meth).reference(this.writer)
            );
          }
        }
        const fn = (_a = call.compiledCallExpr) != null ? _a : this.emitExpr(call.callexpr);`,
  ],
  [
    `emitMethod(meth) {
        const proc = new Procedure(this, this.forceName(meth.name), meth);
        this.emitFunction(meth, proc);`,
    `methodProc(meth) {
        let proc = globalThis.compaction.procedure(meth);
        if (!proc) {
          proc = new Procedure(this, this.forceName(meth.name), meth);
          globalThis.compaction.keepProcedure(meth, proc);
        }
        return proc;
      }
      emitMethod(meth) {
        const direct = globalThis.compaction.isDirect(meth);
        const proc = direct
          ? this.methodProc(meth)
          : new Procedure(this, this.forceName(meth.name), meth);
        proc.takesThisAsArgument = direct;
        this.emitFunction(meth, proc);
        if (direct) return;`,
  ],
  [
    "if (p.methodDecl && this.ctorProc(p.methodDecl.parent) == null)",
    "if (p.methodDecl && !globalThis.compaction.isDirect(p.methodDecl) && this.ctorProc(p.methodDecl.parent) == null)",
  ],
  [
    "if (this.usesThis)\n          this.writer.funFlags |= 1;",
    "if (this.usesThis && !this.takesThisAsArgument)\n          this.writer.funFlags |= 1;",
  ],
];

/** Tells one way of making code shorter from another: the same sources give other code. */
export const COMPACTION = JSON.stringify(CHANGES) + directMethods.toString();

/**
 * The compiler's text with the changes.
 *
 * @throws Error when it is not the text that this project knows.
 */
export function withCompaction(compiler: string): string {
  let text = compiler;
  for (const [before, after] of CHANGES) {
    const parts = text.split(before);
    if (parts.length !== 2)
      throw new Error(
        "@devicescript/cli: its compiler is not the one Streetnode knows: run npm ci",
      );
    text = parts.join(after);
  }
  return text;
}

/** What the changed compiler asks and tells, over the passes of one program. */
export class Compaction {
  readonly #isOwn: (file: string) => boolean;
  readonly #uses = new Map<string, number>();
  readonly #tooLong = new Set<number>();
  #order: string[] = [];
  #short = new Set<number>();
  #distances: number[] = [];
  #jumps = 0;
  #direct = new Set<ts.Node>();
  #procedures = new Map<ts.Node, object>();

  /** @param isOwn whether a file, by its path, is the project's own. */
  constructor(isOwn: (file: string) => boolean) {
    this.#isOwn = isOwn;
  }

  /** Begins a pass; in the first one the code is as the compiler makes it. */
  begin(): void {
    if (this.#order.length === 0)
      this.#order = [...this.#uses.entries()].sort((a, b) => b[1] - a[1]).map(([text]) => text);
    this.#short = new Set(
      this.#distances.flatMap((distance, jump) =>
        distance < FIRST_MULTIBYTE_INT && !this.#tooLong.has(jump) ? [jump] : [],
      ),
    );
    this.#distances = [];
    this.#jumps = 0;
    this.#procedures.clear();
  }

  findDirectMethods(typescript: typeof ts, program: ts.Program): void {
    this.#direct = directMethods(typescript, program, this.#isOwn);
  }

  isDirect(method: ts.Node): boolean {
    return this.#direct.has(method);
  }

  /** The compiler's record of a method that is called directly, once it has one. */
  procedure(method: ts.Node): object | undefined {
    return this.#procedures.get(method);
  }

  keepProcedure(method: ts.Node, procedure: object): void {
    this.#procedures.set(method, procedure);
  }

  /** Whether every jump of the last pass can be as short as it was made. */
  get fits(): boolean {
    return this.#distances.every(
      (distance, jump) => distance < FIRST_MULTIBYTE_INT || !this.#short.has(jump),
    );
  }

  firstStrings(): string[] {
    return [...this.#order];
  }

  /** A string of the table of short ones is used; the runtime's own strings have theirs. */
  stringUsed(text: string): void {
    this.#uses.set(text, (this.#uses.get(text) ?? 0) + 1);
  }

  jump(): number {
    return this.#jumps++;
  }

  isShort(jump: number): boolean {
    return this.#short.has(jump);
  }

  jumpEnds(jump: number, distance: number): void {
    this.#distances[jump] = distance;
    if (distance >= FIRST_MULTIBYTE_INT) this.#tooLong.add(jump);
  }
}
