import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { loadContent } from '#src/content/content.ts';
import type { Planned } from '#src/journal/event.ts';
import { ownRoot } from '#src/paths.ts';
import { addDays, daysBetween, isDay, mondayOf, spanOfDays, utcZone, weekday } from '#src/study/day.ts';
import { planOf } from '#src/study/plan.ts';
import type { Course } from '#src/study/steps.ts';
import { events, type Told } from '#test/study/events.ts';

/** The course as it will be: what isn't written yet would have no place of its own to be behind with. */
const content = await loadContent(ownRoot(import.meta.dirname));
const course: Course = {
  ...content,
  groups: content.groups.map((group) => ({
    ...group,
    guides: group.guides.map((guide) => ({ ...guide, written: true })),
  })),
  labs: content.labs.map((lab) => ({ ...lab, written: true })),
};
const MONDAY = '2026-01-05';
const planned = (change: Omit<Planned, 'kind'>): Planned => ({ kind: 'planned', ...change });
const ticked = (item: string) => ({ kind: 'ticked', item, done: true }) as const;
const at = (today: string, ...told: Told[]) =>
  planOf({ course, events: events(...told), now: Date.parse(`${today}T12:00:00Z`), zone: utcZone });

test('days are counted over the ends of months and of leap years', () => {
  assert.equal(addDays('2028-02-28', 2), '2028-03-01');
  assert.equal(daysBetween('2026-12-31', '2027-01-02'), 2);
  assert.deepEqual([weekday(MONDAY), weekday('2026-01-11'), mondayOf('2026-01-11')], [1, 7, MONDAY]);
  assert.deepEqual([isDay('2026-02-30'), isDay('2028-02-29'), isDay('x')], [false, true, false]);
  assert.deepEqual(
    [spanOfDays(MONDAY, '2026-01-09'), spanOfDays('2026-01-26', '2026-02-01')],
    ['5–9 January', '26 January – 1 February'],
  );
});

test('before anything was done the plan begins today, asks nothing, and nothing is behind', () => {
  const plan = at(MONDAY);
  assert.equal(plan.settings.begun, false);
  assert.deepEqual(
    plan.weeks.map(({ from, to }) => [from, to]),
    [
      [MONDAY, '2026-01-09'],
      ['2026-01-12', '2026-01-15'],
      ['2026-01-19', '2026-01-23'],
      ['2026-01-26', '2026-01-30'],
    ],
    'at the usual pace, four weeks are four weeks',
  );
  assert.equal(plan.hours.first, 28);
  assert.deepEqual([plan.behind, plan.week, plan.next?.id], [[], 1, 'concepts/01-batch-vs-streaming']);
});

test('the first lap holds what the outline says, the second the rest, and each step stands once', () => {
  const plan = at(MONDAY);
  const stages = plan.weeks.map(({ steps }) => steps.filter(({ kind }) => kind !== 'guide').map(({ id }) => id));
  assert.deepEqual(stages, [
    ['projects/04-kafka-streaming/1', 'challenges/01-batch-error-handling/1', 'challenges/01-batch-error-handling/2'],
    ['projects/03-data-lake/1', 'projects/03-data-lake/2'],
    [
      'projects/05-airflow-etl/1',
      'projects/05-airflow-etl/2',
      'projects/01-realtime-analytics/1',
      'projects/01-realtime-analytics/2',
    ],
    ['challenges/05-streaming-dashboard/1', 'challenges/05-streaming-dashboard/2', 'week-4'],
  ]);
  const all = [...plan.weeks.flatMap(({ steps }) => steps), ...plan.second].map(({ id }) => id);
  assert.equal(new Set(all).size, all.length);
  assert.equal(all.filter((id) => /^concepts\/\d\d-[a-z-]+$/.test(id)).length, 15);
  assert.equal(all.filter((id) => /\/\d$/.test(id)).length, content.labs.flatMap(({ stages: some }) => some).length);
  const later = plan.second.filter(({ kind }) => kind === 'guide').map(({ id }) => id.slice(9, 11));
  assert.deepEqual(later, ['08', '11', '12', '13', '14', '15']);
});

test('the first day is that of the first event; what is open from earlier days is told, and laid anew on request', () => {
  const begun: Told = [MONDAY, ticked('concepts/01-batch-vs-streaming')];
  const late = at('2026-01-12', begun);
  assert.equal(late.settings.start, MONDAY);
  assert.deepEqual(late.behind.map(({ id }) => id).slice(0, 2), ['concepts/02-cdc', 'concepts/03-idempotency']);
  assert.equal(late.next?.id, 'concepts/02-cdc');
  const anew = at('2026-01-12', begun, ['2026-01-12', planned({ reflow: '2026-01-12' })]);
  assert.deepEqual([anew.behind, anew.settings.start], [[], MONDAY]);
  const [first, second] = anew.weeks[0]?.steps ?? [];
  assert.deepEqual([first?.done, first?.from, second?.from], [true, undefined, '2026-01-12']);
  assert.equal(anew.week, 1);
});

test('a slower pace takes longer; a wish comes first; nonsense changes nothing', () => {
  const slow = at(MONDAY, [MONDAY, planned({ start: MONDAY, minutes: 240, days: [6, 7] })]);
  assert.deepEqual([slow.weeks[0]?.from, slow.weeks[0]?.to], ['2026-01-10', '2026-01-18']);
  assert.ok((slow.ends.first ?? '') > '2026-02-20');
  const wish = at(MONDAY, [MONDAY, planned({ next: 'concepts/09-windowing' })]);
  assert.deepEqual([wish.next?.id, wish.next?.from], ['concepts/09-windowing', MONDAY]);
  const odd = at(MONDAY, [MONDAY, planned({ minutes: 0, days: [], review: 100_000, next: 'no/such' })]);
  assert.deepEqual([odd.settings.minutes, odd.settings.days, odd.settings.review], [480, [1, 2, 3, 4, 5], 10]);
});

test('what was begun goes on, before what comes first', () => {
  const ran = { kind: 'ran', guide: '03-idempotency', block: 'double-load', state: 'ok', edited: false } as const;
  const plan = at(MONDAY, [MONDAY, { ...ran, elapsedMs: 1 }]);
  assert.deepEqual([plan.next?.id, plan.next?.begun], ['concepts/03-idempotency', true]);
});

test('property: every step is laid once, in order, on the days that are for it, within the minutes of the week', () => {
  const arbitrary = fc.record({
    start: fc.integer({ min: 0, max: 400 }).map((days) => addDays(MONDAY, days)),
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }),
    minutes: fc.integer({ min: 30, max: 3000 }),
  });
  fc.assert(
    fc.property(arbitrary, ({ start, days, minutes }) => {
      const plan = at(start, [start, planned({ start, days, minutes })]);
      const steps = [...plan.weeks.flatMap((week) => week.steps), ...plan.second];
      let before = start;
      for (const { from = '', to = '' } of steps) {
        assert.ok(from >= before && to >= from);
        assert.ok(days.includes(weekday(from)) && days.includes(weekday(to)));
        before = from;
      }
      // What fits into the time between the first day and the last is all that was laid there.
      const worked = steps.reduce((sum, step) => sum + step.minutes, 0);
      const span = daysBetween(start, plan.ends.second ?? '') + 1;
      assert.ok(worked <= (Math.ceil(span / 7) + 1) * minutes);
    }),
    { numRuns: 60 },
  );
});

test('property: laying anew from today leaves nothing behind, and loses no step', () => {
  const steps = at(MONDAY).weeks.flatMap((week) => week.steps);
  const guides = steps.filter(({ kind }) => kind === 'guide').map(({ id }) => id);
  fc.assert(
    fc.property(fc.subarray(guides), fc.integer({ min: 0, max: 90 }), (done, later) => {
      const today = addDays(MONDAY, later);
      const told = done.map((id): Told => [MONDAY, ticked(id)]);
      const plan = at(today, ...told, [today, planned({ reflow: today })]);
      assert.deepEqual(plan.behind, []);
      const laid = plan.weeks.flatMap((week) => week.steps);
      assert.deepEqual(laid.map(({ id }) => id).sort(), steps.map(({ id }) => id).sort());
      assert.ok(laid.every((step) => step.done || (step.from ?? '') >= today));
    }),
    { numRuns: 40 },
  );
});
