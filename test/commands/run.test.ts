import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { createContext, type Context } from '#src/commands/context.ts';
import { runBlock } from '#src/commands/run.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { DEFAULT_LIMITS, type Limits } from '#src/runner/run.ts';

/** The command behind the page and `./dej run`, on real engines. */
let state: string;
let context: Context;

before(async () => {
  state = await mkdtemp(join(tmpdir(), 'dej-run-'));
  context = createContext(
    pathsOf(ownRoot(import.meta.dirname), { ...process.env, DEJ_STATE: state, DEJ_JOURNAL: join(state, 'journal') }),
  );
});

after(async () => {
  const supervisor = await context.supervisor();
  await supervisor.shutdown({ force: true });
  await rm(state, { recursive: true, force: true });
});

interface Ran {
  readonly events: readonly RunEvent[];
  readonly exit: Extract<RunEvent, { type: 'exit' }>;
}

/** Runs code in the place of a block, which says on which engine. */
async function run(
  block: string,
  code?: string,
  more: { limits?: Partial<Limits>; signal?: AbortSignal; onEvent?: (event: RunEvent) => void } = {},
): Promise<Ran> {
  const events: RunEvent[] = [];
  const options = {
    reference: `03-idempotency#${block}`,
    code,
    signal: more.signal,
    limits: { ...DEFAULT_LIMITS, ...more.limits },
  };
  for await (const event of runBlock(options, context)) {
    events.push(event);
    more.onEvent?.(event);
  }
  const exit = events.at(-1);
  assert.ok(exit?.type === 'exit', 'the last event is the end');
  return { events, exit };
}

const ENDLESS = {
  'double-load':
    'SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000) c WHERE a.range + b.range + c.range = 7;',
  upsert: 'SELECT pg_sleep(1000);',
  together: 'while True: pass',
};

for (const [block, code] of Object.entries(ENDLESS)) {
  test(`a block that never ends is ended at its time limit, and the next one runs: ${block}`, async () => {
    const { exit } = await run(block, code, { limits: { timeMs: 400 } });
    assert.equal(exit.state, 'timeout');
    assert.equal((await run(block)).exit.matchesRecording, true);
  });

  test(`a block is stopped: ${block}`, async () => {
    const stop = new AbortController();
    const running = run(block, code, { signal: stop.signal });
    // The block has begun when its engine is up; stopping before that would be another test.
    await run(block);
    stop.abort();
    assert.equal((await running).exit.state, 'stopped');
  });
}

test('a run that is stopped before it began does nothing', async () => {
  const { exit, events } = await run('upsert', undefined, { signal: AbortSignal.abort() });
  assert.equal(exit.state, 'stopped');
  assert.equal(events.filter((event) => event.type === 'table').length, 0);
});

test('output beyond the limit is cut and said, and the block still ends well', async () => {
  const { events, exit } = await run('together', "for i in range(200000): print('x' * 50)", {
    limits: { outputBytes: 10_000 },
  });
  const text = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
  assert.equal(text.length, 10_000);
  assert.deepEqual(
    events.filter((event) => event.type === 'cut'),
    [{ type: 'cut', limitBytes: 10_000 }],
  );
  assert.equal(exit.state, 'ok');
});

test('rows beyond the limit are counted', async () => {
  for (const [block, code] of [
    ['double-load', 'SELECT * FROM range(5000)'],
    ['upsert', 'SELECT * FROM generate_series(1, 5000)'],
  ] as const) {
    const { events } = await run(block, code);
    const table = events.find((event) => event.type === 'table');
    assert.deepEqual([table?.rows.length, table?.total], [1000, 5000], block);
  }
});

test('the earlier blocks of a session run first and silently, in the edited code’s place too', async () => {
  const { events, exit } = await run('sum-again');
  assert.equal(events.filter((event) => event.type === 'table').length, 1);
  assert.equal(exit.matchesRecording, true);
  const edited = await run('sum-again', 'SELECT count(*) AS days FROM daily');
  assert.deepEqual(edited.events.find((event) => event.type === 'table')?.rows, [['1']]);
});

test('edited code is never compared, the same code is', async () => {
  assert.equal((await run('upsert', 'SELECT 1')).exit.matchesRecording, undefined);
  assert.equal((await run('upsert')).exit.matchesRecording, true);
});

test('a place is clean: nothing of an earlier block is there', async () => {
  for (const [block, make, look] of [
    ['double-load', 'CREATE TABLE left_over (i INT)', 'SELECT * FROM left_over'],
    ['upsert', 'CREATE TABLE left_over (i int)', 'SELECT * FROM left_over'],
    [
      'together',
      'import os; left_over = 1; open("left", "w").close()',
      'import os; print(os.path.exists("left")); left_over',
    ],
  ] as const) {
    assert.equal((await run(block, make)).exit.state, 'ok', block);
    const { events, exit } = await run(block, look);
    assert.equal(exit.state, 'error', block);
    assert.ok(!events.some((event) => event.type === 'text' && event.text.includes('True')));
  }
});

test('a Python process that kills itself is the block’s error, and the engine lives on', async () => {
  const { events, exit } = await run('together', 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)');
  assert.equal(exit.state, 'error');
  assert.match(JSON.stringify(events), /SIGKILL/);
  assert.equal((await run('together')).exit.matchesRecording, true);
});
