import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import { ownRoot } from '#src/paths.ts';
import { capture, isAlive, type Captured } from '#src/process.ts';
import { runFile, type FileResult } from '#test/run/file.ts';
import { fileLines, summaryLines } from '#test/run/words.ts';

const root = ownRoot(import.meta.dirname);

function run(name: string, deadlineMs = 60_000, signal?: AbortSignal): Promise<FileResult> {
  return runFile(root, `test/input/run/${name}.ts`, signal === undefined ? { deadlineMs } : { deadlineMs, signal });
}

test('tests that hold others are not counted; a failure says file, line and why; a skip says why', async () => {
  const result = await run('mixed');
  assert.deepEqual(
    result.passed.map(({ name }) => name),
    ['passes', 'inner passes'],
  );
  assert.deepEqual(result.skipped, [{ name: 'is left out', why: 'no engine here' }]);
  const printed = fileLines(result).join('\n');
  assert.match(printed, /FAILED test\/input\/run\/mixed\.ts:7: inner fails\n {2}AssertionError/);
  assert.match(printed, /1 !== 2/);
  assert.match(printed, /\(2 of 3, 1 skipped, /);
  const summary = summaryLines([result], 1000);
  assert.equal(summary.at(-1), '2 passed, 1 failed, 1 skipped');
  assert.ok(summary.includes('  test/input/run/mixed.ts: is left out (no engine here)'));
});

test('a file that hangs is ended with all that it started, and its test is named', async () => {
  const { passed, failed, left } = await run('hangs', 10_000);
  assert.deepEqual([passed.length, failed.length, left], [1, 1, 1]);
  const { error = '' } = failed[0] ?? {};
  assert.match(error, /not within 10 s; it was in never ends/);
  const stray = Number(/stray (\d+)/.exec(error)?.[1]);
  assert.ok(stray > 0, error);
  await until('end of the stray', async () => !(await isAlive(stray)), { deadlineMs: 10_000 });
});

test('a run that is stopped says so', async () => {
  const stopper = new AbortController();
  const running = run('hangs', 60_000, stopper.signal);
  stopper.abort(new Error('stopped by hand'));
  assert.match((await running).failed[0]?.error ?? '', /^stopped by hand/);
});

test('what a file leaves running is ended and told', async () => {
  const result = await run('leaves');
  assert.equal(result.left, 1);
  assert.match(fileLines(result).join('\n'), /ended 1 that it left running/);
});

test('a file that breaks before its first test, or holds none, has failed', async () => {
  assert.match((await run('broken')).failed[0]?.error ?? '', /broken before its first test/);
  assert.match((await run('empty')).failed[0]?.error ?? '', /^holds no test/);
});

/** `npm test -- <words>`, without what prepares it. */
function npmTest(...words: string[]): Promise<Captured> {
  return capture([process.execPath, join(root, 'test', 'run.ts'), ...words], { cwd: root });
}

test('the last line counts, and the exit code says whether all is well', async () => {
  const good = await npmTest('leaves/statements');
  assert.match(good.stdout, /\n\d+ passed, 0 failed\n$/);
  assert.equal(good.code, 0);
  const none = await npmTest('--quick', 'test/cli/');
  assert.match(none.stdout, /^0 test files, and \d+ with engines, .* left out by --quick\n/);
  assert.match(none.stdout, /\n0 passed, 0 failed\n$/);
  assert.equal(none.code, 1, 'a run without a test proves nothing');
});
