import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import { drawTimeline } from '#src/grading/timeline-svg.ts';
import { layout, type TimelineInput } from '#src/grading/timeline.ts';
import { history, kill } from '#test/grading/run-history.ts';

const duplicate = {
  anomaly: 'duplicate',
  expected: '80 orders, each once',
  found: '100 orders, 20 of them twice',
  count: 20,
  witnesses: ['o-41 ×2'],
} as const;
const broken: TimelineInput = {
  title: 'Stage 2 · duplicate',
  subtitle: 'kill@1/pg.commit#3:after-durable',
  history: history({ commits: 5, position: 'after', fault: kill(3) }),
  findings: [duplicate],
  likely: ['You save your position after the commit.'],
  schedule: 'v1 lab=x stage=2 seed=42 size=80 kill@1/pg.commit#3:after-durable',
};

test('a start, its commits, the fault, the next start, and the line from the fault to the first wrong row', () => {
  const { lanes, marks, bars, band } = layout(broken);
  assert.deepEqual(lanes, ['program', 'postgres', 'file', 'fault', 'oracle']);
  assert.deepEqual(
    bars.map(({ label }) => label),
    ['start 1', 'start 2'],
  );
  const commits = marks.filter(({ lane }) => lane === 'postgres');
  assert.deepEqual(
    commits.map(({ label }) => label),
    ['1', '2', '3', '1', '2', '3', '4', '5'],
  );
  const fault = marks.find(({ shape }) => shape === 'fault');
  assert.deepEqual(band, { from: fault?.slot, to: commits[3]?.slot });
  assert.deepEqual(
    commits.map(({ broken: is }) => is === true),
    [false, false, false, true, false, false, false, false],
  );
});

test('what was held back is drawn as held, and a row that is lost is missed at the end', () => {
  const before = history({ commits: 3, fault: kill(2, 'before') });
  const lost = { ...duplicate, anomaly: 'lost' as const };
  const { marks, band, slots } = layout({ ...broken, history: before, findings: [lost] });
  assert.deepEqual(
    marks.filter(({ lane }) => lane === 'postgres').map(({ shape }) => shape),
    ['durable', 'held', 'durable', 'durable', 'durable'],
  );
  assert.equal(band?.to, slots - 1);
});

test('the list says everything in the order of time', () => {
  const { list } = layout(broken);
  assert.equal(list[0], '0.001 s  program, start 1: python main.py');
  assert.ok(list.includes('0.003 s  PostgreSQL, start 1: commit 1, durable'));
  assert.equal(list.at(-1), 'end  oracle: duplicate, 100 orders, 20 of them twice');
});

test('thousands of commits and starts give a picture of bounded size that still shows the fault', () => {
  const long = history({ commits: 5000, position: 'after', fault: kill(2500) });
  const line = { incarnation: 1, lane: 'program', kind: 'line', text: 'x'.repeat(100_000) } as const;
  const lines = Array.from({ length: 2000 }, (_, i) => ({ atMs: i, ...line }));
  const picture = layout({ ...broken, history: [...long, ...lines] });
  assert.ok(picture.slots <= 23, `${picture.slots} slots`);
  assert.ok(picture.marks.some(({ shape, label }) => shape === 'durable' && label === '2500'));
  assert.ok(picture.marks.some(({ shape }) => shape === 'elided'));
  assert.ok(drawTimeline(picture).length < 60_000);
  const restarts = Array.from({ length: 500 }, (_, i) =>
    history({ commits: 1 }).map((event) => ({ ...event, incarnation: i + 1, atMs: event.atMs + i * 10 })),
  ).flat();
  assert.ok(layout({ ...broken, history: restarts }).slots <= 23);
  assert.ok(layout({ ...broken, history: [] }).slots === 1);
  assert.match(drawTimeline(layout({ ...broken, history: [] })), /<\/svg>\n$/);
});

test('what a program printed never becomes markup, and every mark can be reached and read', () => {
  const evil = '<img src=x onerror=alert(1)>&"\u0000\ud800';
  const line = { atMs: 2.5, incarnation: 1, lane: 'program', kind: 'line', text: evil } as const;
  const svg = drawTimeline(layout({ ...broken, title: evil, likely: [evil], history: [...broken.history, line] }));
  assert.doesNotMatch(svg, /<img|\u0000|\ud800(?![\udc00-\udfff])/);
  assert.match(svg, /&lt;img src=x onerror=alert\(1\)&gt;&amp;&quot;/);
  assert.doesNotMatch(svg, /<script|href|NaN|undefined/);
  for (const [, inside] of svg.matchAll(/<g tabindex="0" role="img">(.{7})/g)) assert.equal(inside, '<title>');
  assert.match(svg, /light-dark\(/);
});

test('two engines and two starts that are alive at once each have their place', () => {
  const step = (atMs: number, incarnation: number, boundary: string, nth: number): HistoryEvent => ({
    ...{ atMs, incarnation, kind: 'boundary', text: boundary, boundary, nth, point: 'after-durable' },
    lane: boundary.startsWith('kafka.') ? 'kafka' : 'postgres',
    ...(boundary === 'kafka.offset' ? { role: 'in-0', since: nth - 5 } : {}),
  });
  const of = (atMs: number, incarnation: number, kind: HistoryEvent['kind']): HistoryEvent => ({
    ...{ atMs, incarnation, lane: 'program', kind, text: kind },
  });
  const struck = { ...step(4, 1, 'kafka.offset', 10), lane: 'fault', kind: 'fired', text: 'pause' } as const;
  const { lanes, bars, marks } = layout({
    ...broken,
    history: [
      ...[of(1, 1, 'started'), step(2, 1, 'pg.commit', 1), step(3, 1, 'kafka.offset', 5), struck, of(5, 1, 'paused')],
      ...[of(6, 2, 'started'), step(7, 2, 'pg.commit', 1), of(8, 1, 'resumed'), step(9, 1, 'pg.commit', 2)],
      ...[step(10, 2, 'kafka.offset', 10), of(11, 2, 'exited'), of(12, 1, 'exited')],
    ],
  });
  assert.deepEqual(lanes, ['program', 'postgres', 'kafka', 'fault', 'oracle']);
  assert.deepEqual(
    marks.flatMap(({ lane, label }) => (lane === 'postgres' || lane === 'kafka' ? [`${lane} ${label}`] : [])),
    ['postgres 1', 'kafka @5', 'postgres 1', 'postgres 2', 'kafka @10'],
  );
  const [first, second] = bars;
  assert.ok(first?.still !== undefined && first.row !== second?.row, 'each has half of the lane');
  assert.ok(second !== undefined && second.from > first.still.from && second.from < first.still.to);
});
