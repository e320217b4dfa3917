import assert from 'node:assert/strict';
import test from 'node:test';

import { readLine, type Graded, type JournalEvent, type Mended } from '#src/journal/event.ts';
import { labGlance, labProgress } from '#src/study/lab-progress.ts';
import { fold } from '#src/study/record.ts';

const lab = { id: 'tiny', path: 'challenges/01-tiny', stages: ['one', 'two'] };
const ALL = { survived: 12, tried: 12, possible: 12 };

function events(...happened: (Partial<Graded> | Mended | { kind: 'ticked'; item: string; done: boolean })[]) {
  return happened.map((one, index): JournalEvent => {
    const envelope = {
      id: String(index),
      at: new Date(index * 1000).toISOString(),
      machine: 'm',
      seq: index + 1,
      v: 1,
    };
    if ('kind' in one && one.kind !== 'graded') return { ...envelope, ...one } as JournalEvent;
    return { ...envelope, kind: 'graded', lab: 'tiny', stage: 1, level: 'quick', state: 'passed', ...ALL, ...one };
  });
}

test('a stage once passed stays passed; a lab is done when all of them are', () => {
  const failed = { state: 'failed', anomaly: 'duplicate', survived: 3 } as const;
  const record = fold(events(failed, {}, failed, { stage: 2, ...failed }));
  const progress = labProgress(lab, record);
  assert.deepEqual([progress.stages, progress.current, progress.done], [['passed', 'failed'], 2, false]);
  assert.equal(labGlance(progress), '1 of 2 stages');
  const done = labProgress(lab, fold(events({}, { stage: 2 })));
  assert.deepEqual(
    [done.done, done.by, labGlance(done)],
    [true, 'evidence', '2 of 2 stages, all crash points survived'],
  );
});

test('every crash point counts as survived when all were tried, or those of level full', () => {
  const few = { ...ALL, possible: 40 };
  assert.equal(labProgress(lab, fold(events(few, { stage: 2, ...few }))).whole, 0);
  assert.equal(labProgress(lab, fold(events({}, { stage: 2, ...few }))).whole, 1);
  const full = labProgress(
    lab,
    fold(events({ level: 'full', ...few }, { stage: 2, level: 'full', ...few }, { stage: 2, ...few })),
  );
  assert.equal(labGlance(full), '2 of 2 stages, all crash points survived');
});

test('the learner’s own tick is their word', () => {
  const tick = (done: boolean) => ({ kind: 'ticked', item: lab.path, done }) as const;
  assert.deepEqual(labProgress(lab, fold(events(tick(true)))).by, 'hand');
  assert.equal(labProgress(lab, fold(events({}, { stage: 2 }, tick(false)))).done, false);
});

test('what failed since the last pass is open until a pass; each anomaly is mended once', () => {
  const red = (anomaly: string) => ({ state: 'failed', anomaly }) as const;
  const open = fold(events(red('duplicate'), red('lost'), red('duplicate'), { state: 'unknown' }));
  assert.deepEqual(open.stages.get('tiny')?.get(1)?.open, ['duplicate', 'lost']);
  const mended = { kind: 'mended', lab: 'tiny', stage: 1, anomaly: 'lost' } as const;
  const after = fold(events(red('lost'), {}, mended, red('lost'), {}, mended))
    .stages.get('tiny')
    ?.get(1);
  assert.deepEqual([after?.open, [...(after?.mended ?? [])]], [[], [['lost', new Date(2000).toISOString()]]]);
});

test('lines of both kinds are read, and refused where something is missing', () => {
  for (const event of events({}, { kind: 'mended', lab: 'tiny', stage: 1, anomaly: 'lost' })) {
    assert.equal(readLine(JSON.stringify(event)).is, 'event');
    assert.deepEqual(readLine(JSON.stringify({ ...event, stage: '1' })), {
      is: 'bad',
      why: 'stage is missing or of the wrong form',
    });
  }
});
