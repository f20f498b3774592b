/**
 * Makes the compiler's code shorter. The runtime's program counter has 16 bits, so a program
 * whose functions reach beyond 64 KB is refused (`verify.c`, check 1051), and the compiler
 * wastes a quarter of that:
 *
 * - the index of a string takes one byte below 248 and three from there on, and the compiler
 *   numbers the strings as it meets them: here the most used come first;
 * - a jump forward takes three bytes for its distance, however short it is: here one where
 *   that is enough;
 * - a method is looked up by its name in the prototype of its class, although mostly it is
 *   known which one is meant: here that one is called like a function, with the object as
 *   its first argument, and is in no prototype (`directMethods.ts`);
 * - a class is given a prototype in the heap, although mostly nothing is left in it: its
 *   objects are made without one (`plainClasses.ts`);
 * - a field of an object of which there is one is a global variable (`singletons.ts`);
 * - a function that is called once is put where it is called (`inlining.ts`);
 * - conditions are jumps and not values (`conditions.ts`), and what cannot change is not kept
 *   in a second variable (`constants.ts`).
 *
 * Some of this is known only once the program is compiled, so it is compiled several times,
 * each time with what the time before has taught. The result is bytecode like any other.
 */
import type ts from "typescript";
import { arrayClasses, type ArrayClass, type ArrayClasses } from "./arrayClasses";
import type { Label, Program, SymbolWithCell, Value, Variable } from "./compilerParts";
import { isBranching, jumpUnless, returnBranch } from "./conditions";
import { Constants } from "./constants";
import { directMethods, startedMethod } from "./directMethods";
import { plainClasses } from "./plainClasses";
import { boundMember, declarationOf, singletonFields } from "./singletons";
import { findSoleImplementers, implementation } from "./soleImplementers";
import { declarationKey, Inlining, type Call } from "./inlining";

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
    `if (!call.compiledCallExpr) {
          const inlined = globalThis.compaction.inlined(this, call, (index) => {
            const variable = new Variable(null, 4, this.proc, "inlined");
            if (index !== -2) this.proc.locals.pop();
            if (index >= 0) variable._index = index;
            return variable;
          });
          if (inlined) return inlined;
        }
        if (!call.compiledCallExpr && ts3.isPropertyAccessExpression(call.callexpr)) {
          const place = globalThis.compaction.virtualMethod(this, call.callexpr);
          if (place !== undefined) {
            const wr = this.writer;
            const object = wr.cacheValue(this.emitExpr(call.callexpr.expression));
            const args = this.emitArgs(call.arguments);
            const method = wr.emitExpr(24, wr.emitExpr(24, object.emit(), literal(0)), literal(place));
            wr.emitCall(method, object.finalEmit(), ...args);
            return this.retVal();
          }
          const meth = globalThis.compaction.calledMethod(this, call.callexpr);
          if (meth) {
            this.markMethodUsed(this.symName(this.getSymAtLocation(call.callexpr)));
            globalThis.compaction.referred(meth);
            return this.emitGenericCall(
              [call.callexpr.expression, ...call.arguments],
              this.methodProc(meth).reference(this.writer)
            );
          }
        }
        const started = !call.compiledCallExpr && globalThis.compaction.startedMethod(ts3, this, call.position);
        if (started) {
          const wr = this.writer;
          return this.emitGenericCall(
            [started.object, ...call.arguments],
            wr.emitIndex(this.methodProc(started.method).reference(wr), wr.emitString("start"))
          );
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
          proc.takesThisAsArgument = true;
          globalThis.compaction.keepProcedure(meth, proc);
          this.emitFunction(meth, proc);
        }
        return proc;
      }
      emitMethod(meth) {
        const proc = new Procedure(this, this.forceName(meth.name), meth);
        this.emitFunction(meth, proc);`,
  ],
  [
    "if (p.methodDecl && this.ctorProc(p.methodDecl.parent) == null)",
    "if (p.methodDecl && (globalThis.compaction.isDirect(p.methodDecl) || globalThis.compaction.isInArray(p.methodDecl) || this.ctorProc(p.methodDecl.parent) == null))",
  ],
  [
    "desc.compiledCallExpr = wr.emitExpr(\n          88,",
    `const made = globalThis.compaction.isPlainClass(this.getSymAtLocation(desc.callexpr)) && this.getCellAtLocation(desc.callexpr);
        const array = globalThis.compaction.arrayClass(this.getSymAtLocation(desc.callexpr));
        if (array) {
          const made = this.getCellAtLocation(desc.callexpr);
          wr.emitStmt(32, literal(array.length));
          const object = wr.cacheValue(this.retVal(), true);
          const methods = globalThis.compaction.methodArray(array, (name) => new Variable(null, 0, this.globals, name));
          if (methods) wr.emitStmt(25, object.emit(), literal(0), methods.emit(wr));
          const args = this.emitArgs(desc.arguments);
          wr.emitCall(made.emit(wr), object.emit(), ...args);
          return object.finalEmit();
        }
        if (made) {
          wr.emitStmt(31);
          const object = wr.cacheValue(this.retVal(), true);
          const args = this.emitArgs(desc.arguments);
          wr.emitCall(made.emit(wr), object.emit(), ...args);
          return object.finalEmit();
        }
        desc.compiledCallExpr = wr.emitExpr(
          88,`,
  ],
  [
    "fundecl.proc = new Procedure(this, fundecl.getName(), stmt);",
    `fundecl.proc = new Procedure(this, fundecl.getName(), stmt);
        const classSymbol = this.getSymAtLocation(stmt);
        fundecl.proc.takesThisAsArgument = globalThis.compaction.isPlainClass(classSymbol) || !!globalThis.compaction.arrayClass(classSymbol);`,
  ],
  [
    "this.proc.writer.funFlags |= 2 | 1;",
    "if (!this.proc.takesThisAsArgument) this.proc.writer.funFlags |= 2 | 1;",
  ],
  [
    "const cond = this.emitExpr(stmt.expression);\n        if (this.valueIsAlwaysFalse(cond)) {\n          if (stmt.elseStatement)",
    `const branching = globalThis.compaction.isBranching(this, stmt.expression);
        const cond = branching ? undef() : this.emitExpr(stmt.expression);
        if (branching) {
          const wr = this.writer;
          const otherwise = wr.mkLabel("else");
          globalThis.compaction.jumpUnless(this, otherwise, stmt.expression);
          this.emitStmt(stmt.thenStatement);
          if (stmt.elseStatement) {
            const end = wr.mkLabel("endIf");
            if (!wr.justHadReturn()) wr.emitJump(end);
            wr.emitLabel(otherwise);
            this.emitStmt(stmt.elseStatement);
            wr.emitLabel(end);
          } else wr.emitLabel(otherwise);
        } else if (this.valueIsAlwaysFalse(cond)) {
          if (stmt.elseStatement)`,
  ],
  [
    "thenBody();\n          this.emitJump(endIf);",
    "thenBody();\n          if (!globalThis.compaction.enabled || !this.justHadReturn()) this.emitJump(endIf);",
  ],
  [
    "const cond = this.emitExpr(stmt.expression);\n        wr.emitJumpIfFalse(loop.breakLbl, cond);",
    `if (globalThis.compaction.isBranching(this, stmt.expression))
          globalThis.compaction.jumpUnless(this, loop.breakLbl, stmt.expression);
        else wr.emitJumpIfFalse(loop.breakLbl, this.emitExpr(stmt.expression));`,
  ],
  [
    "const cond = this.emitExpr(stmt.condition);\n          wr.emitJumpIfFalse(loop.breakLbl, cond);",
    `if (globalThis.compaction.isBranching(this, stmt.condition))
            globalThis.compaction.jumpUnless(this, loop.breakLbl, stmt.condition);
          else wr.emitJumpIfFalse(loop.breakLbl, this.emitExpr(stmt.condition));`,
  ],
  [
    "const cond = this.emitExpr(expr.condition);\n        if (this.valueIsAlwaysFalse(cond)) {",
    `const branching = globalThis.compaction.isBranching(this, expr.condition);
        const cond = branching ? unit() : this.emitExpr(expr.condition);
        if (this.valueIsAlwaysFalse(cond)) {`,
  ],
  [
    "wr.emitJumpIfFalse(lblElse, cond);",
    `if (branching) globalThis.compaction.jumpUnless(this, lblElse, expr.condition);
          else wr.emitJumpIfFalse(lblElse, cond);`,
  ],
  [
    "else\n            tst = wr.emitExpr(50, tmp.emit());",
    "else if (globalThis.compaction.enabled) tst = tmp.emit();\n          else tst = wr.emitExpr(50, tmp.emit());",
  ],
  [
    "emitReturnStatement(stmt) {",
    `emitReturnStatement(stmt) {
        if (globalThis.compaction.returns(this, stmt)) return;`,
  ],
  [
    "return cell.emitViaClosure(this.writer, lev);",
    `const loaded = cell.emitViaClosure(this.writer, lev);
        if (lev === 0 && loaded.usesState && globalThis.compaction.isConstant(cell.definition)) loaded.assumeStateless();
        return loaded;`,
  ],
  [
    "const obj = wr.cacheValue(r.obj);\n          const idx = wr.cacheValue(r.idx);",
    `if (r.global)
            return {
              read: () => r.global.emit(wr),
              write: (src) => this.emitStore(r.global, src),
              free: () => {},
            };
          const obj = wr.cacheValue(r.obj);
          const idx = wr.cacheValue(r.idx);`,
  ],
  [
    'if (r) {\n          if (r.idx.strValue === "toString")',
    `if (r && r.global) return this.emitAssignResult(expr, src, (src2) => this.emitStore(r.global, src2));
        if (r) {
          if (r.idx.strValue === "toString")`,
  ],
  [
    "if (mem.initializer)\n            this.withLocation(mem, (wr) => {",
    `const global = globalThis.compaction.globalField(mem, () => new Variable(mem, 0, this.globals));
          if (mem.initializer && global) this.withLocation(mem, () => this.emitStore(global, this.emitExpr(mem.initializer)));
          else if (mem.initializer)
            this.withLocation(mem, (wr) => {`,
  ],
  [
    "if (ts3.isParameterPropertyDeclaration(param, ctor)) {",
    `const global = globalThis.compaction.globalField(param, () => new Variable(param, 0, this.globals));
          if (global) this.withLocation(param, (wr) => this.emitStore(global, this.getVarAtLocation(param).emit(wr)));
          else if (ts3.isParameterPropertyDeclaration(param, ctor)) {`,
  ],
  [
    "const obj = this.emitExpr(expr.expression);\n          let idx;",
    `if (ts3.isPropertyAccessExpression(expr)) {
            const global = globalThis.compaction.globalUsed(this, expr, (field) => new Variable(field, 0, this.globals));
            if (global) return { global };
          }
          if (ts3.isPropertyAccessExpression(expr)) {
            const element = globalThis.compaction.elementUsed(this, expr);
            if (element !== undefined) return { obj: this.emitExpr(expr.expression), idx: literal(element) };
          }
          const obj = this.emitExpr(expr.expression);
          let idx;`,
  ],
  [
    "wr.emitStmt(\n                25,\n                this.emitThisExpression(mem),\n                wr.emitString(id),",
    `const element = globalThis.compaction.element(mem);
              wr.emitStmt(
                25,
                this.emitThisExpression(mem),
                element === undefined ? wr.emitString(id) : literal(element),`,
  ],
  [
    "wr.emitStmt(\n                25,\n                this.emitThisExpression(param),\n                wr.emitString(this.forceName(param.name)),",
    `const element = globalThis.compaction.element(param);
              wr.emitStmt(
                25,
                this.emitThisExpression(param),
                element === undefined ? wr.emitString(this.forceName(param.name)) : literal(element),`,
  ],
  [
    "if (fdecl.baseCtor) {",
    `if (fdecl.baseCtor && globalThis.compaction.arrayClass(this.getSymAtLocation(cls))) {
                wr.emitCall(fdecl.baseCtor.emit(wr), this.emitThisExpression(cls), ...params.map((p) => p.emit(wr)));
              } else if (fdecl.baseCtor) {`,
  ],
  [
    "const bound = wr.emitExpr(\n            15,",
    `if (globalThis.compaction.arrayClass(baseCls)) {
            wr.emitCall(baseDecl.emit(wr), this.emitThisExpression(call.callexpr), ...this.emitArgs(call.arguments));
            this.ignore(this.retVal());
            for (let node = call.callexpr; node; node = node.parent)
              if (ts3.isConstructorDeclaration(node)) {
                this.emitCtorAssignments(node.parent, node);
                return unit();
              }
          }
          const bound = wr.emitExpr(
            15,`,
  ],
  [
    "if (fdecl.baseCtor && fdecl.proc) {",
    "if (fdecl.baseCtor && fdecl.proc && !globalThis.compaction.arrayClass(this.getSymAtLocation(fdecl.definition))) {",
  ],
  [
    "if (this.usedSpecs.length > 0)",
    `globalThis.compaction.emitMethodArrays((methods, variable) => {
              const wr = this.writer;
              wr.emitStmt(32, literal(methods.length));
              wr.emitStmt(18, literal(variable.packedIndex), this.retVal());
              methods.forEach((method, i) => {
                if (method) wr.emitStmt(25, variable.emit(wr), literal(i), this.methodProc(method).reference(wr));
              });
            });
            if (this.usedSpecs.length > 0)`,
  ],
  [
    "const { obj, idx } = this.tryEmitIndex(expr);\n        return this.writer.emitIndex(obj, idx);",
    `const { obj, idx, global } = this.tryEmitIndex(expr);
        if (global) {
          const value = global.emit(this.writer);
          if (globalThis.compaction.isReadonlyField(this, expr)) value.assumeStateless();
          return value;
        }
        const field = this.writer.emitIndex(obj, idx);
        if (!obj.usesState && field.usesState && globalThis.compaction.isReadonlyField(this, expr)) field.assumeStateless();
        return field;`,
  ],
  [
    "const val = wr.emitIndex(obj.emit(), wr.emitString(pname));",
    `const field = globalThis.compaction.boundField(this, bindingElt);
        const global = field && globalThis.compaction.globalField(field, () => new Variable(field, 0, this.globals));
        const element = field && globalThis.compaction.element(field);
        const val = global
          ? global.emit(wr)
          : wr.emitIndex(obj.emit(), element === undefined ? wr.emitString(pname) : literal(element));`,
  ],
  [
    "return prog.getFunctionProc(this).reference(wr);",
    "globalThis.compaction.referred(this.definition);\n        return prog.getFunctionProc(this).reference(wr);",
  ],
  [
    "emitThisExpression(expr) {\n        const p0",
    `emitThisExpression(expr) {
        const receiver = globalThis.compaction.receiver(this);
        if (receiver) return receiver;
        const p0`,
  ],
  [
    "new Variable(\n                decl2,\n                topLevel ? 0 : 4,\n                topLevel ? this.globals : this.proc\n              )",
    "globalThis.compaction.placed(this, new Variable(decl2, topLevel ? 0 : 4, topLevel ? this.globals : this.proc), decl2)",
  ],
  [
    "else if (this.isInLoop(decl))",
    "else if (this.isInLoop(decl) || globalThis.compaction.isInlining(this))",
  ],
  [
    "const d0 = decl2;\n            if (d0.__ds_const_val)",
    "const d0 = decl2;\n            if (d0.__ds_const_val || globalThis.compaction.bytes(decl2))",
  ],
  [
    'const cell = this.getCellAtLocation(expr);\n        if (!cell)\n          throwError22(expr, "unknown name: " + idName(expr));',
    `const cell = this.getCellAtLocation(expr);
        const bytes = !cell && globalThis.compaction.bytes(this.getSymAtLocation(expr, true)?.valueDeclaration);
        if (bytes) return this.bufferLiteral(bytes);
        if (!cell)
          throwError22(expr, "unknown name: " + idName(expr));`,
  ],
  [
    "const wr = this.writer;\n        this.lastNode = stmt;",
    "const wr = this.writer;\n        const begin = globalThis.compaction.statementBegins();\n        this.lastNode = stmt;",
  ],
  [
    "wr.stmtEnd();\n          wr.locPop();",
    "globalThis.compaction.statementEnds(begin, stmt);\n          wr.stmtEnd();\n          wr.locPop();",
  ],
  [
    "if (this.usesThis)\n          this.writer.funFlags |= 1;",
    "if (this.usesThis && !this.takesThisAsArgument)\n          this.writer.funFlags |= 1;",
  ],
];

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
  #plain = new Set<ts.Node>();
  #singletonFields = new Set<ts.Node>();
  #globals = new Map<ts.Node, Variable>();
  #arrays: ArrayClasses | undefined;
  #methodArrays = new Map<ArrayClass, Variable>();
  #methodArraysMade = new Set<ArrayClass>();
  #procedures = new Map<ts.Node, object>();

  #typescript: typeof ts | undefined;
  #constants: Constants | undefined;
  #inlining: Inlining | undefined;
  /** How often each function is used where none is put into another: as of the first pass. */
  readonly #references = new Map<string, number>();
  #passes = 0;

  /**
   * @param enabled whether to make the code shorter at all.
   * @param isOwn whether a file, by its path, is the project's own.
   */
  constructor(
    readonly enabled: boolean,
    isOwn: (file: string) => boolean,
  ) {
    this.#isOwn = isOwn;
  }

  /** Begins a pass; in the first one no function is put into another. */
  begin(): void {
    this.#passes++;
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

  /** Looks at the program as a whole, before it is compiled. */
  findDirectMethods(typescript: typeof ts, program: ts.Program): void {
    findSoleImplementers(typescript, program, this.#isOwn);
    this.#direct = directMethods(typescript, program, this.#isOwn);
    if (!this.enabled) return;
    this.#typescript = typescript;
    this.#plain = plainClasses(typescript, program, this.#direct, this.#isOwn);
    this.#singletonFields = singletonFields(typescript, program, this.#direct, this.#isOwn);
    this.#globals = new Map();
    this.#arrays = arrayClasses(
      typescript,
      program,
      this.#direct,
      this.#singletonFields,
      this.#isOwn,
    );
    this.#methodArrays = new Map();
    this.#methodArraysMade = new Set();
    this.#constants = new Constants(typescript, program);
    this.#inlining = new Inlining(
      typescript,
      this.#constants,
      this.#references,
      this.#isOwn,
      (method) => this.isDirect(method),
    );
  }

  /** A function is used, be it called or not. */
  referred(declaration: ts.Node | null): void {
    if (!declaration || this.#passes > 1) return;
    const key = declarationKey(declaration);
    this.#references.set(key, (this.#references.get(key) ?? 0) + 1);
  }

  isBranching(program: Program, condition: ts.Expression): boolean {
    return this.#typescript !== undefined && isBranching(this.#typescript, program, condition);
  }

  jumpUnless(program: Program, label: Label, condition: ts.Expression): void {
    if (this.#typescript) jumpUnless(this.#typescript, program, label, condition);
  }

  /** Compiles a return statement in one of the shorter ways; false where there is none. */
  returns(program: Program, statement: ts.ReturnStatement): boolean {
    if (!this.#typescript) return false;
    if (this.#inlining?.returns(program, statement)) return true;
    const { expression } = statement;
    const { loopStack } = program.proc;
    if (!expression || loopStack.some(({ tryBlock }) => tryBlock)) return false;
    return returnBranch(this.#typescript, program, expression);
  }

  isConstant(declaration: ts.Node | null): boolean {
    return declaration !== null && this.#constants?.has(declaration) === true;
  }

  /** The bytes of a constant that is a literal: they are used where they lie in the program, and take no variable. */
  bytes(declaration: ts.Node | undefined): ts.Expression | undefined {
    return declaration && this.#constants?.bytesOf(declaration);
  }

  isReadonlyField(program: Program, access: ts.PropertyAccessExpression): boolean {
    return this.#constants?.isReadonlyField(program.checker, access) === true;
  }

  /** The value of a call whose function takes its place. */
  inlined(
    program: Program,
    call: Call,
    newVariable: (index: number) => Variable,
  ): Value | undefined {
    return this.#passes > 1 ? this.#inlining?.call(program, call, newVariable) : undefined;
  }

  isInlining(program: Program): boolean {
    return this.#inlining?.isInlining(program) === true;
  }

  receiver(program: Program): Value | undefined {
    return this.#inlining?.receiver(program);
  }

  placed(program: Program, variable: Variable, declaration: ts.NamedDeclaration): Variable {
    const symbol = program.getSymAtLocation(declaration) as SymbolWithCell | undefined;
    return this.#inlining?.placed(program, variable, symbol) ?? variable;
  }

  statementBegins(): number {
    return this.#inlining?.statementBegins() ?? 0;
  }

  statementEnds(begin: number, statement: ts.Statement): void {
    this.#inlining?.statementEnds(begin, statement);
  }

  /** Whether the objects of a class are made without a prototype. */
  isPlainClass(symbol: ts.Symbol | undefined): boolean {
    const declaration = symbol?.valueDeclaration;
    return declaration !== undefined && this.#plain.has(declaration);
  }

  /** How a class is an array, where it can be one. */
  arrayClass(symbol: ts.Symbol | undefined): ArrayClass | undefined {
    const declaration = symbol?.valueDeclaration;
    return declaration && this.#arrays?.classes.get(declaration);
  }

  /** The variable that holds the virtual methods of a class; undefined where it has none. */
  methodArray(made: ArrayClass, newVariable: (name: string) => Variable): Variable | undefined {
    if (!made.hasMethods) return undefined;
    const variable = this.#methodArrays.get(made) ?? newVariable("methods");
    this.#methodArrays.set(made, variable);
    return variable;
  }

  /** Has the array of virtual methods made for each class that came into use since the last time. */
  emitMethodArrays(emit: (methods: ArrayClass["methods"], variable: Variable) => void): void {
    for (const [made, variable] of this.#methodArrays) {
      if (this.#methodArraysMade.has(made)) continue;
      this.#methodArraysMade.add(made);
      emit(made.methods, variable);
    }
  }

  /** The element that is a field, by the field's declaration. */
  element(field: ts.Node): number | undefined {
    return this.#arrays?.fields.get(field);
  }

  /** The element that an access of a field means. */
  elementUsed(program: Program, access: ts.PropertyAccessExpression): number | undefined {
    if (!this.#typescript || !this.#arrays?.fields.size) return undefined;
    const field = declarationOf(this.#typescript, program.checker, access.name);
    return field && this.element(field);
  }

  /** The place of a method in the array of methods, where it is found there. */
  virtualMethod(program: Program, access: ts.PropertyAccessExpression): number | undefined {
    if (!this.#typescript || !this.#arrays?.methods.size) return undefined;
    if (this.#arrays.calls.has(access)) return undefined;
    const method = declarationOf(this.#typescript, program.checker, access.name);
    return method && this.#arrays.methods.get(method);
  }

  /** The method that a call means, where it is known. */
  calledMethod(program: Program, access: ts.PropertyAccessExpression): ts.Node | undefined {
    const named = program.getSymAtLocation(access)?.valueDeclaration;
    const method = named && implementation(program.checker, named);
    return method && this.isDirect(method) ? method : this.#arrays?.calls.get(access);
  }

  /** Whether a method is found in an array of methods, and not in a prototype. */
  isInArray(method: ts.Node): boolean {
    return this.#arrays?.methods.has(method) === true;
  }

  /** The global variable that is a field, where it can be one. */
  globalField(field: ts.Node, newVariable: () => Variable): Variable | undefined {
    if (!this.#singletonFields.has(field)) return undefined;
    const variable = this.#globals.get(field) ?? newVariable();
    this.#globals.set(field, variable);
    return variable;
  }

  /** The global variable that an access of a field means. */
  globalUsed(
    program: Program,
    access: ts.PropertyAccessExpression,
    newVariable: (field: ts.Node) => Variable,
  ): Variable | undefined {
    if (!this.#typescript || this.#singletonFields.size === 0) return undefined;
    const field = declarationOf(this.#typescript, program.checker, access.name);
    return field && this.globalField(field, () => newVariable(field));
  }

  /** The method that a call starts in a fiber of its own, and its object. */
  startedMethod(
    typescript: typeof ts,
    program: Program,
    call: ts.Node,
  ): { method: ts.Node; object: ts.Expression } | undefined {
    const access = startedMethod(typescript, call);
    const method = access && this.calledMethod(program, access);
    if (!access || !method) return undefined;
    this.referred(method);
    return { method, object: access.expression };
  }

  /** The field that an element of a pattern takes. */
  boundField(program: Program, element: ts.BindingElement): ts.Node | undefined {
    return this.#typescript && boundMember(this.#typescript, program.checker, element);
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
