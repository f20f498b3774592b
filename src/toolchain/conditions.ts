/**
 * Conditions as jumps. The compiler computes `a && b` into a variable and then tests that;
 * where only the way to go depends on it, each operand can decide for itself.
 */
import type ts from "typescript";
import { Op, type Label, type Program } from "./compilerParts";

/** Whether a condition is made of others, so that jumps are shorter than its value. */
export function isBranching(
  typescript: typeof ts,
  program: Program,
  condition: ts.Expression,
): boolean {
  const inner = withoutParentheses(typescript, condition);
  if (program.constantFold(inner)) return false;
  return typescript.isBinaryExpression(inner)
    ? isLogical(typescript, inner)
    : isNot(typescript, inner) && isBranching(typescript, program, inner.operand);
}

/** Goes to the label when the condition is not true, and on otherwise. */
export function jumpUnless(
  typescript: typeof ts,
  program: Program,
  label: Label,
  condition: ts.Expression,
): void {
  jump(typescript, program, label, condition, false);
}

function jump(
  typescript: typeof ts,
  program: Program,
  label: Label,
  condition: ts.Expression,
  when: boolean,
): void {
  const inner = withoutParentheses(typescript, condition);
  const writer = program.writer;
  if (isNot(typescript, inner)) {
    jump(typescript, program, label, inner.operand, !when);
  } else if (isBranching(typescript, program, inner)) {
    const { left, right, operatorToken } = inner as ts.BinaryExpression;
    const decides = operatorToken.kind === typescript.SyntaxKind.BarBarToken;
    if (decides === when) {
      jump(typescript, program, label, left, when);
      jump(typescript, program, label, right, when);
    } else {
      const decided = writer.mkLabel("decided");
      jump(typescript, program, decided, left, !when);
      jump(typescript, program, label, right, when);
      writer.emitLabel(decided);
    }
  } else {
    const value = program.emitExpr(inner);
    writer.emitJumpIfFalse(label, when ? writer.emitExpr(Op.NOT, value) : value);
  }
}

/**
 * Returns `a ? b : c`, `a && b` or `a || b` (of a boolean `a`) on the way that was taken.
 *
 * @returns whether the expression is one of these.
 */
export function returnBranch(
  typescript: typeof ts,
  program: Program,
  expression: ts.Expression,
): boolean {
  const inner = withoutParentheses(typescript, expression);
  if (program.constantFold(inner)) return false;
  const writer = program.writer;
  const returns = (value: ts.Expression): void => {
    if (!returnBranch(typescript, program, value))
      writer.emitStmt(Op.RETURN, program.emitExpr(value));
  };
  if (typescript.isConditionalExpression(inner)) {
    if (program.constantFold(inner.condition)) return false;
    const otherwise = writer.mkLabel("otherwise");
    jump(typescript, program, otherwise, inner.condition, false);
    returns(inner.whenTrue);
    writer.emitLabel(otherwise);
    returns(inner.whenFalse);
    return true;
  }
  if (!typescript.isBinaryExpression(inner) || !isLogical(typescript, inner)) return false;
  if (!isBoolean(typescript, program, inner.left)) return false;
  const decided = writer.mkLabel("decided");
  const when = inner.operatorToken.kind === typescript.SyntaxKind.BarBarToken;
  jump(typescript, program, decided, inner.left, when);
  returns(inner.right);
  writer.emitLabel(decided);
  writer.emitStmt(Op.RETURN, writer.emitExpr(when ? Op.TRUE : Op.FALSE));
  return true;
}

function isBoolean(typescript: typeof ts, program: Program, expression: ts.Expression): boolean {
  const { flags } = program.checker.getTypeAtLocation(expression);
  return (flags & typescript.TypeFlags.BooleanLike) !== 0;
}

function isLogical(typescript: typeof ts, { operatorToken }: ts.BinaryExpression): boolean {
  return (
    operatorToken.kind === typescript.SyntaxKind.AmpersandAmpersandToken ||
    operatorToken.kind === typescript.SyntaxKind.BarBarToken
  );
}

function isNot(typescript: typeof ts, node: ts.Expression): node is ts.PrefixUnaryExpression {
  return (
    typescript.isPrefixUnaryExpression(node) &&
    node.operator === typescript.SyntaxKind.ExclamationToken
  );
}

function withoutParentheses(typescript: typeof ts, expression: ts.Expression): ts.Expression {
  return typescript.isParenthesizedExpression(expression)
    ? withoutParentheses(typescript, expression.expression)
    : expression;
}
