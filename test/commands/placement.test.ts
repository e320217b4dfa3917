import assert from 'node:assert/strict';
import test from 'node:test';

import { createContext } from '#src/commands/context.ts';
import { guideRecord } from '#src/commands/journal.ts';
import { place, placement } from '#src/commands/placement.ts';
import { today } from '#src/commands/today.ts';
import { utcZone } from '#src/study/day.ts';
import { letterAt } from '#src/study/shuffle.ts';
import { folder } from '#test/journal/folder.ts';

const MONDAY = Date.parse('2026-01-05T09:00:00Z');

test('ten questions on seven topics, eight minutes; each topic has a primer with a block', async () => {
  await using own = await folder();
  const content = await createContext(own.paths).content();
  assert.deepEqual([content.placement.questions.length, content.placement.minutes], [10, 8]);
  assert.deepEqual(
    content.placement.topics.map(({ title }) => title),
    [
      'Transactions',
      'Processes and signals',
      'Terminal and environment',
      'Files',
      'HTTP',
      'Time and time zones',
      'Keys',
    ],
  );
  assert.ok(content.primers.every(({ blocks }) => blocks.some(({ recording }) => recording !== undefined)));
  const places = content.placement.questions.map(({ options }) => options.findIndex(({ right }) => right === true));
  assert.ok(new Set(places).size > 2, 'the right one does not always stand at the same place');
});

test('a miss names a primer, a pass marks parts as skippable, and the latest answers count', async () => {
  await using own = await folder();
  const context = createContext(own.paths, { clock: () => MONDAY, zone: utcZone });
  const { questions } = (await context.content()).placement;
  assert.equal((await placement(context)).taken, false);
  const rightOf = ({ id, options }: (typeof questions)[number]) => ({
    question: id,
    option: letterAt(options.findIndex(({ right }) => right === true)),
  });
  const first = await place(
    questions.map((question) => (question.topic === 'transactions' ? rightOf(question) : { question: question.id })),
    context,
  );
  assert.deepEqual(first.topics.map(({ id, state }) => [id, state]).slice(0, 2), [
    ['transactions', 'passed'],
    ['processes-and-signals', 'missed'],
  ]);
  assert.equal(first.topics[1]?.primer, '/primers/processes-and-signals/');
  assert.equal(first.answers['kill-nine']?.right, false);
  const record = await guideRecord('03-idempotency', context);
  assert.deepEqual(record.skippable, [{ anchor: 'python-the-effect-and-the-record-of-it', topic: 'Transactions' }]);
  assert.equal((await today(context)).placed, true);
  const again = await place([{ question: 'read-while-written', option: 'A' }], context);
  assert.equal(again.topics[0]?.state, 'missed', 'half a topic is not known');
  assert.deepEqual((await guideRecord('03-idempotency', context)).skippable, []);
  const known = await place(questions.map(rightOf), context);
  assert.ok(known.topics.every(({ state }) => state === 'passed'));
});

test('what is no question or no option is refused, and nothing of it is written', async () => {
  await using own = await folder();
  const context = createContext(own.paths, { clock: () => MONDAY, zone: utcZone });
  await assert.rejects(place([{ question: 'kill-ninee', option: 'A' }], context), /Did you mean|no question/);
  await assert.rejects(place([{ question: 'kill-nine', option: 'Z' }], context), /no option/);
  assert.equal((await placement(context)).taken, false);
});
