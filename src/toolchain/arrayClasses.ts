import type ts from "typescript";
import { boundMember, declarationOf } from "./singletons";

/** The bundled checker can answer this, but does not publish it. */
interface Checker extends ts.TypeChecker {
  isTypeAssignableTo(source: ts.Type, target: ts.Type): boolean;
}

/** A class whose objects are arrays. */
export interface ArrayClass {
  /** Elements of an object: its fields, those of the classes above first, after the methods if any. */
  readonly length: number;
  /** Whether the first element of an object is the array of its virtual methods. */
  readonly hasMethods: boolean;
  /** The methods behind the group's `virtual` names, for this class; undefined for abstract ones. */
  readonly methods: readonly (ts.MethodDeclaration | undefined)[];
  /** Whether it is made anywhere. */
  readonly isMade: boolean;
}

/** What became of a program's classes. */
export interface ArrayClasses {
  readonly classes: ReadonlyMap<ts.Node, ArrayClass>;
  /** Element of each field, by its declaration. */
  readonly fields: ReadonlyMap<ts.Node, number>;
  /** Place of each virtual method in the array of methods, by its declaration; -1 where it is in none. */
  readonly methods: ReadonlyMap<ts.Node, number>;
  /** The method that a call means although other classes of the group have one of that name. */
  readonly calls: ReadonlyMap<ts.Node, ts.MethodDeclaration>;
}

/** Classes that extend one another. */
interface Group {
  readonly classes: ts.ClassDeclaration[];
  readonly types: ts.Type[];
  fits: boolean;
}

/**
 * The classes of a program whose objects can be arrays.
 *
 * A field of an object takes 16 bytes of the heap and more while the object grows, and is
 * looked up by its name; an element of an array takes eight. An object can be an array where
 * every use of it is traced by the type checker to a member of its class or of one that it
 * extends, or that extends it: none is through an interface, by `any`, destructured or
 * indexed. Methods that such classes override are found through an array of functions, one
 * for each class, in the first element; those that are always called on an object whose class
 * is known well enough are not among them.
 *
 * To read an element takes the runtime one step more than to read a field, so a class that
 * says `@hot` keeps its fields.
 *
 * @param direct the methods that are called directly, see `directMethods`.
 * @param singles fields that are global variables, see `singletonFields`: their classes stay.
 * @param isOwn whether a file is the project's own.
 */
export function arrayClasses(
  typescript: typeof ts,
  program: ts.Program,
  direct: ReadonlySet<ts.Node>,
  singles: ReadonlySet<ts.Node>,
  isOwn: (file: string) => boolean,
): ArrayClasses {
  const checker = program.getTypeChecker() as Checker;
  const files = program.getSourceFiles().filter((file) => !file.isDeclarationFile);
  const visit = (node: ts.Node, each: (node: ts.Node) => void): void => {
    each(node);
    typescript.forEachChild(node, (child) => visit(child, each));
  };
  const everywhere = (each: (node: ts.Node) => void): void => {
    for (const file of files) visit(file, each);
  };

  const all: ts.ClassDeclaration[] = [];
  everywhere((node) => {
    if (typescript.isClassDeclaration(node)) all.push(node);
  });
  const groupOf = new Map<ts.Node, Group>();
  const groups = all.map((declaration): Group => {
    const group = {
      classes: [declaration],
      types: [checker.getTypeAtLocation(declaration)],
      fits:
        isOwn(declaration.getSourceFile().fileName) &&
        !typescript.getJSDocTags(declaration).some(({ tagName }) => tagName.text === "hot") &&
        declaration.members.every((member) => isPlainMember(typescript, member, singles)),
    };
    groupOf.set(declaration, group);
    return group;
  });
  for (const declaration of all) {
    const base = baseOf(typescript, checker, declaration);
    if (base === undefined) continue;
    const group = groupOf.get(declaration) as Group;
    if (base && declaresAgain(typescript, checker, declaration, base)) group.fits = false;
    const above = base === null ? undefined : groupOf.get(base);
    if (!above) {
      group.fits = false;
    } else if (above !== group) {
      above.classes.push(...group.classes);
      above.types.push(...group.types);
      above.fits &&= group.fits;
      for (const member of group.classes) groupOf.set(member, above);
    }
  }
  const candidates = (): Group[] =>
    [...new Set(groups.map((group) => groupOf.get(group.classes[0] as ts.Node) as Group))].filter(
      ({ fits }) => fits,
    );

  const isOf = (group: Group, type: ts.Type): boolean => {
    const { Any, Unknown } = typescript.TypeFlags;
    const receiver = checker.getBaseConstraintOfType(type) ?? type;
    if ((receiver.flags & (Any | Unknown)) !== 0) return true;
    return group.types.some((own) => checker.isTypeAssignableTo(own, receiver));
  };
  const memberNames = new Map<string, Group[]>();
  for (const group of candidates())
    for (const declaration of group.classes)
      for (const name of namesOf(typescript, declaration)) {
        const known = memberNames.get(name) ?? [];
        if (!known.includes(group)) memberNames.set(name, [...known, group]);
      }
  const used = (name: string, object: ts.Node, member: ts.Node | undefined): void => {
    const owner =
      member &&
      groupOf.get(
        member.parent.kind === typescript.SyntaxKind.Constructor
          ? member.parent.parent
          : member.parent,
      );
    for (const group of memberNames.get(name) ?? [])
      if (group.fits && group !== owner && isOf(group, checker.getTypeAtLocation(object)))
        group.fits = false;
  };

  const made = new Set<ts.Node>();
  const methodCalls: { access: ts.PropertyAccessExpression; method: ts.MethodDeclaration }[] = [];
  everywhere((node) => {
    if (typescript.isIdentifier(node)) {
      const named = declarationOf(typescript, checker, node);
      if (!named || !typescript.isClassDeclaration(named)) return;
      const { parent } = node;
      if (typescript.isNewExpression(parent) && parent.expression === node) made.add(named);
      else if (!mayName(typescript, node)) {
        const group = groupOf.get(named);
        if (group) group.fits = false;
      }
    } else if (typescript.isPropertyAccessExpression(node)) {
      if (!memberNames.has(node.name.text)) return;
      const member = declarationOf(typescript, checker, node.name);
      const isMethod = member && typescript.isMethodDeclaration(member);
      const isCall = typescript.isCallExpression(node.parent) && node.parent.expression === node;
      const spread =
        isCall &&
        (node.parent as ts.CallExpression).arguments.some((argument) =>
          typescript.isSpreadElement(argument),
        );
      used(node.name.text, node.expression, isMethod && (!isCall || spread) ? undefined : member);
      if (isMethod) methodCalls.push({ access: node, method: member });
    } else if (typescript.isElementAccessExpression(node)) {
      const type = checker.getTypeAtLocation(node.expression);
      if ((type.flags & typescript.TypeFlags.Any) === 0) refuseExact(node.expression);
    } else if (typescript.isBindingElement(node)) {
      const key = node.propertyName ?? node.name;
      if (node.dotDotDotToken) refuseExact(node.parent);
      else if (typescript.isIdentifier(key)) {
        const member = boundMember(typescript, checker, node);
        const isMethod = member && typescript.isMethodDeclaration(member);
        used(key.text, node.parent, isMethod ? undefined : member);
      }
    } else if (typescript.isSpreadAssignment(node) || typescript.isForInStatement(node)) {
      refuseExact(node.expression);
    } else if (typescript.isObjectLiteralExpression(node)) {
      const wanted = checker.getContextualType(node);
      if (wanted) refuseNamed(wanted);
    } else if (typescript.isAsExpression(node)) {
      const from = checker.getTypeAtLocation(node.expression);
      const to = checker.getTypeAtLocation(node);
      for (const group of candidates())
        if (group.types.includes(to) && !group.types.includes(from)) group.fits = false;
    } else if (typescript.isCallExpression(node) && !startsFiber(typescript, node)) {
      // What takes anything may look into it, as `JSON.stringify` does.
      const parameters = checker.getResolvedSignature(node)?.getParameters() ?? [];
      node.arguments.forEach((argument, i) => {
        const parameter = parameters[Math.min(i, parameters.length - 1)];
        if (parameter && isAnything(typescript, checker.getTypeOfSymbolAtLocation(parameter, node)))
          refuseExact(argument);
      });
    }
  });
  /** The objects of an expression are used in a way that needs their fields' names. */
  function refuseExact(node: ts.Node): void {
    refuseNamed(checker.getTypeAtLocation(node));
  }
  function refuseNamed(type: ts.Type): void {
    const parts = type.isUnion() ? type.types : [type];
    for (const group of candidates())
      if (parts.some((part) => group.types.includes(checker.getBaseConstraintOfType(part) ?? part)))
        group.fits = false;
  }
  // What is shaped like one of these classes, but is none, may not take its place.
  const shapes = groups.flatMap(({ types }) => types);
  everywhere((node) => {
    if (typescript.isInterfaceDeclaration(node)) shapes.push(checker.getTypeAtLocation(node));
  });
  for (const group of candidates())
    for (const type of shapes)
      if (!group.types.includes(type))
        if (group.types.some((own) => checker.isTypeAssignableTo(type, own))) group.fits = false;

  const classes = new Map<ts.Node, ArrayClass>();
  const fields = new Map<ts.Node, number>();
  const methods = new Map<ts.Node, number>();
  const calls = new Map<ts.Node, ts.MethodDeclaration>();
  for (const group of candidates()) {
    const virtual: string[] = [];
    for (const { access, method } of methodCalls) {
      if (groupOf.get(method.parent) !== group || direct.has(method)) continue;
      const name = access.name.text;
      const receiver = checker.getTypeAtLocation(access.expression);
      const type = checker.getBaseConstraintOfType(receiver) ?? receiver;
      const others = group.classes.filter(
        (declaration, i) =>
          declaration !== method.parent &&
          namesOf(typescript, declaration).includes(name) &&
          checker.isTypeAssignableTo(group.types[i] as ts.Type, type),
      );
      if (method.body && others.length === 0) calls.set(access, method);
      else if (!virtual.includes(name)) virtual.push(name);
    }
    for (const declaration of group.classes)
      for (const member of declaration.members)
        if (typescript.isMethodDeclaration(member) && !direct.has(member))
          methods.set(member, virtual.indexOf(member.name.getText()));
    const lengthOf = (declaration: ts.ClassDeclaration): number => {
      const known = classes.get(declaration);
      if (known) return known.length;
      const base = baseOf(typescript, checker, declaration);
      let length = base ? lengthOf(base) : virtual.length > 0 ? 1 : 0;
      for (const field of fieldsOf(typescript, declaration)) fields.set(field, length++);
      classes.set(declaration, {
        length,
        hasMethods: virtual.length > 0,
        methods: virtual.map((name) => methodOf(typescript, checker, declaration, name)),
        isMade: made.has(declaration),
      });
      return length;
    };
    group.classes.forEach(lengthOf);
  }
  return { classes, fields, methods, calls };
}

/** Whether a member of a class can be part of an array. */
function isPlainMember(
  typescript: typeof ts,
  member: ts.ClassElement,
  singles: ReadonlySet<ts.Node>,
): boolean {
  if ((typescript.getCombinedModifierFlags(member) & typescript.ModifierFlags.Static) !== 0)
    return false;
  if (typescript.isConstructorDeclaration(member))
    return member.parameters.length < 8 && !member.parameters.some((field) => singles.has(field));
  return (
    (typescript.isPropertyDeclaration(member) || typescript.isMethodDeclaration(member)) &&
    typescript.isIdentifier(member.name) &&
    !singles.has(member) &&
    (!typescript.isMethodDeclaration(member) || member.parameters.length < 8)
  );
}

/** The class that one extends; null where that is none of the program's, undefined where it extends none. */
function baseOf(
  typescript: typeof ts,
  checker: ts.TypeChecker,
  declaration: ts.ClassDeclaration,
): ts.ClassDeclaration | null | undefined {
  const clause = declaration.heritageClauses?.find(
    ({ token }) => token === typescript.SyntaxKind.ExtendsKeyword,
  );
  const expression = clause?.types[0]?.expression;
  if (!expression) return undefined;
  const base = typescript.isIdentifier(expression)
    ? declarationOf(typescript, checker, expression)
    : undefined;
  return base && typescript.isClassDeclaration(base) ? base : null;
}

/** Whether a class declares a field that one above it has too. */
function declaresAgain(
  typescript: typeof ts,
  checker: ts.TypeChecker,
  declaration: ts.ClassDeclaration,
  base: ts.ClassDeclaration,
): boolean {
  const type = checker.getTypeAtLocation(base);
  return fieldsOf(typescript, declaration).some((field) => {
    const name = (field as ts.NamedDeclaration).name?.getText() ?? "";
    return type.getProperty(name) !== undefined;
  });
}

function methodOf(
  typescript: typeof ts,
  checker: ts.TypeChecker,
  declaration: ts.ClassDeclaration,
  name: string,
): ts.MethodDeclaration | undefined {
  for (const member of declaration.members)
    if (typescript.isMethodDeclaration(member) && member.body && member.name.getText() === name)
      return member;
  const base = baseOf(typescript, checker, declaration);
  return base ? methodOf(typescript, checker, base, name) : undefined;
}

function fieldsOf(typescript: typeof ts, declaration: ts.ClassDeclaration): ts.Node[] {
  const fields: ts.Node[] = [];
  for (const member of declaration.members) {
    if (typescript.isPropertyDeclaration(member)) fields.push(member);
    if (typescript.isConstructorDeclaration(member))
      for (const parameter of member.parameters)
        if (typescript.isParameterPropertyDeclaration(parameter, member)) fields.push(parameter);
  }
  return fields;
}

function namesOf(typescript: typeof ts, declaration: ts.ClassDeclaration): string[] {
  const methods = declaration.members.filter((member) => typescript.isMethodDeclaration(member));
  return [...fieldsOf(typescript, declaration), ...methods].map(
    (member) => (member as ts.NamedDeclaration).name?.getText() ?? "",
  );
}

/** Whether a class may be named there: where it is declared, extended, imported or meant as a type. */
export function mayName(typescript: typeof ts, node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    (typescript.isClassDeclaration(parent) && parent.name === node) ||
    typescript.isImportSpecifier(parent) ||
    typescript.isExportSpecifier(parent) ||
    (typescript.isPropertyAccessExpression(parent) && parent.name === node) ||
    typescript.isTypeNode(parent) ||
    typescript.isTypeElement(parent)
  );
}

/** Whether a call starts a function in a fiber of its own, and so only hands its arguments on. */
function startsFiber(typescript: typeof ts, { expression }: ts.CallExpression): boolean {
  return (
    typescript.isPropertyAccessExpression(expression) &&
    expression.name.text === "start" &&
    typescript.isIdentifier(expression.expression)
  );
}

function isAnything(typescript: typeof ts, type: ts.Type): boolean {
  const { Any, Unknown, NonPrimitive, TypeParameter } = typescript.TypeFlags;
  if ((type.flags & (Any | Unknown | NonPrimitive | TypeParameter)) !== 0) return true;
  const element =
    type.symbol?.name === "Array" ? (type as ts.TypeReference).typeArguments?.[0] : undefined;
  return element !== undefined && isAnything(typescript, element);
}
