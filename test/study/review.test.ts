import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import type { Content } from '#src/content/content.ts';
import type { Guide, Question } from '#src/content/guide.ts';
import { questionHash } from '#src/content/hash.ts';
import type { JournalEvent, Reviewed } from '#src/journal/event.ts';
import { addDays, utcZone } from '#src/study/day.ts';
import { deckOf } from '#src/study/deck.ts';
import { heldOf, recalledCards } from '#src/study/held.ts';
import { GRADES, type Grade } from '#src/study/grades.ts';
import { intervalWords, scheduleOf } from '#src/study/scheduler.ts';
import { mixed, sittingOf } from '#src/study/sitting.ts';
import { standing } from '#src/study/undone.ts';
import { events, type Told } from '#test/study/events.ts';

const MONDAY = '2026-01-05';
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const question = (id: string, text = `What is ${id}?`): Question => ({
  id,
  title: id,
  text,
  options: [
    { letter: 'A', text: 'one' },
    { letter: 'B', text: 'two' },
  ],
  answer: ['A'],
  explanations: {},
  block: undefined,
  deep: false,
  place: { file: '', line: 1 },
});
const guide = (id: string, questions: readonly Question[]): Guide => ({ id, title: id, questions }) as unknown as Guide;
const contentOf = (...guides: Guide[]) => ({
  guides,
  labs: [] as readonly Content['labs'][number][],
  takeaways: [] as Content['takeaways'],
  mistakes: [] as Content['mistakes'],
});
const content = contentOf(
  guide(
    '01-one',
    ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => question(id)),
  ),
  guide('02-two', [question('a'), question('b')]),
);
const hashOf = (id: string) => questionHash(question(id.split('/')[1] ?? ''));
const answered = (at: string, id: string, right: boolean): Told => {
  const [name = '', which = ''] = id.split('/');
  return [at, { kind: 'answered', guide: name, question: which, options: ['A'], right, of: hashOf(id) }];
};
const reviewed = (at: string, id: string, grade: Grade, of = hashOf(id)): Told => [
  at,
  { kind: 'reviewed', card: `question:${id}`, grade, elapsedMs: 20_000, of } satisfies Reviewed & { of: string },
];
const carded = (at: string, id: string, state: 'added' | 'suspended' | 'resumed'): Told => [
  at,
  { kind: 'carded', card: `question:${id}`, state },
];
const deck = (told: readonly JournalEvent[], of = content) =>
  deckOf({ content: of, events: standing(told), zone: utcZone });
const sitting = (told: readonly JournalEvent[], at: string, minutes = 10, beyond = false) =>
  sittingOf({
    deck: deck(told),
    events: standing(told),
    now: Date.parse(at.length === 10 ? `${at}T12:00:00Z` : at),
    zone: utcZone,
    minutes,
    beyond,
  });
const ids = (found: ReturnType<typeof sitting>) => found.cards.map(({ card }) => card.id.slice('question:'.length));

test('a missed question is met the next day, one that was right only by choice, a removed one never', () => {
  const told = events(answered(MONDAY, '01-one/a', false), answered(MONDAY, '01-one/b', true));
  assert.deepEqual([ids(sitting(told, MONDAY)), ids(sitting(told, '2026-01-06'))], [[], ['01-one/a']]);
  const more = events(answered(MONDAY, '01-one/b', true), carded(MONDAY, '01-one/b', 'added'));
  assert.deepEqual(ids(sitting(more, MONDAY)), ['01-one/b'], 'what was chosen is met at once');
  assert.deepEqual(ids(sitting(events(answered(MONDAY, '01-one/gone', false)), '2026-01-06')), []);
});

test('what was mended in a lab is a card of its own', () => {
  const lab = { id: 'tiny', title: 'Tiny', stages: ['one', 'two'] } as unknown as Content['labs'][number];
  const told = events([MONDAY, { kind: 'mended', lab: 'tiny', stage: 2, anomaly: 'duplicate' }]);
  const [found] = deck(told, { ...content, labs: [lab] }).values();
  assert.deepEqual(
    [found?.card.id, found?.card.title, found?.from],
    ['mended:tiny/2/duplicate', 'Tiny, stage 2: two', '2026-01-06'],
  );
});

test('wrong comes back within minutes, right after days, and the grades stand in their order', () => {
  const schedule = scheduleOf([], 0);
  const next = schedule.next(0);
  assert.deepEqual(
    GRADES.map((grade) => intervalWords(next[grade])),
    ['10 min', '15 min', '2 days', '8 days'],
  );
  const told = events(carded(MONDAY, '01-one/a', 'added'), reviewed(`${MONDAY}T12:00:00Z`, '01-one/a', 'again'));
  const soon = sitting(told, `${MONDAY}T12:00:30Z`);
  assert.deepEqual([ids(soon), soon.soon, soon.done], [[], 1, 1]);
  assert.deepEqual(
    ids(sitting(told, `${MONDAY}T12:02:00Z`)),
    ['01-one/a'],
    'a little early, where nothing else is due',
  );
  const good = events(carded(MONDAY, '01-one/a', 'added'), reviewed(MONDAY, '01-one/a', 'good'));
  assert.deepEqual([ids(sitting(good, '2026-01-06')), ids(sitting(good, '2026-01-07T00:01:00Z'))], [[], ['01-one/a']]);
});

test('a question with other words is marked and starts gently; the old reviews say nothing of it', () => {
  const told = events(carded(MONDAY, '01-one/a', 'added'), reviewed(MONDAY, '01-one/a', 'easy', 'the old words'));
  const [found] = deck(told).values();
  assert.deepEqual([found?.changed, found?.isNew, found?.schedule.reviews], [true, true, 0]);
  assert.deepEqual(ids(sitting(told, '2026-01-06')), ['01-one/a']);
  const met = events(
    carded(MONDAY, '01-one/a', 'added'),
    reviewed(MONDAY, '01-one/a', 'easy', 'the old words'),
    reviewed('2026-01-06', '01-one/a', 'good'),
  );
  const [later] = deck(met).values();
  assert.deepEqual([later?.changed, later?.schedule.reviews], [false, 1]);
});

test('what is laid aside is not met until it is taken up; ten minutes hold what fits into them', () => {
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => carded(MONDAY, `01-one/${id}`, 'added'));
  const told = events(...all, carded(MONDAY, '01-one/c', 'suspended'));
  assert.equal(ids(sitting(told, MONDAY)).includes('01-one/c'), false);
  assert.equal(
    ids(sitting(events(...all, carded(MONDAY, '01-one/c', 'suspended'), carded(MONDAY, '01-one/c', 'resumed')), MONDAY))
      .length,
    6,
  );
  const short = sitting(told, MONDAY, 1);
  assert.deepEqual([short.cards.length, short.due], [2, 5]);
  assert.equal(sitting(told, MONDAY, 1, true).cards.length, 5, 'and more for who wants more');
});

test('topics are mixed, from the one that was met last', () => {
  const told = events(...['01-one/a', '01-one/b', '02-two/a', '02-two/b'].map((id) => carded(MONDAY, id, 'added')));
  const topics = sitting(told, MONDAY).cards.map(({ card }) => card.topic);
  assert.deepEqual(topics, ['01-one', '02-two', '01-one', '02-two']);
});

test('held means: known after seven days or more, not missed since, and the guide finished', () => {
  const eight = addDays(MONDAY, 8);
  const some = ['a', 'b', 'c', 'd', 'e'].flatMap((id) => [
    answered(MONDAY, `01-one/${id}`, true),
    answered(eight, `01-one/${id}`, true),
  ]);
  const one = content.guides[0] as Guide;
  const held = (told: Told[]) => heldOf(one, true, recalledCards(events(...told), utcZone));
  assert.deepEqual(held(some), { recalled: 5, needed: 5, held: true });
  assert.equal(heldOf(one, false, recalledCards(events(...some), utcZone)).held, false);
  assert.equal(held([...some, reviewed(addDays(MONDAY, 9), '01-one/a', 'again')]).held, false);
  const early = [answered(MONDAY, '01-one/a', true), reviewed(addDays(MONDAY, 6), '01-one/a', 'good')];
  assert.equal(held(early).recalled, 0, 'six days are no recall');
});

const steps = fc.array(
  fc.record({
    days: fc.integer({ min: 0, max: 40 }),
    minutes: fc.integer({ min: 0, max: 700 }),
    id: fc.constantFrom('01-one/a', '01-one/b', '02-two/a'),
    what: fc.constantFrom<Grade | 'missed' | 'suspended' | 'resumed'>(...GRADES, 'missed', 'suspended', 'resumed'),
  }),
  { maxLength: 40 },
);
function history(list: readonly { days: number; minutes: number; id: string; what: string }[]): Told[] {
  let ms = Date.parse(`${MONDAY}T06:00:00Z`);
  return list.map(({ days, minutes, id, what }): Told => {
    ms += days * DAY + minutes * MINUTE;
    const at = new Date(ms).toISOString();
    if (what === 'missed') return answered(at, id, false);
    if (what === 'suspended' || what === 'resumed') return carded(at, id, what);
    return reviewed(at, id, what as Grade);
  });
}

test('property: the deck is what the log says, a card that is met moves on, and what is taken back never was', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (list, pick) => {
      const told = events(...history(list));
      const found = deck(told);
      for (const { schedule, isNew } of found.values()) {
        const now = (schedule.lastMs ?? Date.parse(MONDAY)) + DAY;
        const next = schedule.next(now);
        assert.ok(next.again <= next.hard && next.hard <= next.good && next.good <= next.easy);
        assert.ok(next.easy <= 367 * DAY);
        assert.equal(schedule.recall(now) === undefined, isNew);
        if (!isNew) assert.ok(schedule.dueMs > (schedule.lastMs ?? 0));
      }
      const victim = told[pick % Math.max(1, told.length)];
      if (victim === undefined) return;
      const undone: JournalEvent = { ...victim, id: 'u', kind: 'undone', event: victim.id };
      const without = told.filter(({ id }) => id !== victim.id);
      const plain = (of: ReturnType<typeof deck>) =>
        [...of.values()].map(({ card, schedule, suspended, from }) => [card.id, schedule.dueMs, suspended, from]);
      assert.deepEqual(plain(deck([...told, undone])), plain(deck(without)));
      assert.deepEqual(plain(deck([undone, ...told])), plain(deck(without)), 'wherever a merge put it');
    }),
    { numRuns: 150 },
  );
});

test('property: a sitting holds each due card once, none that is laid aside, and mixing loses none', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 30 }), (list, later) => {
      const told = events(...history(list));
      const last = Date.parse(told.at(-1)?.at ?? `${MONDAY}T06:00:00Z`);
      const at = new Date(last + later * DAY).toISOString();
      const all = sitting(told, at, 10, true);
      assert.equal(new Set(ids(all)).size, all.cards.length);
      assert.equal(all.cards.length, all.due);
      assert.ok(all.cards.every(({ suspended }) => !suspended));
      assert.deepEqual(new Set(mixed(all.cards)), new Set(all.cards));
      assert.ok(sitting(told, at, 1).cards.length <= all.cards.length);
    }),
    { numRuns: 150 },
  );
});
