import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { createContext, type Context } from '#src/commands/context.ts';
import {
  checkExercise,
  findExercise,
  learnersCode,
  resetExercise,
  saveExercise,
  type ExerciseEvent,
} from '#src/commands/exercise.ts';
import { guideRecord } from '#src/commands/journal.ts';
import { fillHole } from '#src/content/hole.ts';
import { LearnerError } from '#src/error.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';

const root = ownRoot(import.meta.dirname);
const reference = '03-idempotency#payment-handler';

let state: string;
let context: Context;

before(async () => {
  state = await mkdtemp(join(tmpdir(), 'dej-exercise-'));
  const env = { ...process.env, DEJ_STATE: state, DEJ_JOURNAL: join(state, 'journal') };
  context = createContext(pathsOf(root, env));
});

after(async () => {
  await (await context.supervisor()).shutdown({ force: true });
  await rm(state, { recursive: true, force: true });
});

async function check(code: string): Promise<ExerciseEvent[]> {
  const events: ExerciseEvent[] = [];
  for await (const event of checkExercise({ reference, code }, context)) events.push(event);
  return events;
}

function verdictOf(events: readonly ExerciseEvent[]) {
  const last = events.at(-1);
  assert.ok(last?.type === 'verdict', 'the last event is the verdict');
  return last.verdict;
}

const outcome = async (): Promise<string | undefined> =>
  (await guideRecord('03', context)).exercises['payment-handler']?.outcome;

test('the block as it stands is rejected at its case, a mistake at its line, the solution passes; each is written down', async () => {
  const { block, spec } = await findExercise('3#payment-handler', context);
  const events = await check(block.code);
  const states = events.flatMap((event) => (event.type === 'case' ? [`${event.id} ${event.state}`] : []));
  assert.deepEqual(states, ['once passed', 'again failed']);
  const verdict = verdictOf(events);
  assert.ok(verdict.state === 'failed' && verdict.finding.anomaly === 'duplicate');
  assert.equal(verdict.finding.found, 'a balance of 220');
  assert.equal(await outcome(), 'failed');

  const broken = verdictOf(await check(block.code.replace('    # ▲', '    # ▲\n    nothing = = 1')));
  assert.ok(broken.state === 'failed' && broken.finding.anomaly === 'crashed');
  const line = block.code.split('\n').findIndex((text) => text.includes('▲')) + 2;
  assert.equal(broken.line, line);

  const solution = fillHole(block.code, await readFile(join(root, spec.path, 'solution.py'), 'utf8'));
  assert.equal(verdictOf(await check(solution)).state, 'passed');
  assert.equal(await outcome(), 'passed');
  const { progress } = await guideRecord('03', context);
  assert.ok(!progress.missing.some((text) => text.includes('payment-handler')), 'progress counts it');
});

test('a check that nobody listens to any more is stopped, and nothing is written down', async () => {
  const { block } = await findExercise(reference, context);
  const before = (await context.journal().read()).events.length;
  const endless = block.code.replace('url =', 'while True: pass\nurl =');
  for await (const event of checkExercise({ reference, code: endless }, context)) if (event.type === 'begun') break;
  assert.equal((await context.journal().read()).events.length, before);
});

test('the learner’s file is made once, merged with what another editor wrote, and kept when they begin anew', async () => {
  const found = await findExercise(reference, context);
  const path = join(state, 'journal', 'exercises', '03-idempotency', 'payment-handler.py');
  const starter = found.block.code;
  assert.deepEqual(await learnersCode(found, context), { code: starter, isNew: true });
  assert.equal(await readFile(path, 'utf8'), `${starter}\n`);
  await writeFile(path, `# outside\n${starter}\n`);
  assert.deepEqual(await learnersCode(found, context), { code: `# outside\n${starter}`, isNew: false });

  const mine = starter.replace('f"balance {balance}"', '"mine"');
  const merged = await saveExercise({ reference, text: mine, base: starter }, context);
  assert.deepEqual(merged, { kind: 'saved', text: `# outside\n${mine}` });
  const theirs = mine.replace('"mine"', '"theirs"');
  await writeFile(path, theirs);
  const other = await saveExercise({ reference, text: mine.replace('"mine"', '"other"'), base: mine }, context);
  assert.deepEqual(other, { kind: 'conflict', theirs });
  assert.equal(await readFile(path, 'utf8'), theirs, 'a conflict writes nothing');

  const { kept } = await resetExercise(reference, context);
  assert.equal(await readFile(path, 'utf8'), `${starter}\n`);
  assert.match(kept ?? '', /payment-handler\.1\.py$/);
  assert.equal(await readFile(path.replace('.py', '.1.py'), 'utf8'), theirs);
  assert.deepEqual(await resetExercise(reference, context), { kept: undefined }, 'the starter is not kept twice');
});

test('an exercise that is not there is named, with what is', async () => {
  await assert.rejects(
    findExercise('03#payment-handlr', context),
    (error) => error instanceof LearnerError && /Did you mean 03-idempotency#payment-handler/.test(error.remedy),
  );
});
