import { availableParallelism } from 'node:os';
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';

import { ownRoot } from '#src/paths.ts';
import { ensureBrowser } from '#test/browser.ts';

/**
 * What `npm test` runs: every test file in a process of its own. Light files run side by side; those with engines or a
 * browser one after the other, so that they don't slow each other past a deadline. Prints each file as it ends, failures
 * in full, what took long, and last `N passed, N failed`.
 *
 * --quick leaves out engines and browser; --gate adds the long ones (test/gate); other words choose files by name.
 */
const root = ownRoot(import.meta.dirname);
const args = process.argv.slice(2);
const quick = args.includes('--quick');
const gate = args.includes('--gate');
const words = args.filter((arg) => !arg.startsWith('--'));
/** Longer than any file should take; a file that hangs is killed and counts as failed. */
const FILE_TIMEOUT_MS = 10 * 60_000;

const HEAVY = /^test\/(engines|server|e2e|cli|commands|launch|gate)\//;
const BROWSER = /^test\/e2e\//;

interface Failure {
  readonly file: string;
  readonly name: string;
  readonly error: string;
}

const failures: Failure[] = [];
const skipped: string[] = [];
const slow: { name: string; ms: number }[] = [];
let passed = 0;

function chosen(): string[] {
  const all = globSync('test/**/*.test.ts', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
  return all
    .filter((file) => gate || !file.startsWith('test/gate/'))
    .filter((file) => !quick || !HEAVY.test(file))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
}

interface TestEvent {
  readonly name: string;
  readonly file?: string;
  readonly nesting: number;
  readonly skip?: string | boolean;
  readonly details: { readonly duration_ms: number; readonly type?: string; readonly error?: unknown };
}

async function runFiles(files: readonly string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  const perFile = new Map<string, { passed: number; failed: number; ms: number }>();
  const stream = run({
    files: files.map((file) => join(root, file)),
    concurrency,
    timeout: FILE_TIMEOUT_MS,
    cwd: root,
  });
  const count = (event: TestEvent, ok: boolean): void => {
    const file = relative(root, event.file ?? event.name);
    const totals = perFile.get(file) ?? { passed: 0, failed: 0, ms: 0 };
    perFile.set(file, totals);
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined && event.skip !== false)
      return void skipped.push(
        `${file}: ${event.name}${typeof event.skip === 'string' && event.skip !== '' ? ` (${event.skip})` : ''}`,
      );
    totals.ms += event.details.duration_ms;
    if (ok) {
      passed++;
      totals.passed++;
      slow.push({ name: `${file}: ${event.name}`, ms: event.details.duration_ms });
    } else {
      totals.failed++;
      const failure = { file, name: event.name, error: explain(event.details.error) };
      failures.push(failure);
      print(failure);
    }
  };
  stream.on('test:pass', (event) => count(event, true));
  stream.on('test:fail', (event) => count(event, false));
  stream.on('test:stderr', ({ message }) => process.stderr.write(message));
  stream.on('test:summary', ({ file, counts, duration_ms: ms }) => {
    if (file === undefined) return;
    const name = relative(root, file);
    console.log(
      `${counts.passed + counts.skipped >= counts.tests ? 'ok    ' : 'FAILED'} ${name} (${counts.passed} of ${counts.tests}, ${(ms / 1000).toFixed(1)} s)`,
    );
  });
  for await (const event of stream) void event;
}

function explain(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const inner = cause ?? error;
  return inner instanceof Error
    ? (inner.stack ?? inner.message)
    : typeof inner === 'string'
      ? inner
      : JSON.stringify(inner);
}

function print({ file, name, error }: Failure): void {
  console.log(
    `\nFAILED ${file}: ${name}\n${error
      .split('\n')
      .map((line) => `  ${line}`)
      .join('\n')}\n`,
  );
}

function summary(beganMs: number): void {
  const slowest = slow.toSorted((a, b) => b.ms - a.ms).slice(0, 8);
  console.log(
    `\nTook longest:\n${slowest.map(({ name, ms }) => `  ${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`).join('\n')}`,
  );
  if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((line) => `  ${line}`).join('\n')}`);
  if (failures.length > 0)
    console.log(`\nFailed:\n${failures.map(({ file, name }) => `  ${file}: ${name}`).join('\n')}`);
  console.log(`\nIn all ${((Date.now() - beganMs) / 1000).toFixed(0)} s.`);
  console.log(
    `${passed} passed, ${failures.length} failed${skipped.length === 0 ? '' : `, ${skipped.length} skipped`}`,
  );
}

const beganMs = Date.now();
const files = chosen();
const light = files.filter((file) => !HEAVY.test(file));
const heavy = files.filter((file) => HEAVY.test(file));
console.log(`${files.length} test files: ${light.length} light, ${heavy.length} with engines, servers or a browser`);
if (files.some((file) => BROWSER.test(file) || file.startsWith('test/server/')))
  console.log(`Browser: ${await ensureBrowser(console.log)}`);
await runFiles(light, Math.max(2, availableParallelism()));
await runFiles(heavy, 1);
summary(beganMs);
if (failures.length > 0 || passed === 0) process.exitCode = 1;
// What a failing test left open must not keep the run from ending.
process.exit();
