import assert from 'node:assert/strict';
import test from 'node:test';

import { loadContent } from '#src/content/content.ts';
import { questionHash } from '#src/content/hash.ts';
import type { Graded } from '#src/journal/event.ts';
import { ownRoot } from '#src/paths.ts';
import { milestonesOf, type Papers } from '#src/study/milestones.ts';
import { fold } from '#src/study/record.ts';
import { events, type Told } from '#test/study/events.ts';

const content = await loadContent(ownRoot(import.meta.dirname));
const DAY = '2026-01-05';
const none: Papers = new Map();
/** Level quick leaves points untried; one that tries all counts as level full does. */
const pointsAt = (level: string) => ({ survived: 9, tried: 9, possible: level === 'quick' ? 40 : 9 });
const graded = (lab: string, stage: number, level = 'quick'): Told => [
  DAY,
  { kind: 'graded', lab, stage, level, state: 'passed', ...pointsAt(level) } satisfies Graded,
];
const milestone = (week: number, told: readonly Told[], papers = none) =>
  milestonesOf(content, fold(events(...told)), papers).find((one) => one.week === week);

test('each milestone says what is missing, and a tick by hand is no evidence', () => {
  const ticked: Told = [DAY, { kind: 'ticked', item: 'concepts/03-idempotency', done: true }];
  const first = milestone(1, [ticked]);
  assert.equal(first?.reached, false);
  assert.match(first?.missing.join('\n') ?? '', /finish 03 · Idempotency \(ticked by hand\): run double-load;/);
});

test('what a guide lacks is gone when its evidence is there', () => {
  const guide = content.guides.find(({ id }) => id === '03-idempotency');
  assert.ok(guide);
  const told: Told[] = [
    ...guide.blocks.map(({ id: block }): Told => [
      DAY,
      { kind: 'ran', guide: guide.id, block, state: 'ok', edited: false, elapsedMs: 1 },
    ]),
    ...guide.exercises.map(({ id: exercise }): Told => [
      DAY,
      { kind: 'tried', guide: guide.id, exercise, outcome: 'passed' },
    ]),
    ...guide.questions.map((question): Told => [
      DAY,
      {
        kind: 'answered',
        guide: guide.id,
        question: question.id,
        options: question.answer,
        right: true,
        of: questionHash(question),
      },
    ]),
  ];
  assert.doesNotMatch(milestone(1, told)?.missing.join('\n') ?? '', /Idempotency/);
});

test('the second is reached by the stages of two labs', () => {
  const all = [1, 2].flatMap((n) => [graded('batch-error-handling', n), graded('data-lake', n)]);
  assert.deepEqual(milestone(2, all.slice(1))?.missing, ['pass A Batch Pipeline with Error Handling, stage 1']);
  assert.deepEqual([milestone(2, all)?.reached, milestone(2, all)?.missing], [true, []]);
});

test('the last one asks for a whole project with its runbook and its post-mortem, and looks at the nearest', () => {
  const lab = content.labs.find(({ id }) => id === 'cdc-implementation');
  const stages = lab?.stages.map((_, i) => i + 1) ?? [];
  const quick = stages.map((n) => graded('cdc-implementation', n));
  const full = stages.map((n) => graded('cdc-implementation', n, 'full'));
  assert.match(
    milestone(4, quick)?.missing[0] ?? '',
    /survive every crash point .*cdc-implementation --full\): 0 of 6/,
  );
  const papers = (runbook: number, postMortem: number): Papers =>
    new Map([['cdc-implementation', { runbook, postMortem }]]);
  assert.deepEqual(milestone(4, full, papers(250, 20))?.missing, [
    'write a one-page post-mortem of a first failure in journal/labs/cdc-implementation/POST-MORTEM.md, at least 100 words (now 20)',
  ]);
  assert.equal(milestone(4, full, papers(250, 400))?.reached, true);
  assert.match(milestone(4, [])?.missing[0] ?? '', /pass all 6 stages of a project: .* has 0/);
});
