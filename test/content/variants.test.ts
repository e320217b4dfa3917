import assert from 'node:assert/strict';
import test from 'node:test';

import { loadContent } from '#src/content/content.ts';
import type { Guide, Question } from '#src/content/guide.ts';
import { ownRoot } from '#src/paths.ts';

/** Questions whose answer holds a block: its recording, which an engine has made, decides which option is right. */
const { guides } = await loadContent(ownRoot(import.meta.dirname));
const predictions = guides.flatMap((guide) =>
  guide.questions.filter(({ block }) => block !== undefined).map((question) => ({ guide, question })),
);

for (const { guide, question } of predictions)
  test(`${guide.id}: what was recorded is the right option of "${question.title}", and no other`, () => {
    const seen = lastLine(guide, question).split(/\s+/);
    for (const { letter, text } of question.options) {
      const value = text.split(':')[0] ?? '';
      assert.equal(
        seen.includes(value),
        question.answer.includes(letter),
        `${letter}: ${value}, seen: ${seen.join(' ')}`,
      );
    }
  });

test('there are such questions', () => assert.ok(predictions.length >= 2));

function lastLine({ blocks }: Guide, { block: id }: Question): string {
  const recording = blocks.find((block) => block.id === id)?.recording;
  return recording?.text.trimEnd().split('\n').at(-1) ?? '';
}
