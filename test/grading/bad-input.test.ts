import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import type { Stage } from '#src/grading/api.ts';
import type { Graded } from '#src/grading/grade.ts';
import { marked } from '#src/process.ts';
import { grader, loadOrders, type Grader } from '#test/grading/bench.ts';

/** Undisturbed runs are enough: what is asked is what becomes of a program that is not what was meant. */
const calm: Stage = async (input) => ({ ...(await loadOrders(input)), attack: [] });

interface Case {
  readonly what: string;
  readonly program: string;
  readonly state: string;
  readonly anomaly?: string;
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: 'a syntax error',
    program: 'syntax_error.py',
    state: 'failed',
    anomaly: 'crashed',
    says: /It said[\s\S]*SyntaxError[\s\S]*Log +journal/,
  },
  {
    what: 'a file that is not there',
    program: 'not_there.py',
    state: 'failed',
    anomaly: 'crashed',
    says: /can't open file/,
  },
  { what: '100 MB of output', program: 'prints_100_mb.py', state: 'passed', says: /^✓/ },
  { what: 'children that stay', program: 'leaves_children.py', state: 'passed', says: /^✓/ },
  {
    what: 'a program that never ends and is deaf to SIGTERM',
    program: 'deaf_and_endless.py',
    state: 'unknown',
    says: /had not ended after[\s\S]*its log says how far it came/,
  },
  {
    what: 'bytes that are no text',
    program: 'prints_garbage.py',
    state: 'failed',
    anomaly: 'crashed',
    says: /\| red .. words·over/,
  },
  {
    what: 'another table',
    program: 'other_table.py',
    state: 'failed',
    anomaly: 'lost',
    says: /Likely +Your program wrote to ordres; what is looked at is orders, progress/,
  },
  {
    what: 'other columns',
    program: 'other_columns.py',
    state: 'failed',
    anomaly: 'lost',
    says: /could not answer what was asked of your tables: column "id" does not exist/,
  },
  {
    what: 'a closed port',
    program: 'closed_port.py',
    state: 'failed',
    anomaly: 'crashed',
    says: /Connection refused|connection failed/,
  },
  {
    what: 'an error that nobody hears of',
    program: 'swallows_the_error.py',
    state: 'failed',
    anomaly: 'lost',
    says: /ended as if all were well, and PostgreSQL saw no commit from it/,
  },
];

test('whatever it is given, the grader says clearly what it is', { timeout: 400_000 }, async (t) => {
  const own = await grader(t);
  const marker = `bad-${process.pid}`;
  for (const { what, program, state, anomaly, says } of CASES) {
    await t.test(what, async () => {
      const options = { run: ['python', program], stageFunction: calm, marker } as const;
      const graded = await own.grade(program, { ...options, level: 'quick', size: 40, calmLimitMs: limitOf(state) });
      assert.deepEqual([graded.verdict.state, graded.verdict.findings[0]?.anomaly], [state, anomaly], graded.text);
      assert.match(graded.text, says);
      readable(graded);
      assert.deepEqual(await marked(marker), [], 'nothing is left');
    });
  }
  await outside(t, own);
});

/** What never ends is not waited for long; what ends has all the time that a busy machine needs. */
function limitOf(state: string): number {
  return state === 'unknown' ? 3000 : 60_000;
}

function readable({ text }: Graded): void {
  assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  assert.doesNotMatch(text, /\n +at .*\.ts:\d|file:\/\//, 'no stack of ours');
  assert.ok(text.length < 20_000, `${text.length} characters`);
}

/** What keeps a program from being run at all, or its verdict from being kept. */
async function outside(t: TestContext, { grade, folder }: Grader): Promise<void> {
  await t.test('no such program, and one that may not be run', async () => {
    const options = { level: 'quick', stageFunction: calm } as const;
    await assert.rejects(grade('x', { ...options, run: ['no-such-program'] }), {
      name: 'LearnerError',
      message: 'your program can\'t be started: "no-such-program", there is no such program',
    });
    await assert.rejects(grade('x', { ...options, run: ['./loads.py'] }), /it may not be executed/);
  });

  await t.test('a journal that can’t be written is told before anything is run', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const told: string[] = [];
    const tell = ({ words }: { readonly words: string }): void => void told.push(words);
    const graded = grade('upsert', { level: 'quick', runs: join(file, 'runs'), tell });
    await assert.rejects(graded, { name: 'WorldError', message: /the run can't be written to/ });
    assert.deepEqual(told, []);
  });

  await t.test('one that can’t be written any more does not take the verdict with it', async () => {
    const runs = await mkdtemp(join(tmpdir(), 'dej-unkept-'));
    const tell = (): Promise<void> => rm(runs, { recursive: true, force: true }).then(() => writeFile(runs, ''));
    let once: Promise<void> | undefined;
    const { verdict, text } = await grade('upsert', {
      level: 'quick',
      stageFunction: calm,
      runs,
      tell: () => void (once ??= tell()),
    });
    await rm(runs, { recursive: true, force: true });
    assert.equal(verdict.state, 'passed');
    assert.match(text, /the run can't be written to .*Make the folder writable/);
  });
}
