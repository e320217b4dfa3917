import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { within } from '#src/deadline.ts';
import { forEachLine, killTrees, marked, start, type Child } from '#src/process.ts';
import type { Happened } from '#test/run/events.ts';

export interface Failure {
  readonly name: string;
  /** Where the test stands in its file; 0 for the file as a whole. */
  readonly line: number;
  readonly error: string;
}

/** What came of one test file. Tests around other tests are not counted, only those that hold no other. */
export interface FileResult {
  readonly file: string;
  readonly ms: number;
  readonly passed: readonly { name: string; ms: number }[];
  readonly failed: readonly Failure[];
  readonly skipped: readonly { name: string; why: string }[];
  /** How many processes were still there after its end; they are gone now. */
  readonly left: number;
}

export interface FileOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

const LAST_LINES = 40;
let count = 0;

/**
 * Runs a test file in a process of its own, and ends all that it started: at the deadline, at the signal, and what it left
 * behind at its end. `file` is its path below `root`.
 */
export async function runFile(root: string, file: string, { deadlineMs, signal }: FileOptions): Promise<FileResult> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-test-'));
  const written = join(folder, 'events');
  const marker = `test-${process.pid}-${++count}`;
  const began = performance.now();
  try {
    const reporter = [`--test-reporter=${join(root, 'test/run/events.ts')}`, `--test-reporter-destination=${written}`];
    // Set in the tests of this very file, it would turn the reporter off.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    // No test writes into the journal of whoever runs the tests.
    const own = { ...env, DEJ_JOURNAL: join(folder, 'journal') };
    const child = await start([process.execPath, ...reporter, file], { cwd: root, env: own, marker, group: true });
    const lines = lastLines(child);
    let overdue: unknown;
    const exit = await within(file, child.exited, { deadlineMs, signal }).catch((error: unknown) => {
      overdue = error;
    });
    const left = await endAll(child, marker);
    const text = await readFile(written, 'utf8').catch(() => '');
    const happened = text.split('\n').flatMap((line) => parse(line));
    const result = { file, ms: performance.now() - began, ...tally(happened), left };
    const whole = (error: string): FileResult => ({
      ...result,
      failed: [...result.failed, { name: 'the file as a whole', line: 0, error: [error, ...lines].join('\n') }],
    });
    if (exit === undefined) {
      const where = running(happened);
      const why = overdue instanceof Error ? overdue.message : String(overdue);
      return whole(`${why}; it was in ${where.length === 0 ? 'no test' : where.join(' > ')}`);
    }
    if (exit.code !== 0 && result.failed.length === 0) return whole(`ended with ${exit.code ?? exit.signal}`);
    if (result.passed.length + result.failed.length + result.skipped.length === 0) return whole('holds no test');
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function lastLines(child: Child): string[] {
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > LAST_LINES) lines.shift();
  };
  forEachLine(child.stdout, keep);
  forEachLine(child.stderr, keep);
  return lines;
}

async function endAll(child: Child, marker: string): Promise<number> {
  const left = await marked(marker);
  if (left.length > 0) await killTrees([child.pid], { marker });
  return left.filter((pid) => pid !== child.pid).length;
}

/** A line that was cut short by the end of its process is left out. */
function parse(line: string): Happened[] {
  try {
    return [JSON.parse(line) as Happened];
  } catch {
    return [];
  }
}

/** Sorts what happened; a test reports after those inside it. */
export function tally(happened: readonly Happened[]): Pick<FileResult, 'passed' | 'failed' | 'skipped'> {
  const passed: { name: string; ms: number }[] = [];
  const failed: Failure[] = [];
  const skipped: { name: string; why: string }[] = [];
  let deepest = 0;
  for (const { type, name, nesting, line, ms, skip, inner, error } of happened) {
    if (type === 'begin') continue;
    const holdsOthers = deepest > nesting;
    deepest = nesting;
    if (skip !== undefined) skipped.push({ name, why: skip });
    else if (type === 'fail' && !(holdsOthers && inner === true)) failed.push({ name, line, error: error ?? '' });
    else if (type === 'pass' && !holdsOthers) passed.push({ name, ms });
  }
  return { passed, failed, skipped };
}

/** The names of the tests that had begun and not ended, from the outermost. */
function running(happened: readonly Happened[]): string[] {
  const open: string[] = [];
  for (const { type, name, nesting } of happened)
    open.splice(nesting, open.length, ...(type === 'begin' ? [name] : []));
  return open;
}
