import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One record of a file of the delivery. */
export interface Record {
  /** The file's name, like 2026-03-01-branch-1.csv. */
  readonly file: string;
  /** The header is line 1. */
  readonly line: number;
  /** As it stands in the file, without the end of the line. */
  readonly raw: string;
  readonly cells: readonly string[];
  /** The cells under the header's names. */
  readonly fields: Readonly<{ [name: string]: string }>;
}

export function* records(folder: string): Generator<Record> {
  for (const file of fileNames(folder)) {
    const [first = '', ...lines] = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n');
    const header = cellsOf(first);
    for (const [index, raw] of lines.entries()) {
      const cells = cellsOf(raw);
      const fields = Object.fromEntries(header.map((name, at) => [name, cells[at] ?? '']));
      yield { file, line: index + 2, raw, cells, fields };
    }
  }
}

export function fileNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.csv'))
    .sort();
}

/** The cells of one record: quotes around a cell are taken off, doubled quotes inside become one. */
export function cellsOf(raw: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < raw.length; at++) {
    const letter = raw.charAt(at);
    if (isQuoted && letter === '"' && raw.charAt(at + 1) === '"') {
      cell += '"';
      at++;
    } else if (letter === '"') {
      isQuoted = !isQuoted;
    } else if (letter === ',' && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else {
      cell += letter;
    }
  }
  return [...cells, cell];
}
