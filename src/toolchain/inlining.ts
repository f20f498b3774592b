/**
 * Puts the code of a function where it is called, when that is shorter: a function that is
 * called from one place only, or one that is no longer than its call. Each function costs
 * 16 bytes of the runtime's table, its call and the variables that carry its arguments.
 */
import type ts from "typescript";
import {
  LOCAL_VARIABLE,
  Op,
  type CachedValue,
  type Label,
  type Procedure,
  type Program,
  type SymbolWithCell,
  type Value,
  type Variable,
} from "./compilerParts";
import type { Constants } from "./constants";
import { implementation } from "./soleImplementers";

/** A call, as the compiler hands it on. */
export interface Call {
  readonly position: ts.Node;
  readonly callexpr: ts.Expression;
  readonly arguments: readonly ts.Expression[];
}

/** Functions that can be put where they are called. */
type Inlinable = (ts.FunctionDeclaration | ts.MethodDeclaration) & { readonly body: ts.Block };

/** What holds while the code of a function is put into another one. */
interface Frame {
  readonly procedure: Procedure;
  /** What `this` is in it. */
  readonly receiver: Variable | undefined;
  /** Where `return` goes; undefined where the only one ends the function. */
  readonly end: Label | undefined;
  /** What `return` gives its value to; undefined where nobody asks for it. */
  readonly result: CachedValue | undefined;
}

/**
 * Variables of a function at most, counted as the compiler counts them; beyond this many a
 * call stays a call. (A variable's index takes one byte, and the compiler's own share it.)
 */
const LOCALS_MAX = 110;

/** Longest body, in nodes of the syntax tree, that takes the place of every call. */
const SHORT_BODY_NODES = 6;

/** Puts functions into others, over the passes of one program. */
export class Inlining {
  readonly #typescript: typeof ts;
  readonly #constants: Constants;
  readonly #isOwn: (file: string) => boolean;
  readonly #isDirect: (method: ts.Node) => boolean;
  /** References to each function as of the pass before, by `declarationKey`. */
  readonly #references: ReadonlyMap<string, number>;
  readonly #frames: Frame[] = [];
  /** Variables of functions that were put in, whose places the next ones can take. */
  readonly #free = new Map<Procedure, number[]>();
  /** Places taken since the statement that is being compiled began. */
  #taken: { procedure: Procedure; index: number }[] = [];
  /** Symbols that have got a variable since the innermost function was begun. */
  #named: SymbolWithCell[] = [];

  constructor(
    typescript: typeof ts,
    constants: Constants,
    references: ReadonlyMap<string, number>,
    isOwn: (file: string) => boolean,
    isDirect: (method: ts.Node) => boolean,
  ) {
    this.#typescript = typescript;
    this.#constants = constants;
    this.#references = references;
    this.#isOwn = isOwn;
    this.#isDirect = isDirect;
  }

  /** The value of a call whose function was put in its place; undefined where it is to be called. */
  call(program: Program, call: Call, newVariable: (index: number) => Variable): Value | undefined {
    const typescript = this.#typescript;
    const declaration = this.#callee(program, call);
    if (!declaration || !this.#pays(declaration)) return undefined;
    const body = declaration.body.statements;
    const returns = returnsOf(typescript, declaration.body);
    const last = body[body.length - 1];
    const tail =
      last && typescript.isReturnStatement(last) && last.expression ? last.expression : undefined;
    const onlyTail = tail ? returns === 1 : returns === 0;
    const inProcedure = program.proc;
    if (inProcedure.locals.length + declaredIn(typescript, declaration) > LOCALS_MAX)
      return undefined;

    const isExpression = tail !== undefined && body.length === 1;
    if (!isExpression && livesLong(typescript, inProcedure.sourceNode)) return undefined;

    const outerNamed = this.#named;
    this.#named = [];
    const writer = program.writer;
    const receiver = this.#bindReceiver(program, call, declaration, newVariable);
    this.#bindParameters(program, call, declaration, receiver, newVariable);
    const ignored = isIgnored(typescript, call.position);
    const frame: Frame = {
      procedure: inProcedure,
      receiver,
      end: onlyTail ? undefined : writer.mkLabel("inlined"),
      result: onlyTail || ignored ? undefined : writer.allocTmpLocal(),
    };
    if (frame.result) frame.result._longTerm = true;
    if (!isExpression) {
      writer.spillAllStateful();
      for (const value of writer.cachedValues) if (value) value._longTerm = true;
    }
    this.#frames.push(frame);
    let value: Value | undefined;
    const statements = tail ? body.slice(0, -1) : body;
    for (const statement of statements) program.emitStmt(statement);
    if (tail) {
      const returned = program.emitExpr(tail);
      if (frame.result) frame.result.store(returned);
      else if (onlyTail) value = returned;
      else program.ignore(returned);
    } else if (frame.result && !(last && leaves(typescript, last))) {
      frame.result.store(writer.emitExpr(Op.UNDEFINED));
    }
    this.#frames.pop();
    if (frame.end) writer.emitLabel(frame.end);
    for (const symbol of this.#named) delete symbol.__ds_cell;
    this.#named = outerNamed;
    return value ?? frame.result?.finalEmit() ?? writer.emitExpr(Op.UNDEFINED);
  }

  /**
   * Compiles the return from a function that was put in.
   *
   * @returns whether the statement is in one.
   */
  returns(program: Program, statement: ts.ReturnStatement): boolean {
    const frame = this.#frame(program);
    if (!frame?.end) return false;
    const writer = program.writer;
    const value = statement.expression
      ? program.emitExpr(statement.expression)
      : writer.emitExpr(Op.UNDEFINED);
    if (frame.result) frame.result.store(value);
    else program.ignore(value);
    writer.emitJump(frame.end);
    return true;
  }

  /** Whether a function is being put into the one that is compiled. */
  isInlining(program: Program): boolean {
    return this.#frame(program) !== undefined;
  }

  /** What `this` is, in a function that was put in. */
  receiver(program: Program): Value | undefined {
    const value = this.#frame(program)?.receiver?.emit(program.writer);
    if (value?.usesState) value.assumeStateless();
    return value;
  }

  /** A new variable of the program; inside a function that was put in it may take another's place. */
  placed(program: Program, variable: Variable, symbol: SymbolWithCell | undefined): Variable {
    const procedure = program.proc;
    if (variable.vkind !== LOCAL_VARIABLE || !this.#frame(program)) return variable;
    if (symbol) this.#named.push(symbol);
    const free = this.#free.get(procedure)?.pop();
    if (free !== undefined) {
      procedure.locals.pop();
      variable._index = free;
    }
    this.#taken.push({ procedure, index: variable._index });
    return variable;
  }

  /** Marks the begin of a statement, for its end. */
  statementBegins(): number {
    return this.#taken.length;
  }

  /** Gives back the places that functions put into a statement have taken, where its names end. */
  statementEnds(begin: number, statement: ts.Statement): void {
    if (this.#typescript.isVariableStatement(statement)) return;
    for (const { procedure, index } of this.#taken.splice(begin)) {
      const free = this.#free.get(procedure);
      if (free) free.push(index);
      else this.#free.set(procedure, [index]);
    }
  }

  #frame(program: Program): Frame | undefined {
    const frame = this.#frames[this.#frames.length - 1];
    return frame?.procedure === program.proc ? frame : undefined;
  }

  #callee(program: Program, call: Call): Inlinable | undefined {
    const typescript = this.#typescript;
    const { callexpr } = call;
    if (call.arguments.some((argument) => typescript.isSpreadElement(argument))) return undefined;
    const isMethod = typescript.isPropertyAccessExpression(callexpr);
    if (!isMethod && !typescript.isIdentifier(callexpr)) return undefined;
    const named = program.getSymAtLocation(callexpr)?.valueDeclaration;
    const declaration = named && implementation(program.checker, named);
    if (!declaration || !this.#isOwn(declaration.getSourceFile().fileName)) return undefined;
    const fits = isMethod
      ? typescript.isMethodDeclaration(declaration) && this.#isDirect(declaration)
      : typescript.isFunctionDeclaration(declaration) &&
        typescript.isSourceFile(declaration.parent);
    if (!fits || !(declaration as Inlinable).body) return undefined;
    return isPlain(typescript, declaration as Inlinable) ? (declaration as Inlinable) : undefined;
  }

  #pays(declaration: Inlinable): boolean {
    if (this.#references.get(declarationKey(declaration)) === 1) return true;
    const [only, ...more] = declaration.body.statements;
    if (more.length > 0 || !only || !this.#typescript.isReturnStatement(only)) return false;
    if (!only.expression || nodesIn(this.#typescript, only.expression) > SHORT_BODY_NODES)
      return false;
    return declaration.parameters.every(
      (parameter) => usesIn(this.#typescript, declaration.body, parameter) <= 1,
    );
  }

  #bindReceiver(
    program: Program,
    call: Call,
    declaration: Inlinable,
    newVariable: (index: number) => Variable,
  ): Variable | undefined {
    if (!this.#typescript.isMethodDeclaration(declaration)) return undefined;
    const { expression } = call.callexpr as ts.PropertyAccessExpression;
    const value = program.emitExpr(expression);
    return this.#bound(program, value, false, newVariable);
  }

  #bindParameters(
    program: Program,
    call: Call,
    declaration: Inlinable,
    receiver: Variable | undefined,
    newVariable: (index: number) => Variable,
  ): void {
    const writer = program.writer;
    // Every argument belongs to the caller: none of them sees the function's own names.
    const bound = declaration.parameters.map((parameter, i) => {
      const argument = call.arguments[i];
      const value = argument ? program.emitExpr(argument) : writer.emitExpr(Op.UNDEFINED);
      const changes = !this.#constants.has(parameter) || parameter.initializer !== undefined;
      const uses = usesIn(this.#typescript, declaration.body, parameter);
      const variable = this.#bound(program, value, changes, newVariable, uses <= 1);
      if (!changes) variable.definition = parameter;
      return variable;
    });
    for (const argument of call.arguments.slice(bound.length))
      program.ignore(program.emitExpr(argument));
    const frame: Frame = {
      procedure: program.proc,
      receiver,
      end: undefined,
      result: undefined,
    };
    declaration.parameters.forEach((parameter, i) => {
      const symbol = program.getSymAtLocation(parameter.name) as SymbolWithCell;
      const variable = bound[i] as Variable;
      symbol.__ds_cell = variable;
      this.#named.push(symbol);
      const { initializer } = parameter;
      if (!initializer) return;
      this.#frames.push(frame);
      writer.emitIfAndPop(writer.emitExpr(Op.IS_UNDEFINED, variable.emit(writer)), () =>
        variable.store(writer, program.emitExpr(initializer), 0),
      );
      this.#frames.pop();
    });
  }

  /**
   * What stands for a value in a function: the value itself where nothing can change it and
   * it is short, a variable otherwise.
   */
  #bound(
    program: Program,
    value: Value,
    changes: boolean,
    newVariable: (index: number) => Variable,
    usedOnce = false,
  ): Variable {
    const writer = program.writer;
    const free = this.#free.get(program.proc);
    const isShort = value.isLiteral || value.isMemRef || usedOnce;
    if (!changes && !value.usesState && isShort && !isKept(value)) {
      const alias = newVariable(-1);
      alias.emit = () => value.clone();
      return alias;
    }
    const variable = newVariable(free?.pop() ?? -2);
    this.#taken.push({ procedure: program.proc, index: variable._index });
    variable.store(writer, value, 0);
    return variable;
  }
}

/** Tells a function from every other one, in each pass the same. */
export function declarationKey(declaration: ts.Node): string {
  return `${declaration.getSourceFile().fileName}:${declaration.pos}`;
}

/** Whether a function has nothing in it that needs a function of its own. */
function isPlain(typescript: typeof ts, declaration: Inlinable): boolean {
  const simple = declaration.parameters.every(
    ({ name, dotDotDotToken }) => typescript.isIdentifier(name) && !dotDotDotToken,
  );
  return (
    simple &&
    !some(
      typescript,
      declaration.body,
      (node) =>
        typescript.isFunctionLike(node) ||
        typescript.isClassLike(node) ||
        typescript.isTryStatement(node),
    )
  );
}

function returnsOf(typescript: typeof ts, body: ts.Block): number {
  return count(typescript, body, (node) => typescript.isReturnStatement(node));
}

function declaredIn(typescript: typeof ts, declaration: Inlinable): number {
  return (
    1 +
    declaration.parameters.length +
    count(
      typescript,
      declaration.body,
      (node) => typescript.isVariableDeclaration(node) || typescript.isBindingElement(node),
    )
  );
}

function usesIn(typescript: typeof ts, body: ts.Block, { name }: ts.ParameterDeclaration): number {
  const { text } = name as ts.Identifier;
  // A use in a loop counts as many.
  const weigh = (node: ts.Node, weight: number): number => {
    if (typescript.isIdentifier(node)) return node.text === text ? weight : 0;
    const inside = typescript.isIterationStatement(node, false) ? 2 * weight : weight;
    let uses = 0;
    typescript.forEachChild(node, (child) => {
      uses += weigh(child, inside);
    });
    return uses;
  };
  return weigh(body, 1);
}

function nodesIn(typescript: typeof ts, node: ts.Node): number {
  return count(typescript, node, () => true);
}

function count(typescript: typeof ts, node: ts.Node, counts: (node: ts.Node) => boolean): number {
  let sum = counts(node) ? 1 : 0;
  typescript.forEachChild(node, (child) => {
    sum += count(typescript, child, counts);
  });
  return sum;
}

function some(typescript: typeof ts, node: ts.Node, holds: (node: ts.Node) => boolean): boolean {
  return count(typescript, node, holds) > 0;
}

/**
 * Whether a function waits in a loop, or is the program itself: what its variables hold stays
 * in the heap, so that it gets none that are not its own.
 */
function livesLong(typescript: typeof ts, node: ts.Node): boolean {
  if (!typescript.isFunctionLike(node)) return true;
  const inLoops = (inner: ts.Node): boolean =>
    typescript.isIterationStatement(inner, false)
      ? some(typescript, inner, (each) => typescript.isAwaitExpression(each))
      : (typescript.forEachChild(inner, (child) => inLoops(child) || undefined) ?? false);
  return inLoops(node);
}

/** Whether a value, or a part of it, is in a variable of the compiler's own, which counts its uses. */
function isKept(value: Value): boolean {
  return value._cachedValue !== undefined || (value.args ?? []).some(isKept);
}

/** Whether nothing after a statement runs. */
function leaves(typescript: typeof ts, statement: ts.Statement): boolean {
  return typescript.isReturnStatement(statement) || typescript.isThrowStatement(statement);
}

/** Whether nobody asks for the value of an expression. */
function isIgnored(typescript: typeof ts, node: ts.Node): boolean {
  const { parent } = node;
  if (typescript.isAwaitExpression(parent) || typescript.isParenthesizedExpression(parent))
    return isIgnored(typescript, parent);
  return typescript.isExpressionStatement(parent);
}
