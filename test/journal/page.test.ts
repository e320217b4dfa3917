import assert from 'node:assert/strict';
import test from 'node:test';

import { handTicks, renderPage, type PageContent } from '#src/journal/page.ts';

const content: PageContent = {
  groups: [
    {
      title: 'Fundamentals',
      boxes: [{ item: 'concepts/03-idempotency', title: '03 · Idempotency', href: undefined, done: true, detail: '' }],
    },
  ],
  weeks: [{ number: 1, focus: 'Fundamentals', when: '5–9 January', done: '1 of 6', hours: 7 }],
  milestones: [
    { week: 1, title: 'The fundamentals are completed', reached: true, missing: [] },
    { week: 2, title: 'A first pipeline is built', reached: false, missing: ['pass stage 1', 'pass stage 2'] },
  ],
};

test('boxes, weeks and milestones stand between the marks, and are made anew without a trace', () => {
  const page = renderPage('', content);
  assert.match(page, /\| 1 \| Fundamentals \| 5–9 January \| 1 of 6 \| 7 h <!-- week 1 --> \|/);
  assert.match(page, /- Week 1: The fundamentals are completed · reached/);
  assert.match(page, /- Week 2: A first pipeline is built · not yet: pass stage 1, and 1 more/);
  assert.equal(renderPage(page, content), page);
  const later = renderPage(page, { ...content, weeks: [], milestones: [] });
  assert.doesNotMatch(later, /\|/);
  assert.equal(renderPage(later, content), page);
});

test('what the learner wrote into the block, also a table of theirs, is moved below it and kept', () => {
  const page = renderPage('', content);
  const written = page.replace('### Weeks', '| my | table |\n|---|---|\n\nand a line of mine\n\n### Weeks');
  const again = renderPage(written, content);
  assert.match(again, /<!-- \/progress -->\n\n\| my \| table \|\n\|---\|---\|\nand a line of mine/);
  assert.equal(renderPage(again, content), again);
});

test('a tick of a box is taken over; rows of weeks and milestones are no boxes', () => {
  const page = renderPage('', content).replace('- [x] 03', '- [ ] 03');
  assert.deepEqual(handTicks(page), [{ item: 'concepts/03-idempotency', done: false }]);
});
