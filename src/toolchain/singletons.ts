import type ts from "typescript";
import { implementation } from "./soleImplementers";

/** The bundled checker can answer this, but does not publish it. */
interface Checker extends ts.TypeChecker {
  isTypeAssignableTo(source: ts.Type, target: ts.Type): boolean;
}

/** A declaration of a field: in the class, or as a parameter of its constructor. */
type Field = ts.PropertyDeclaration | ts.ParameterDeclaration;

/**
 * The fields that can be global variables, since there is one object of their class only.
 *
 * A field takes 16 bytes of the heap and four of code at each use, a global variable eight
 * and two. It can be one where the object is made once in the life of the program, and every
 * use of the field's name on something that could be that object is traced by the type
 * checker to this very field: none is through an interface, destructured or by `any`.
 *
 * @param direct the methods that are called directly, see `directMethods`.
 * @param isOwn whether a file is the project's own.
 */
export function singletonFields(
  typescript: typeof ts,
  program: ts.Program,
  direct: ReadonlySet<ts.Node>,
  isOwn: (file: string) => boolean,
): Set<ts.Node> {
  const checker = program.getTypeChecker() as Checker;
  const files = program.getSourceFiles().filter((file) => !file.isDeclarationFile);
  const visit = (node: ts.Node, each: (node: ts.Node) => void): void => {
    each(node);
    typescript.forEachChild(node, (child) => visit(child, each));
  };
  const everywhere = (each: (node: ts.Node) => void): void => {
    for (const file of files) visit(file, each);
  };

  const made = new Map<ts.Node, ts.Node[]>();
  const used = new Map<ts.Node, ts.Node[]>();
  everywhere((node) => {
    if (!typescript.isIdentifier(node)) return;
    const declaration = declarationOf(typescript, checker, node);
    if (!declaration || declaration === node.parent || isImport(typescript, node.parent)) return;
    const into =
      typescript.isNewExpression(node.parent) && node.parent.expression === node ? made : used;
    into.set(declaration, [...(into.get(declaration) ?? []), node]);
  });

  const single = new Map<ts.Node, boolean>();
  const isSingle = (declaration: ts.Node): boolean => {
    const known = single.get(declaration);
    if (known !== undefined) return known;
    // A class that is made by itself is never known to be made once.
    single.set(declaration, false);
    const [place, ...more] = made.get(declaration) ?? [];
    const result =
      typescript.isClassDeclaration(declaration) &&
      isOwn(declaration.getSourceFile().fileName) &&
      !isDerived(typescript, declaration) &&
      !used.get(declaration)?.some((use) => typescript.isExpressionWithTypeArguments(use.parent)) &&
      !!place &&
      more.length === 0 &&
      runsOnce(place);
    single.set(declaration, result);
    return result;
  };
  const runsOnce = (node: ts.Node): boolean => {
    const { parent } = node;
    if (!parent) return true;
    if (typescript.isIterationStatement(parent, false)) return false;
    if (typescript.isPropertyDeclaration(parent) || typescript.isConstructorDeclaration(parent))
      return isSingle(parent.parent);
    if (typescript.isFunctionDeclaration(parent) || typescript.isMethodDeclaration(parent)) {
      if (typescript.isMethodDeclaration(parent) && !direct.has(parent)) return false;
      const [place, ...more] = used.get(parent) ?? [];
      return !!place && more.length === 0 && isCalled(typescript, place) && runsOnce(place);
    }
    return !typescript.isFunctionLike(parent) && runsOnce(parent);
  };

  const byName = new Map<string, { field: Field; owner: ts.Type }[]>();
  const fit = new Set<ts.Node>();
  everywhere((node) => {
    if (!typescript.isClassDeclaration(node) || !isSingle(node)) return;
    if (!(made.get(node) ?? []).every((place) => isKept(typescript, checker, place.parent))) return;
    const owner = checker.getTypeAtLocation(node);
    for (const field of fieldsOf(typescript, node)) {
      const name = field.name.getText();
      byName.set(name, [...(byName.get(name) ?? []), { field, owner }]);
      fit.add(field);
    }
  });

  const couldBe = (object: ts.Type, owner: ts.Type): boolean => {
    const { Any, Unknown } = typescript.TypeFlags;
    // `this` has a type of its own, which nothing fits but itself.
    const receiver = checker.getBaseConstraintOfType(object) ?? object;
    return (receiver.flags & (Any | Unknown)) !== 0 || checker.isTypeAssignableTo(owner, receiver);
  };
  const use = (name: string, object: ts.Node, meant: ts.Node | undefined): void => {
    for (const { field, owner } of byName.get(name) ?? [])
      if (field !== meant && couldBe(checker.getTypeAtLocation(object), owner)) fit.delete(field);
  };
  everywhere((node) => {
    if (typescript.isPropertyAccessExpression(node)) {
      if (!byName.has(node.name.text)) return;
      const plainUse = !node.questionDotToken && isSteady(typescript, node.expression);
      const meant = plainUse ? declarationOf(typescript, checker, node.name) : undefined;
      use(node.name.text, node.expression, meant);
    } else if (typescript.isElementAccessExpression(node)) {
      const type = checker.getTypeAtLocation(node.expression);
      for (const name of byName.keys())
        if (type.getProperty(name)) use(name, node.expression, undefined);
    } else if (typescript.isBindingElement(node)) {
      const key = node.propertyName ?? node.name;
      if (typescript.isIdentifier(key))
        use(key.text, node.parent, boundMember(typescript, checker, node));
    } else if (typescript.isSpreadAssignment(node)) {
      for (const name of byName.keys()) use(name, node.expression, undefined);
    } else if (typescript.isCallExpression(node)) {
      // What takes anything may look into it, as `JSON.stringify` does.
      const parameters = checker.getResolvedSignature(node)?.getParameters() ?? [];
      node.arguments.forEach((argument, i) => {
        const parameter = parameters[Math.min(i, parameters.length - 1)];
        if (!parameter) return;
        const wanted = checker.getTypeOfSymbolAtLocation(parameter, node);
        if (!isAnything(typescript, wanted)) return;
        const given = checker.getTypeAtLocation(argument);
        // What is of any type already came from elsewhere: every use by `any` counts below.
        if ((given.flags & typescript.TypeFlags.Object) === 0) return;
        for (const candidates of byName.values())
          for (const { field, owner } of candidates)
            if (checker.isTypeAssignableTo(given, owner)) fit.delete(field);
      });
    }
  });
  return fit;
}

/** The one declaration of what an identifier names. */
export function declarationOf(
  typescript: typeof ts,
  checker: ts.TypeChecker,
  node: ts.Identifier | ts.MemberName,
): ts.Node | undefined {
  let symbol = checker.getSymbolAtLocation(node);
  if (symbol && symbol.flags & typescript.SymbolFlags.Alias)
    symbol = checker.getAliasedSymbol(symbol);
  return onlyDeclaration(typescript, checker, symbol);
}

/**
 * The declaration of the member that an element of a pattern takes out of an object, as in
 * `const { member } = this.object`; undefined where it is taken in another way.
 */
export function boundMember(
  typescript: typeof ts,
  checker: ts.TypeChecker,
  element: ts.BindingElement,
): ts.Node | undefined {
  const { parent: pattern } = element;
  const declaration = pattern.parent;
  const key = element.propertyName ?? element.name;
  if (!typescript.isIdentifier(key) || !typescript.isIdentifier(element.name)) return undefined;
  if (element.initializer || pattern.elements.some(isRest)) return undefined;
  if (!typescript.isVariableDeclaration(declaration) || !declaration.initializer) return undefined;
  if (!isSteady(typescript, declaration.initializer)) return undefined;
  const type = checker.getTypeAtLocation(declaration.initializer);
  return onlyDeclaration(typescript, checker, type.getProperty(key.text));
}

function isRest(element: ts.ArrayBindingElement): boolean {
  return "dotDotDotToken" in element && element.dotDotDotToken !== undefined;
}

function onlyDeclaration(
  typescript: typeof ts,
  checker: ts.TypeChecker,
  symbol: ts.Symbol | undefined,
): ts.Node | undefined {
  const declarations = symbol?.declarations ?? [];
  const field = declarations.find(
    (declaration) =>
      typescript.isParameter(declaration) || typescript.isPropertyDeclaration(declaration),
  );
  const meant =
    declarations.length === 1 ? declarations[0] : declarations.length === 2 ? field : undefined;
  return meant && implementation(checker, meant);
}

function isDerived(typescript: typeof ts, { heritageClauses }: ts.ClassDeclaration): boolean {
  const { ExtendsKeyword } = typescript.SyntaxKind;
  return heritageClauses?.some(({ token }) => token === ExtendsKeyword) ?? false;
}

function fieldsOf(typescript: typeof ts, declaration: ts.ClassDeclaration): Field[] {
  const properties = declaration.members.filter((member) =>
    typescript.isPropertyDeclaration(member),
  );
  const constructor = declaration.members.find((member) =>
    typescript.isConstructorDeclaration(member),
  );
  const parameters = (constructor?.parameters ?? []).filter(
    (parameter) => constructor && typescript.isParameterPropertyDeclaration(parameter, constructor),
  );
  return [...properties, ...parameters].filter(({ name }) => typescript.isIdentifier(name));
}

/** Whether an expression does nothing but name an object. */
function isSteady(typescript: typeof ts, node: ts.Expression): boolean {
  if (typescript.isPropertyAccessExpression(node))
    return !node.questionDotToken && isSteady(typescript, node.expression);
  return typescript.isIdentifier(node) || node.kind === typescript.SyntaxKind.ThisKeyword;
}

function isAnything(typescript: typeof ts, type: ts.Type): boolean {
  const { Any, Unknown, NonPrimitive, TypeParameter } = typescript.TypeFlags;
  if ((type.flags & (Any | Unknown | NonPrimitive | TypeParameter)) !== 0) return true;
  const element =
    type.symbol?.name === "Array" ? (type as ts.TypeReference).typeArguments?.[0] : undefined;
  return element !== undefined && isAnything(typescript, element);
}

/**
 * Whether a new object goes into a field or a global variable, or into another new object:
 * one that is let go of must be able to take its fields along.
 */
function isKept(typescript: typeof ts, checker: ts.TypeChecker, made: ts.Node): boolean {
  const { parent } = made;
  if (typescript.isPropertyDeclaration(parent) || typescript.isNewExpression(parent)) return true;
  if (typescript.isVariableDeclaration(parent)) return isGlobal(typescript, parent);
  if (
    !typescript.isBinaryExpression(parent) ||
    parent.operatorToken.kind !== typescript.SyntaxKind.EqualsToken
  )
    return false;
  const { left } = parent;
  if (typescript.isPropertyAccessExpression(left)) return true;
  const variable = typescript.isIdentifier(left)
    ? declarationOf(typescript, checker, left)
    : undefined;
  return !!variable && typescript.isVariableDeclaration(variable) && isGlobal(typescript, variable);
}

function isGlobal(typescript: typeof ts, variable: ts.VariableDeclaration): boolean {
  return typescript.isSourceFile(variable.parent.parent.parent);
}

function isCalled(typescript: typeof ts, node: ts.Node): boolean {
  const callee = typescript.isPropertyAccessExpression(node.parent) ? node.parent : node;
  return typescript.isCallExpression(callee.parent) && callee.parent.expression === callee;
}

function isImport(typescript: typeof ts, node: ts.Node): boolean {
  return typescript.isImportSpecifier(node) || typescript.isExportSpecifier(node);
}
