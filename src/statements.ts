/** One SQL statement and where it begins. */
export interface Statement {
  readonly text: string;
  /** The line of its first character in the whole text, from 1. */
  readonly line: number;
}

/**
 * Splits PostgreSQL's SQL at the semicolons that end a statement: not those in strings, quoted names, dollar quotes,
 * comments, or the body of a `BEGIN ATOMIC` function. Rules: PostgreSQL 18 documentation, "Lexical Structure".
 */
export function statements(sql: string): Statement[] {
  const found: Statement[] = [];
  let from = 0;
  let at = 0;
  let atomicDepth = 0;
  const push = (to: number): void => {
    const raw = sql.slice(from, to);
    const lead = leadLength(raw);
    const text = raw.slice(lead).trimEnd();
    if (text !== '') found.push({ text, line: lineAt(sql, from + lead) });
  };
  while (at < sql.length) {
    const past = skip(sql, at);
    if (past > at) {
      at = past;
      continue;
    }
    const word = /^[A-Za-z_][A-Za-z0-9_$]*/.exec(sql.slice(at, at + 64))?.[0];
    if (word !== undefined) {
      const upper = word.toUpperCase();
      if (upper === 'ATOMIC' && /\bBEGIN\s+$/i.test(sql.slice(Math.max(0, at - 32), at))) atomicDepth = 1;
      else if (atomicDepth > 0 && upper === 'CASE') atomicDepth++;
      else if (atomicDepth > 0 && upper === 'END') atomicDepth--;
      at += word.length;
      continue;
    }
    if (sql[at] === ';' && atomicDepth === 0) {
      push(at);
      from = at + 1;
    }
    at++;
  }
  push(sql.length);
  return found;
}

/** The position after a string, quoted name, dollar quote or comment that begins here, else the same position. */
function skip(sql: string, at: number): number {
  const two = sql.slice(at, at + 2);
  const end = (index: number, length: number): number => (index < 0 ? sql.length : index + length);
  if (two === '--') return end(sql.indexOf('\n', at), 1);
  if (two === '/*') return skipComment(sql, at);
  const previous = sql[at - 1];
  const escapes = (previous === 'E' || previous === 'e') && !/[A-Za-z0-9_$]/.test(sql[at - 2] ?? ' ');
  if (sql[at] === "'") return skipQuoted(sql, at, "'", escapes);
  if (sql[at] === '"') return skipQuoted(sql, at, '"', false);
  const dollar = /^\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$/.exec(sql.slice(at, at + 64))?.[0];
  if (dollar !== undefined && !/[A-Za-z0-9_$]/.test(previous ?? ' '))
    return end(sql.indexOf(dollar, at + dollar.length), dollar.length);
  return at;
}

function skipQuoted(sql: string, at: number, quote: string, escapes: boolean): number {
  for (let i = at + 1; i < sql.length; i++) {
    if (escapes && sql[i] === '\\') i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  return sql.length;
}

/** Block comments nest in PostgreSQL. */
function skipComment(sql: string, at: number): number {
  let depth = 0;
  for (let i = at; i < sql.length - 1; i++) {
    const two = sql.slice(i, i + 2);
    if (two === '/*') {
      depth++;
      i++;
    } else if (two === '*/') {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return sql.length;
}

/** White space and comments before the statement proper, so that its line is the one a reader would point at. */
function leadLength(text: string): number {
  let at = 0;
  for (;;) {
    const space = /^\s+/.exec(text.slice(at))?.[0].length ?? 0;
    const two = text.slice(at + space, at + space + 2);
    const past = two === '--' || two === '/*' ? skip(text, at + space) : at + space;
    if (past === at) return at;
    at = past;
  }
}

/** The line, from 1, of a character's position. */
export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let i = 0; i < position && i < text.length; i++) if (text[i] === '\n') line++;
  return line;
}
