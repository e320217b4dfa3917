import ts from 'typescript';

import {
  DEFAULT_EXPORT_FILES,
  IMPORTS,
  LEAVES,
  MAX_FILE_LINES,
  MAX_FUNCTION_LINES,
  PROCESS_FILES,
  TIMER_FILES,
} from '#test/tidy/rules.ts';

/** Where a rule is broken, and why it is a rule. */
export interface Offence {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Checks one source file by its path in the clone and its text. */
export function checkFile(file: string, text: string): Offence[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const offences: Offence[] = [];
  const lineOf = (node: ts.Node): number => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  const tell = (node: ts.Node, message: string): void => void offences.push({ file, line: lineOf(node), message });
  offences.push(...checkLength(file, text));
  for (const entry of importsOf(source, file)) offences.push(...checkImport(file, entry));
  const visit = (node: ts.Node): void => {
    checkNode(node, file, tell, source);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return offences;
}

/** Holds for every language. */
export function checkLength(file: string, text: string): Offence[] {
  const lines = text.split('\n').length - 1;
  if (lines <= MAX_FILE_LINES) return [];
  const message = `${lines} lines: a file is one thing, at most ${MAX_FILE_LINES} lines; cut it where it is two`;
  return [{ file, line: MAX_FILE_LINES, message }];
}

type Tell = (node: ts.Node, message: string) => void;

function checkNode(node: ts.Node, file: string, tell: Tell, source: ts.SourceFile): void {
  checkErasable(node, tell);
  checkTimers(node, file, tell);
  if (node.kind === ts.SyntaxKind.AnyKeyword) tell(node, '`any` switches the checks off; say what it is, or `unknown`');
  if (isDefaultExport(node) && DEFAULT_EXPORT_FILES[file] === undefined)
    tell(node, 'exports have names, so that a thing is called the same everywhere');
  if (isFunction(node) && node.body !== undefined) {
    const from = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const length = source.getLineAndCharacterOfPosition(node.end).line - from + 1;
    if (length > MAX_FUNCTION_LINES)
      tell(node, `a function of ${length} lines; at most ${MAX_FUNCTION_LINES}, so that it is read at once`);
  }
  if (
    file.endsWith('.test.ts') &&
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    ['test', 't', 'it', 'describe', 'suite'].includes(node.expression.text) &&
    ['only', 'todo'].includes(node.name.text)
  )
    tell(node, `${node.getText(source)} hides the other tests or promises one: run all, and finish each`);
}

function checkErasable(node: ts.Node, tell: Tell): void {
  if (ts.isEnumDeclaration(node)) tell(node, 'an enum is code that types can’t erase; use a union of strings');
  if (
    ts.isModuleDeclaration(node) &&
    node.name.kind === ts.SyntaxKind.Identifier &&
    !node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)
  )
    tell(node, 'a namespace can’t be erased; use a file');
  if (ts.isParameter(node) && (ts.getModifiers(node) ?? []).length > 0)
    tell(node, 'a parameter property can’t be erased; declare the field');
}

function checkTimers(node: ts.Node, file: string, tell: Tell): void {
  if (!ts.isCallExpression(node)) return;
  const called = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression;
  if (!ts.isIdentifier(called) || !/^set(Timeout|Interval)$/.test(called.text)) return;
  if (file.startsWith('src/') && TIMER_FILES[file] === undefined)
    tell(node, 'waits go through src/deadline.ts: there each has a deadline and says what it waited for');
  if (file.startsWith('test/'))
    tell(node, 'a test waits for a condition with a deadline (src/deadline.ts), never for time to pass');
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isArrowFunction(node) ||
    ts.isFunctionExpression(node) ||
    ts.isConstructorDeclaration(node)
  );
}

/** Every import and re-export, also those by `import()`. */
export function importsOf(source: ts.SourceFile, file: string): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier !== undefined &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      found.push({ target: resolve(node.moduleSpecifier.text, file), typeOnly: isTypeOnly(node), line });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [path] = node.arguments;
      if (path !== undefined && ts.isStringLiteral(path))
        found.push({ target: resolve(path.text, file), typeOnly: false, line });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  return (
    clause.name === undefined &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0 &&
    bindings.elements.every(({ isTypeOnly: only }) => only)
  );
}

/** `#src/error.ts` and `./x.ts` as paths in the clone; packages stay as they are. */
function resolve(specifier: string, file: string): string {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (!specifier.startsWith('.')) return specifier;
  const parts = file.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function checkImport(file: string, { target, typeOnly, line }: Import): Offence[] {
  const isOurs = /^(src|site|test|bench|launch)\//.test(target);
  const offence = (message: string): Offence[] => [{ file, line, message }];
  if (/^(node:)?child_process$/.test(target) && PROCESS_FILES[file] === undefined)
    return offence('child processes start in src/process.ts only: there each has a marker and ends with its tree');
  if (/^(node:)?timers(\/promises)?$/.test(target))
    return offence('waits go through src/deadline.ts: there each has a deadline and says what it waited for');
  const rule = IMPORTS.filter(({ folder }) => file === folder || file.startsWith(`${folder}/`)).toSorted(
    (a, b) => b.folder.length - a.folder.length,
  )[0];
  if (!isOurs || rule === undefined) return [];
  const inside = (folders: readonly string[]): boolean =>
    folders.some((folder) =>
      folder === LEAVES ? /^src\/[^/]+\.ts$/.test(target) : target === folder || target.startsWith(`${folder}/`),
    );
  if (inside(rule.may) || (typeOnly && inside(rule.types ?? []))) return [];
  const may = [...rule.may, ...(rule.types ?? []).map((folder) => `types of ${folder}`)].join(', ');
  return offence(
    `${rule.folder} may not import ${target}: it may use ${may}, so that each part can be understood and tested without the ones above it`,
  );
}

/** Cycles between files; each as the list of its files. Imports of types alone don't count, they are erased. */
export function findCycles(files: ReadonlyMap<string, string>): string[][] {
  const graph = new Map<string, string[]>();
  for (const [file, text] of files) {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    graph.set(
      file,
      importsOf(source, file)
        .filter(({ typeOnly, target }) => !typeOnly && files.has(target))
        .map(({ target }) => target),
    );
  }
  const cycles: string[][] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) return void cycles.push([...path.slice(at), file]);
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return cycles;
}
