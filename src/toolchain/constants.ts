import type ts from "typescript";

/**
 * Tells which variables never change once they have a value. The compiler keeps what it has
 * loaded in another variable whenever something runs between that and its use; for these it
 * need not.
 */
export class Constants {
  readonly #typescript: typeof ts;
  readonly #assigned = new Set<ts.Node>();

  constructor(typescript: typeof ts, program: ts.Program) {
    this.#typescript = typescript;
    const checker = program.getTypeChecker();
    const assigned = (target: ts.Node): void => {
      if (typescript.isPropertyAccessExpression(target)) return;
      if (typescript.isElementAccessExpression(target)) return;
      if (!typescript.isIdentifier(target)) return typescript.forEachChild(target, assigned);
      for (const declaration of checker.getSymbolAtLocation(target)?.declarations ?? [])
        this.#assigned.add(declaration);
    };
    const walk = (node: ts.Node): void => {
      if (typescript.isBinaryExpression(node)) {
        if (isAssignment(typescript, node.operatorToken.kind)) assigned(node.left);
      } else if (typescript.isPostfixUnaryExpression(node)) {
        assigned(node.operand);
      } else if (typescript.isPrefixUnaryExpression(node)) {
        const { PlusPlusToken, MinusMinusToken } = typescript.SyntaxKind;
        if (node.operator === PlusPlusToken || node.operator === MinusMinusToken)
          assigned(node.operand);
      } else if (typescript.isForOfStatement(node) || typescript.isForInStatement(node)) {
        if (!typescript.isVariableDeclarationList(node.initializer)) assigned(node.initializer);
      }
      typescript.forEachChild(node, walk);
    };
    for (const file of program.getSourceFiles()) if (!file.isDeclarationFile) walk(file);
  }

  /** Whether a variable or parameter, by its declaration, is never assigned again. */
  has(declaration: ts.Node): boolean {
    const typescript = this.#typescript;
    if (typescript.isParameter(declaration)) return !this.#assigned.has(declaration);
    return (
      (typescript.isVariableDeclaration(declaration) || typescript.isBindingElement(declaration)) &&
      (typescript.getCombinedNodeFlags(declaration) & typescript.NodeFlags.Const) !== 0
    );
  }

  /** The literal of bytes that a constant of a file is, if it is one. */
  bytesOf(declaration: ts.Node): ts.Expression | undefined {
    const typescript = this.#typescript;
    if (!typescript.isVariableDeclaration(declaration) || !this.has(declaration)) return undefined;
    const { initializer, parent } = declaration;
    if (!typescript.isSourceFile(parent.parent.parent)) return undefined;
    const isBytes =
      initializer &&
      typescript.isTaggedTemplateExpression(initializer) &&
      initializer.tag.getText() === "hex";
    return isBytes ? initializer : undefined;
  }

  /** Whether an access reads a field of a class that only its constructor assigns. */
  isReadonlyField(checker: ts.TypeChecker, access: ts.PropertyAccessExpression): boolean {
    const typescript = this.#typescript;
    const declarations = checker.getSymbolAtLocation(access.name)?.declarations ?? [];
    return (
      declarations.length === 1 &&
      declarations.every(
        (declaration) =>
          (typescript.isPropertyDeclaration(declaration) || typescript.isParameter(declaration)) &&
          (typescript.getCombinedModifierFlags(declaration) &
            (typescript.ModifierFlags.Readonly | typescript.ModifierFlags.Static)) ===
            typescript.ModifierFlags.Readonly,
      )
    );
  }
}

function isAssignment(typescript: typeof ts, kind: ts.SyntaxKind): boolean {
  const { FirstAssignment, LastAssignment } = typescript.SyntaxKind;
  return kind >= FirstAssignment && kind <= LastAssignment;
}
