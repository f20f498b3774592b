import type ts from "typescript";

/** The bundled checker can answer this, but does not publish it. */
interface Checker extends ts.TypeChecker {
  isTypeAssignableTo(source: ts.Type, target: ts.Type): boolean;
}

const known = new WeakMap<ts.TypeChecker, ReadonlyMap<ts.Node, ts.Node>>();

/** The member of a class that the member of an interface stands for, see `findSoleImplementers`. */
export function implementation(checker: ts.TypeChecker, member: ts.Node): ts.Node {
  return known.get(checker)?.get(member) ?? member;
}

/**
 * Finds the members of interfaces behind which there is one class only, each with the member of that
 * class: what is used through such an interface is as well known as if it named the class.
 *
 * That is so for an interface with a method that one class of the program fits, and nothing
 * else that is made in it: no object literal, and no value whose type was cast to it. Tests
 * hand in a class of their own in its place, in a program of their own.
 *
 * @param isOwn whether a file is the project's own.
 */
export function findSoleImplementers(
  typescript: typeof ts,
  program: ts.Program,
  isOwn: (file: string) => boolean,
): void {
  const checker = program.getTypeChecker() as Checker;
  const files = program.getSourceFiles().filter((file) => !file.isDeclarationFile);
  const visit = (node: ts.Node, each: (node: ts.Node) => void): void => {
    each(node);
    typescript.forEachChild(node, (child) => visit(child, each));
  };
  const everywhere = (each: (node: ts.Node) => void): void => {
    for (const file of files) visit(file, each);
  };

  const candidates: { type: ts.Type; made: Set<ts.Type> }[] = [];
  everywhere((node) => {
    if (!typescript.isInterfaceDeclaration(node) || !isOwn(node.getSourceFile().fileName)) return;
    if (node.typeParameters || node.heritageClauses) return;
    if (!node.members.some((member) => typescript.isMethodSignature(member))) return;
    candidates.push({ type: checker.getTypeAtLocation(node), made: new Set() });
  });
  everywhere((node) => {
    const isCast = typescript.isAsExpression(node);
    if (!isCast && !typescript.isClassLike(node) && !typescript.isObjectLiteralExpression(node))
      return;
    const given = checker.getTypeAtLocation(node);
    // A cast that only says that the value is there brings nothing new.
    if (isCast && checker.getNonNullableType(checker.getTypeAtLocation(node.expression)) === given)
      return;
    for (const { type, made } of candidates)
      if (isCast ? given === type : checker.isTypeAssignableTo(given, type)) made.add(given);
  });

  const members = new Map<ts.Node, ts.Node>();
  for (const { type, made } of candidates) {
    const [only, ...more] = made;
    if (!only || more.length > 0 || !only.isClass()) continue;
    const pairs = type
      .getProperties()
      .map((member) => [member, only.getProperty(member.name)] as const);
    if (!pairs.every(([member, own]) => member.valueDeclaration && own?.valueDeclaration)) continue;
    for (const [member, own] of pairs)
      members.set(member.valueDeclaration as ts.Node, own?.valueDeclaration as ts.Node);
  }
  known.set(checker, members);
}
