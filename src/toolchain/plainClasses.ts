import type ts from "typescript";
import { mayName } from "./arrayClasses";

/** Arguments of a call at most, the object included (`STMT9_CALL8` of the runtime). */
const ARGUMENTS_MAX = 8;

/**
 * The classes of a program whose objects need no prototype.
 *
 * The runtime gives every class that is instantiated a prototype, 84 bytes of the heap, even
 * when nothing is ever looked up in it. That is so for a class that has no relatives and no
 * static members, is named as a value only after `new`, and has no method but those that are
 * called directly: its objects can be made as `{}` is.
 *
 * @param direct the methods that are called directly, see `directMethods`.
 * @param isOwn whether a file is the project's own.
 */
export function plainClasses(
  typescript: typeof ts,
  program: ts.Program,
  direct: ReadonlySet<ts.Node>,
  isOwn: (file: string) => boolean,
): Set<ts.Node> {
  const checker = program.getTypeChecker();
  const plain = new Set<ts.Node>();
  const files = program.getSourceFiles().filter((file) => !file.isDeclarationFile);
  const visit = (node: ts.Node, each: (node: ts.Node) => void): void => {
    each(node);
    typescript.forEachChild(node, (child) => visit(child, each));
  };
  const isPlain = (declaration: ts.ClassDeclaration): boolean =>
    isOwn(declaration.getSourceFile().fileName) &&
    !declaration.heritageClauses?.some(
      ({ token }) => token === typescript.SyntaxKind.ExtendsKeyword,
    ) &&
    declaration.members.every(
      (member) =>
        (typescript.getCombinedModifierFlags(member) & typescript.ModifierFlags.Static) === 0 &&
        (!typescript.isMethodDeclaration(member) || direct.has(member)) &&
        (!typescript.isConstructorDeclaration(member) || member.parameters.length < ARGUMENTS_MAX),
    );
  for (const file of files)
    visit(file, (node) => {
      if (typescript.isClassDeclaration(node) && isPlain(node)) plain.add(node);
    });
  for (const file of files)
    visit(file, (node) => {
      if (!typescript.isIdentifier(node) || mayNamePlain(typescript, node)) return;
      let symbol = checker.getSymbolAtLocation(node);
      if (symbol && symbol.flags & typescript.SymbolFlags.Alias)
        symbol = checker.getAliasedSymbol(symbol);
      if (symbol?.valueDeclaration) plain.delete(symbol.valueDeclaration);
    });
  return plain;
}

/** Whether a plain class may be named there: where it is made and wherever any may, but where it is extended. */
function mayNamePlain(typescript: typeof ts, node: ts.Identifier): boolean {
  const { parent } = node;
  if (typescript.isNewExpression(parent)) return parent.expression === node;
  return mayName(typescript, node) && !typescript.isExpressionWithTypeArguments(parent);
}
