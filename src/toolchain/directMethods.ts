import type ts from "typescript";
import { implementation } from "./soleImplementers";

/** A method of one of the project's own classes. */
interface Method {
  readonly declaration: ts.MethodDeclaration;
  readonly name: string;
  /** The type of the class. */
  readonly owner: ts.Type;
}

/** The bundled checker can answer this, but does not publish it. */
interface Checker extends ts.TypeChecker {
  isTypeAssignableTo(source: ts.Type, target: ts.Type): boolean;
}

/**
 * The methods of a program that can be called as the functions they are.
 *
 * The compiler looks every method up by its name in the prototype of its class, at run
 * time: an entry of 16 bytes of the heap and eleven of code for each. Where it is known
 * at compile time which method a call means, neither is needed. That is so for a method
 * that no class above or below its own has too, when every use of its name on an object
 * that could be of its class (`object.name`) is a plain call that the type checker traces
 * to this very method. A method that is used as a value, or through an interface that its
 * class fits, is left to the prototype.
 *
 * @param isOwn whether a file is the project's own.
 */
export function directMethods(
  typescript: typeof ts,
  program: ts.Program,
  isOwn: (file: string) => boolean,
): Set<ts.Node> {
  const checker = program.getTypeChecker() as Checker;
  const files = program.getSourceFiles().filter((file) => !file.isDeclarationFile);
  const classes: ts.ClassDeclaration[] = [];
  const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
    visit(node);
    typescript.forEachChild(node, (child) => walk(child, visit));
  };
  for (const file of files)
    walk(file, (node) => {
      if (typescript.isClassDeclaration(node)) classes.push(node);
    });

  const byName = new Map<string, Method[]>();
  const fit = new Set<ts.Node>();
  for (const each of classes) {
    if (!isOwn(each.getSourceFile().fileName)) continue;
    const owner = checker.getTypeAtLocation(each);
    for (const declaration of each.members) {
      if (
        !typescript.isMethodDeclaration(declaration) ||
        !typescript.isIdentifier(declaration.name)
      )
        continue;
      if (!declaration.body || isStatic(typescript, declaration)) continue;
      const name = declaration.name.text;
      if (relatives(checker, classes, each).some((other) => hasMember(other, name))) continue;
      byName.set(name, [...(byName.get(name) ?? []), { declaration, name, owner }]);
      fit.add(declaration);
    }
  }

  /** A use of a name on an object of that type, of the method `called` or of anything. */
  const use = (name: string, object: ts.Node, called: ts.Node | undefined): void => {
    const { Any, Unknown } = typescript.TypeFlags;
    for (const { declaration, owner } of byName.get(name) ?? []) {
      if (declaration === called || !fit.has(declaration)) continue;
      const type = checker.getTypeAtLocation(object);
      // `this` has a type of its own, which nothing fits but itself.
      const receiver = checker.getBaseConstraintOfType(type) ?? type;
      if (receiver.flags & (Any | Unknown) || checker.isTypeAssignableTo(owner, receiver))
        fit.delete(declaration);
    }
  };
  for (const file of files)
    walk(file, (node) => {
      if (typescript.isPropertyAccessExpression(node)) {
        if (byName.has(node.name.text))
          use(node.name.text, node.expression, calledMethod(typescript, checker, node));
      } else if (typescript.isElementAccessExpression(node)) {
        const key = node.argumentExpression;
        if (typescript.isStringLiteralLike(key)) use(key.text, node.expression, undefined);
      } else if (typescript.isBindingElement(node)) {
        const key = node.propertyName ?? node.name;
        if (typescript.isIdentifier(key)) use(key.text, node.parent, undefined);
      }
    });
  return fit;
}

/** The method that a plain call means or starts, or undefined where it is no such call. */
function calledMethod(
  typescript: typeof ts,
  checker: ts.TypeChecker,
  node: ts.PropertyAccessExpression,
): ts.Node | undefined {
  const starts = startedMethod(typescript, node.parent.parent) === node;
  const call = starts ? node.parent.parent : node.parent;
  if (!typescript.isCallExpression(call) || !(starts || call.expression === node)) return undefined;
  if (node.questionDotToken || node.expression.kind === typescript.SyntaxKind.SuperKeyword)
    return undefined;
  if (call.arguments.some((argument) => typescript.isSpreadElement(argument))) return undefined;
  const declarations = checker.getSymbolAtLocation(node.name)?.declarations ?? [];
  const [only] = declarations;
  return only && declarations.length === 1 ? implementation(checker, only) : undefined;
}

/**
 * The method that a call starts in a fiber of its own: `object.method.start(argument)`. The
 * runtime's `start` belongs to the function.
 */
export function startedMethod(
  typescript: typeof ts,
  call: ts.Node,
): ts.PropertyAccessExpression | undefined {
  if (!typescript.isCallExpression(call)) return undefined;
  const { expression } = call;
  return typescript.isPropertyAccessExpression(expression) &&
    expression.name.text === "start" &&
    typescript.isPropertyAccessExpression(expression.expression)
    ? expression.expression
    : undefined;
}

function isStatic(typescript: typeof ts, member: ts.MethodDeclaration): boolean {
  return (member.modifiers ?? []).some(({ kind }) => kind === typescript.SyntaxKind.StaticKeyword);
}

/** The classes that one extends, and those that extend it, however far. */
function relatives(
  checker: ts.TypeChecker,
  classes: readonly ts.ClassDeclaration[],
  one: ts.ClassDeclaration,
): ts.Node[] {
  const above = (node: ts.Node): ts.Node[] => {
    const [base] = checker.getBaseTypes(checker.getTypeAtLocation(node) as ts.InterfaceType);
    const declaration = base?.symbol?.valueDeclaration;
    return declaration ? [declaration, ...above(declaration)] : [];
  };
  return [...above(one), ...classes.filter((other) => above(other).includes(one))];
}

function hasMember(node: ts.Node, name: string): boolean {
  const { members } = node as Partial<ts.ClassDeclaration>;
  return (members ?? []).some((member) => member.name?.getText() === name);
}
