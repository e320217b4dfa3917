import assert from 'node:assert/strict';
import test from 'node:test';

import { exportCards } from '#src/commands/card-export.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import { answer, progress } from '#src/commands/journal.ts';
import { addCards, gradeCard, review, reviewPicture, setCard, undoReview } from '#src/commands/review.ts';
import { today } from '#src/commands/today.ts';
import { utcZone } from '#src/study/day.ts';
import { folder, type Folder } from '#test/journal/folder.ts';

const MONDAY = Date.parse('2026-01-05T09:00:00Z');
const DAY_MS = 86_400_000;
const GUIDE = '03-idempotency';
const ASKED = `question:${GUIDE}/which-is-idempotent`;

function learner({ paths }: Folder): { readonly context: Context; readonly later: (days: number) => void } {
  let now = MONDAY;
  return {
    context: createContext(paths, { clock: () => now, zone: utcZone }),
    later: (days) => void (now += days * DAY_MS),
  };
}
const miss = (context: Context) => answer({ guide: GUIDE, question: 'which-is-idempotent', options: ['A'] }, context);

test('a missed question comes back the next day; right is graded, wrong is again, and both can be taken back', async () => {
  await using own = await folder();
  const { context, later } = learner(own);
  await miss(context);
  assert.deepEqual((await review(context)).cards, []);
  later(1);
  const [card] = (await review(context)).cards;
  assert.equal(card?.id, ASKED);
  assert.deepEqual(card.intervals, { again: '10 min', hard: '15 min', good: '2 days', easy: '8 days' });
  assert.equal((await today(context)).review.now, 1);
  const wrong = await gradeCard({ card: ASKED, grade: 'easy', options: ['A'], elapsedMs: 9000 }, context);
  assert.equal(wrong.grade, 'again');
  assert.equal((await undoReview(context)).card, ASKED);
  const right = await gradeCard({ card: ASKED, grade: 'good', options: ['B'], elapsedMs: 9000 }, context);
  assert.equal(right.grade, 'good');
  const after = await review(context);
  assert.deepEqual([after.cards, after.done, after.last?.grade], [[], 1, 'good']);
  later(2);
  assert.equal((await review(context)).cards.length, 1);
});

test('without a choice an answer is no answer; a card that is not in review is refused', async () => {
  await using own = await folder();
  const { context, later } = learner(own);
  await miss(context);
  later(1);
  assert.equal((await gradeCard({ card: ASKED, grade: 'good', elapsedMs: 1 }, context)).grade, 'again');
  const other = { card: `question:${GUIDE}/no-such`, grade: 'good', elapsedMs: 1 } as const;
  await assert.rejects(gradeCard(other, context), /no card/);
  await undoReview(context);
  await assert.rejects(undoReview(context), /no review to take back/);
});

test('all questions of a guide by choice, one laid aside; the guide is held when five were known a week later', async () => {
  await using own = await folder();
  const { context, later } = learner(own);
  const { added } = await addCards({ what: 'questions', of: '03' }, context);
  assert.deepEqual(
    [(await addCards({ what: 'questions', of: '03' }, context)).added, (await review(context)).total],
    [0, added],
  );
  const [first] = (await review(context)).cards;
  await setCard({ card: first?.id ?? '', state: 'suspended' }, context);
  const sight = await review(context, true);
  assert.deepEqual([sight.suspended.length, sight.cards.length], [1, added - 1]);
  const sit = async (): Promise<void> => {
    for (const { id, face } of (await review(context, true)).cards) {
      assert.equal(face.kind, 'question');
      if (face.kind === 'question')
        await gradeCard({ card: id, grade: 'easy', options: face.answer, elapsedMs: 100 }, context);
    }
  };
  await sit();
  later(9);
  await sit();
  const held = (await progress(context)).held[GUIDE];
  assert.deepEqual([held?.recalled, held?.held], [added - 1, false], 'known, and the guide is not finished');
});

test('lines worth remembering by choice: asked by their cue, known or not, and in the file for Anki', async () => {
  await using own = await folder();
  const { context } = learner(own);
  const { added } = await addCards({ what: 'takeaways', of: GUIDE }, context);
  const { cards, offers } = await review(context);
  assert.equal(cards.length, added);
  assert.deepEqual(
    offers.filter(({ inReview }) => inReview > 0).map(({ what, of, total }) => [what, of, total]),
    [['takeaways', GUIDE, added]],
  );
  const card = cards.find(({ id }) => id === `takeaway:${GUIDE}/why-retries`);
  assert.ok(card?.face.kind === 'takeaway');
  assert.match(card.face.cue, /^Why can retries/);
  assert.match(card.face.text, /^Retries can't be avoided/);
  assert.equal((await gradeCard({ card: card.id, grade: 'hard', elapsedMs: 1 }, context)).grade, 'hard');
  assert.match(await exportCards('csv', context), /Why can retries not be avoided\?/);
});

test('mistakes of a lab come with the stages that are passed, as two programs and as a picture', async () => {
  await using own = await folder();
  const { context } = learner(own);
  const LAB = 'batch-error-handling';
  await assert.rejects(addCards({ what: 'mistakes', of: LAB }, context), /has no mistakes/);
  const points = { survived: 1, tried: 1, possible: 1 };
  const passed = { kind: 'graded', lab: LAB, stage: 2, level: 'quick', state: 'passed', ...points } as const;
  await context.journal().append([passed]);
  await addCards({ what: 'mistakes', of: LAB }, context);
  const { cards } = await review(context, true);
  const { mistakes } = await context.content();
  const due = mistakes.filter(({ lab, stage }) => lab === LAB && stage === 2);
  assert.deepEqual(
    cards.map(({ id }) => id).sort(),
    due
      .flatMap(({ name, picture }) => [...(picture ? [`picture:${LAB}/${name}`] : []), `survives:${LAB}/${name}`])
      .sort(),
  );
  for (const { id, face } of cards) {
    assert.ok(face.kind === 'question' && face.answer.length === 1, id);
    const texts = face.options.map(({ text }) => text);
    assert.equal(new Set(texts).size, texts.length, `${id}: two options say the same`);
    assert.ok(
      texts.every((text) => text.length > 20),
      id,
    );
  }
  const picture = `picture:${LAB}/loads-again`;
  const { svg } = await reviewPicture(picture, context);
  assert.match(svg, /^<svg/);
  assert.doesNotMatch(svg, /Likely/, 'the cause is what is asked for');
  await assert.rejects(reviewPicture(`survives:${LAB}/loads-again`, context), /no picture/);
  const right = cards.find(({ id }) => id === picture)?.face;
  assert.ok(right?.kind === 'question' && (right.run?.length ?? 0) > 5);
  assert.equal(
    (await gradeCard({ card: picture, grade: 'easy', options: right.answer, elapsedMs: 1 }, context)).grade,
    'easy',
  );
});

test('cards leave as a file that Anki reads: headers, an id for each, quotes doubled, no line of code lost', async () => {
  await using own = await folder();
  const { context } = learner(own);
  await addCards({ what: 'questions', of: '03' }, context);
  const tsv = await exportCards('tsv', context);
  assert.match(tsv, /^#separator:Tab\n#html:true\n#guid column:1\n#tags column:4\n/);
  const rows = rowsOf(tsv.split('\n').slice(5).join('\n'), '\t');
  const { total } = await review(context);
  assert.equal(rows.length, total);
  assert.ok(rows.every((row) => row.length === 4 && row[0]?.startsWith('question:03-idempotency/')));
  const asked = rows.find(([id]) => id === ASKED);
  assert.match(asked?.[2] ?? '', /^Answer: B<br><br>/);
  assert.ok(
    rows.some(([, , back]) => back?.includes('<pre>')),
    'what a block printed is in its answer',
  );
  const csv = rowsOf((await exportCards('csv', context)).split('\n').slice(5).join('\n'), ',');
  assert.deepEqual(csv, rows, 'the same cards with commas');
});

/** Reads separated text as Anki's manual describes it: quotes around a field keep separators and lines, doubled ones stay. */
function rowsOf(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const at = text[i] ?? '';
    if (quoted && at === '"' && text[i + 1] === '"') field += text[i++] ?? '';
    else if (at === '"' && (quoted || field === '')) quoted = !quoted;
    else if (!quoted && at === separator) {
      row.push(field);
      field = '';
    } else if (!quoted && at === '\n') {
      rows.push([...row, field]);
      row = [];
      field = '';
    } else field += at;
  }
  return rows;
}
