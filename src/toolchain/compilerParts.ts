/** The parts of the compiler of `@devicescript/cli` that the passes of this folder work with. */
import type ts from "typescript";

/** An expression on its way into the bytecode: a tree of operations. */
export interface Value {
  op: number;
  readonly isLiteral: boolean;
  /** A load of a variable. */
  readonly isMemRef: boolean;
  /** Whether what runs before it is written can change it, so that it must be kept in a variable. */
  readonly usesState: boolean;
  readonly args?: readonly Value[];
  readonly _cachedValue?: CachedValue;
  /** Says that nothing can change it. */
  assumeStateless(): void;
  clone(): Value;
}

/** Writes the code of one function. */
export interface Writer {
  readonly cachedValues: (CachedValue | null)[];
  emitExpr(op: number, ...values: Value[]): Value;
  emitStmt(op: number, ...values: Value[]): void;
  emitJump(label: Label): void;
  emitJumpIfFalse(label: Label, condition: Value): void;
  emitIfAndPop(condition: Value, then: () => void): void;
  mkLabel(name: string): Label;
  emitLabel(label: Label): void;
  allocTmpLocal(): CachedValue;
  spillAllStateful(): void;
}

/** A place in the code that is jumped to. */
export interface Label {
  readonly name: string;
}

/** A variable of the compiler's own. */
export interface CachedValue {
  /** Whether it may outlive the statement. */
  _longTerm: boolean;
  store(value: Value): void;
  finalEmit(): Value;
}

/** A variable of the program, global or of a function. */
export interface Variable {
  definition: ts.Node | null;
  vkind: number;
  parentProc?: Procedure;
  _index: number;
  emit(writer: Writer): Value;
  store(writer: Writer, value: Value, closureLevel: number): void;
}

/** A function that is being compiled. */
export interface Procedure {
  readonly sourceNode: ts.Node;
  readonly locals: Variable[];
  readonly loopStack: { tryBlock?: ts.Node }[];
}

/** The compiler at work on one program. */
export interface Program {
  readonly checker: ts.TypeChecker;
  readonly writer: Writer;
  readonly proc: Procedure;
  emitExpr(expression: ts.Expression): Value;
  emitStmt(statement: ts.Statement): void;
  emitStore(variable: Variable, value: Value): void;
  constantFold(expression: ts.Expression): object | undefined;
  getSymAtLocation(node: ts.Node): ts.Symbol | undefined;
  ignore(value: Value): void;
}

/** A symbol, with what the compiler keeps of the variable it names. */
export interface SymbolWithCell extends ts.Symbol {
  __ds_cell?: Variable;
}

/** Operations, by their numbers in the runtime (`devs_bytecode.h`). */
export const Op = {
  RETURN: 12,
  UNDEFINED: 46,
  IS_UNDEFINED: 47,
  TRUE: 48,
  FALSE: 49,
  NOT: 56,
  NULL: 90,
} as const;

/** Kind of a variable that belongs to a function and is no parameter. */
export const LOCAL_VARIABLE = 4;
