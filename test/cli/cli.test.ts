import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';

import { ENGINE_NAMES } from '#src/engines/engine.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { ownRoot } from '#src/paths.ts';
import { capture, forEachLine, start } from '#src/process.ts';
import { dej } from '#test/cli/dej.ts';
import { startApp } from '#test/e2e/app.ts';

const root = ownRoot(import.meta.dirname);
let state: string;
let env: NodeJS.ProcessEnv;

before(async () => {
  state = await mkdtemp(join(tmpdir(), 'dej-cli-'));
  env = { DEJ_STATE: state, DEJ_JOURNAL: join(state, 'journal') };
});

after(async () => {
  await dej(['engines', 'stop'], env);
  await rm(state, { recursive: true, force: true });
});

test('--version is that of the package', async () => {
  const { code, stdout } = await dej(['--version']);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.deepEqual([code, stdout], [0, `${version}\n`]);
});

test('wrong use exits with 3 and says what was meant', async () => {
  const cases: [string[], RegExp][] = [
    [['opne'], /there is no verb "opne"\nDid you mean \.\/dej open\?/],
    [['verify', 'contnt'], /there is no verb "contnt" of \.\/dej verify\nDid you mean \.\/dej verify content\?/],
    [['spaghetti'], /Verbs: open, run/],
    [['run'], /missing required argument 'block'/],
    [['run', '03-idempotency#dubble-load'], /has no block "dubble-load"\nDid you mean 03-idempotency#double-load\?/],
    [['run', '03-idempotency'], /names a guide, not a block/],
    [['run', '99#x'], /there is no written guide "99"/],
    [['run', '03#upsert', '--jsno'], /unknown option '--jsno'/],
    [['engines', 'stat'], /Did you mean start\?/],
    [['engines', 'start', 'postgre'], /Did you mean postgres\?/],
    [['engines', 'start'], /needs an engine/],
    [['open', '--host', '0.0.0.0', '--no-open'], /listens on this machine only/],
    [['open', '--port', 'x', '--no-open'], /--port expects a number/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await dej(args, env);
    assert.match(stderr, message, args.join(' '));
    assert.equal(code, 3, args.join(' '));
    assert.doesNotMatch(stderr, /^\s+at /m, 'no stack trace');
  }
});

test('a block runs by its guide’s id, number or name, and prints what the guide recorded', async () => {
  for (const reference of ['03-idempotency#upsert', '03#upsert', '3#upsert', 'idempotency#upsert']) {
    const { code, stdout, stderr } = await dej(['run', reference], env);
    assert.equal(stdout, 'order_id  amount\no-1           10\no-2           20\no-3           30\n');
    assert.match(stderr, /same as recorded/);
    assert.equal(code, 0);
  }
});

test('an error that the guide recorded passes, with its line', async () => {
  const { code, stdout, stderr } = await dej(['run', '03#key-refuses'], env);
  assert.match(stdout, /^ERROR: duplicate key/);
  assert.match(stderr, /line 4/);
  assert.equal(code, 0);
});

test('--json gives events, one a line, the last one the end', async () => {
  const { stdout } = await dej(['run', '03#double-load', '--json'], env);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent);
  const table = events.find((event) => event.type === 'table');
  assert.deepEqual(table?.rows, [['2000', '224385.94']]);
  const last = events.at(-1);
  assert.ok(last?.type === 'exit' && last.state === 'ok' && last.matchesRecording === true);
});

test('every block of every guide prints what is recorded', async () => {
  const { code, stdout } = await dej(['verify', 'content'], env);
  assert.equal(code, 0, stdout);
  assert.match(stdout, / 0 different, 0 unknown/);
});

test('recordings are never made in CI', async () => {
  const { code, stderr } = await dej(['verify', 'content', '--record'], { ...env, CI: 'true' });
  assert.equal(code, 3);
  assert.match(stderr, /recordings are not made in CI/);
});

test('engines are listed, and stop leaves none running', async () => {
  const listed = await dej(['engines', '--json'], env);
  const statuses = JSON.parse(listed.stdout) as { name: string; state: string }[];
  assert.deepEqual(
    statuses.map(({ name }) => name),
    [...ENGINE_NAMES],
  );
  const stopped = await dej(['engines', 'stop', '--json'], env);
  for (const { state: now } of JSON.parse(stopped.stdout) as { state: string }[]) assert.notEqual(now, 'running');
});

test('one engine is started, tells its log, is stopped, and says what can’t be cleared', async () => {
  const stateOf = ({ stdout }: { stdout: string }): string => /^duckdb +(\w+)/m.exec(stdout)?.[1] ?? stdout;
  assert.equal(stateOf(await dej(['engines', 'install', 'duckdb'], env)), 'installed');
  const started = await dej(['engines', 'start', 'duckdb'], env);
  assert.equal(stateOf(started), 'running');
  assert.match(started.stdout, /^duckdb .* MB on disk +\d+ MB in memory$/m);
  const silent = await dej(['engines', 'logs', 'duckdb'], env);
  assert.deepEqual([silent.code, silent.stdout], [0, '']);
  assert.match(silent.stderr, /^Nothing is logged of duckdb since it was last started\.$/m);
  const cleared = await dej(['engines', 'clear', 'duckdb'], env);
  assert.equal(cleared.code, 3);
  assert.match(cleared.stderr, /own packages\nThere is nothing of it to clear/);
  assert.equal(stateOf(await dej(['engines', 'stop', 'duckdb'], env)), 'installed');
});

test('lines of an engine’s earlier starts are named where there are none of this one', async () => {
  const path = join(state, 'logs', 'duckdb.log');
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, 'said before\n');
  await dej(['engines', 'stop'], env);
  const { stderr } = await dej(['engines', 'logs', 'duckdb'], env);
  assert.ok(stderr.includes(`; earlier lines: ${path}.`), stderr);
});

test('the doctor looks and tells', async () => {
  const { stdout } = await dej(['doctor', '--json'], env);
  const findings = JSON.parse(stdout) as { what: string; state: string }[];
  assert.equal(findings.find(({ what }) => what === 'Node')?.state, 'ok');
});

test('without Python the rest works, and the remedy is named', async () => {
  const bare = {
    ...env,
    DEJ_STATE: `${state}-bare`,
    DEJ_PYTHON: '/no/such/python',
    DEJ_CACHE: join(state, 'empty-cache'),
  };
  const { code, stderr } = await dej(['run', '03#together'], bare);
  assert.equal(code, 2);
  assert.match(stderr, /needed/);
  assert.match(stderr, /apt install|brew install|DEJ_PYTHON/);
  assert.equal((await dej(['run', '03#double-load'], bare)).code, 0);
  await dej(['engines', 'stop'], bare);
  await rm(`${state}-bare`, { recursive: true, force: true });
});

test('a second start says that one is running, and where', async () => {
  const app = await startApp(root, state);
  const second = await dej(['open', '--no-open'], env);
  assert.equal(second.code, 0);
  assert.match(second.stdout, new RegExp(`already running \\(process ${app.pid}\\) at ${app.origin}/`));
  const again = /http:\S+code=\S+/.exec(second.stdout)?.[0] ?? '';
  assert.equal((await fetch(again)).status, 200, 'its address lets a browser in');
  assert.equal(await app.stop(), 0);
});

test('a reader that goes away early does no harm', async () => {
  const child = await start(['sh', '-c', `${join(root, 'dej')} run 03#upsert | head -1`], {
    cwd: root,
    env: { ...process.env, ...env },
  });
  const lines: string[] = [];
  forEachLine(child.stdout, (line) => lines.push(line));
  await child.exited;
  assert.deepEqual(lines, ['order_id  amount']);
});

test('where nobody reads any more, nothing is complained of', async () => {
  for (const args of ['run 01#same-answer', 'engines', '--help']) {
    const { stdout, stderr } = await capture(
      ['sh', '-c', `{ ${join(root, 'dej')} ${args}; echo "ended" >&2; } | true`],
      {
        cwd: root,
        env: { ...process.env, ...env },
      },
    );
    assert.deepEqual([stdout, lastOf(stderr)], ['', 'ended'], args);
    assert.doesNotMatch(stderr, /EPIPE|Error/, args);
  }
});

function lastOf(text: string): string | undefined {
  return text.trim().split('\n').at(-1);
}
