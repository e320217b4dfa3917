import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { createContext, type Context } from '#src/commands/context.ts';
import { findFamily } from '#src/engines/python-family.ts';
import type { EngineName } from '#src/engines/engine.ts';
import type { CaseFinding, ExerciseBench } from '#src/grading/exercise-case.ts';
import { playCase, type CaseOutcome } from '#src/exercise/play.ts';
import { killsOf } from '#src/grading/exercise-kills.ts';
import { compareRows, finding } from '#src/grading/api.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';

type PlayFunction = (bench: ExerciseBench) => Promise<CaseFinding | undefined>;

const RIGHT = undefined;
const wrong = (found: string): CaseFinding => ({
  ...finding({ anomaly: 'lost', expected: 'all', found, count: 1 }),
  did: 'looked',
  likely: 'it is so',
});
const adds = `import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
    db.execute("INSERT INTO t VALUES (1)")
    print("added")
`;

/** The places of an exercise, on engines of the test's own. */
let state: string;
let context: Context;
let scratch: string;
let interpreter: string;

before(async () => {
  state = await mkdtemp(join(tmpdir(), 'dej-play-'));
  context = createContext(pathsOf(ownRoot(import.meta.dirname), { ...process.env, DEJ_STATE: state }));
  scratch = join(context.paths.scratch, 'exercise');
  await (await context.supervisor()).install('python');
  const family = await findFamily(context.paths);
  assert.ok(family.state === 'ready');
  interpreter = family.interpreter;
});

after(async () => {
  await (await context.supervisor()).shutdown({ force: true });
  await rm(state, { recursive: true, force: true });
});

async function play(engine: EngineName, code: string, one: PlayFunction, data?: string): Promise<CaseOutcome> {
  return playCase(
    { id: 'it', title: 'It', play: one },
    {
      engine,
      with: engine === 'python' ? ['postgres'] : [],
      data,
      own: false,
      code,
      file: 'mine.py',
      interpreter,
      supervisor: await context.supervisor(),
      paths: context.paths,
      scratch,
    },
  );
}

for (const engine of ['duckdb', 'postgres'] as const) {
  test(`SQL on ${engine}: results by name, state that stays, a clean place for each set of data`, async () => {
    const outcome = await play(
      engine,
      'INSERT INTO t SELECT max(n) + 1 FROM t; SELECT n FROM t ORDER BY n',
      async (bench) => {
        for (const first of [1, 10]) {
          const place = await bench.place({ sql: `CREATE TABLE t (n int); INSERT INTO t VALUES (${first})` });
          await place.run();
          const { results } = await place.run();
          const truth = [first, first + 1, first + 2].map((n) => ({ n }));
          const noun = { one: 'row', many: 'rows' };
          for (const found of [results[0]?.rows ?? [], await place.query('SELECT n FROM t')])
            assert.deepEqual(compareRows({ noun, truth, found, key: ['n'] }), []);
        }
        return RIGHT;
      },
    );
    assert.deepEqual(outcome, { state: 'passed' });
  });

  test(`SQL on ${engine}: an error is the learner's, with its line; data is there`, async () => {
    const error = await play(engine, 'SELECT 1;\nSELECT nothing FROM nowhere', async (bench) => {
      await (await bench.place()).run();
      return RIGHT;
    });
    assert.ok(error.state === 'failed' && error.finding.anomaly === 'crashed');
    assert.match(error.finding.found, /nowhere/);
    const from = engine === 'duckdb' ? "'orders.parquet'" : 'orders';
    const count = await play(
      engine,
      `SELECT count(*) AS n FROM ${from}`,
      async (bench) => wrong(String((await (await bench.place()).run()).results[0]?.rows[0]?.['n'])),
      'shop',
    );
    assert.ok(count.state === 'failed' && count.finding.found === '1000');
  });
}

test('Python: files in and out; an error names its line in the learner’s file', async () => {
  const code = 'text = open("in.txt").read()\nopen("out.txt", "w").write(text * 2)\nprint(1 // len(text))';
  const outcome = await play('python', code, async (bench) => {
    const place = await bench.place({ files: { 'in.txt': 'ab' } });
    await place.run();
    assert.equal(await place.read('out.txt'), 'abab');
    assert.equal(await place.read('../mine.py'), undefined);
    await place.write('in.txt', '');
    await place.run();
    return RIGHT;
  });
  assert.ok(outcome.state === 'failed' && outcome.finding.anomaly === 'crashed');
  assert.equal(outcome.line, 3);
  assert.match(outcome.lastLines.join('\n'), /File "mine\.py", line 3[\s\S]*ZeroDivisionError/);
  assert.equal(existsSync(scratch), false, 'nothing of the case is left');
});

test('Python under faults: each kill of each commit is there, and the program is started again', async () => {
  const counts: number[] = [];
  const outcome = await play('python', adds, async (bench) => {
    const sql = 'CREATE TABLE t (n int)';
    const calm = await (await bench.place({ sql })).run();
    const kills = killsOf(calm);
    assert.deepEqual(
      kills.map(({ nth, point }) => `${nth} ${point}`),
      ['1 after-durable', '1 before'],
    );
    for (const fault of kills) {
      const place = await bench.place({ sql });
      await place.run({ faults: [fault] });
      counts.push((await place.query('SELECT 1 FROM t')).length);
    }
    return RIGHT;
  });
  assert.deepEqual(outcome, { state: 'passed' });
  assert.deepEqual(counts, [2, 1], 'durable and repeated; not received and done again');
});

test('two at once: the second comes before the first is durable, ends where it can and waits where it must', async () => {
  const first = adds.replace(
    'db.execute("INS',
    'print(db.execute("SELECT count(*) FROM t").fetchone()[0])\n    db.execute("INS',
  );
  const seen = async (code: string, sql: string) => {
    const found: string[][] = [];
    const outcome = await play('python', code, async (bench) => {
      const place = await bench.place({ sql });
      for (const { lines } of await place.runTwo({ mayFail: true })) found.push(lines.slice(0, 2));
      return wrong(String((await place.query('SELECT 1 FROM t')).length));
    });
    assert.ok(outcome.state === 'failed');
    return { rows: outcome.finding.found, found };
  };
  assert.deepEqual(await seen(first, 'CREATE TABLE t (n int)'), {
    rows: '2',
    found: [
      ['0', 'added'],
      ['0', 'added'],
    ],
  });
  const within = first.replace('autocommit=True', 'autocommit=False');
  const keyed = await seen(within, 'CREATE TABLE t (n int PRIMARY KEY)');
  assert.equal(keyed.rows, '1');
  assert.deepEqual(keyed.found[0], ['0', 'added']);
  assert.equal(keyed.found[1]?.[0], '0');
  assert.match(keyed.found[1]?.[1] ?? '', /Traceback/);
});
