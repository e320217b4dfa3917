import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { startHistory } from '#src/faults/history.ts';
import { startHttpSource, type HttpSource, type HttpSourceOptions } from '#src/faults/http-source.ts';
import type { Point } from '#src/faults/schedule.ts';

const payments = Array.from({ length: 5 }, (_, i) => ({ id: `p-${i + 1}`, amount: '1.50' }));

interface Opened {
  readonly source: HttpSource;
  readonly hits: string[];
}

async function open(
  t: TestContext,
  options: Partial<HttpSourceOptions> = {},
  drop: { nth: number; point: Point } | undefined = undefined,
): Promise<Opened> {
  const hits: string[] = [];
  const source = await startHttpSource(
    { payments, pageSize: 2, ...options },
    {
      history: startHistory(),
      onPoint: ({ nth, point }) => {
        hits.push(`${nth}:${point}`);
        return Promise.resolve(drop?.nth === nth && drop.point === point ? 'drop' : 'go');
      },
    },
  );
  t.after(() => source.close());
  return { source, hits };
}

function settle({ source }: Opened, id: string, key?: string): Promise<Response> {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  return fetch(`${source.url}/payments/${id}/settle`, { method: 'POST', headers });
}

test('pages follow each other by cursor, to the last', async (t) => {
  const { source } = await open(t);
  const ids: string[] = [];
  let next: string | null = '';
  while (next !== null) {
    const response: Response = await fetch(`${source.url}/payments${next === '' ? '' : `?cursor=${next}`}`);
    const page = (await response.json()) as { payments: { id: string }[]; next: string | null };
    ids.push(...page.payments.map(({ id }) => id));
    next = page.next;
  }
  assert.deepEqual(
    ids,
    payments.map(({ id }) => id),
  );
  assert.equal((await fetch(`${source.url}/payments?cursor=xyz`)).status, 400);
  assert.equal((await fetch(`${source.url}/elsewhere`)).status, 404);
  assert.equal((await fetch(`${source.url}/payments`, { method: 'DELETE' })).status, 405);
});

test('one key settles once; without a key each request moves money', async (t) => {
  const opened = await open(t);
  for (const key of ['a', 'a', undefined, undefined]) assert.equal((await settle(opened, 'p-1', key)).status, 200);
  assert.equal((await settle(opened, 'p-2', 'a')).status, 422);
  assert.equal((await settle(opened, 'p-9', 'b')).status, 404);
  const { settled, requests } = opened.source.log;
  assert.deepEqual(settled, { 'p-1': 3 });
  assert.deepEqual(
    requests.map(({ answer, acted, replayed, attempt }) => [answer, acted, replayed, attempt]),
    [
      [200, true, false, 1],
      [200, false, true, 2],
      [200, true, false, 3],
      [200, true, false, 4],
      [422, false, false, 1],
      [404, false, false, 1],
    ],
  );
});

test('troubles come where they were ordered, and only there', async (t) => {
  const opened = await open(t, {
    silenceMs: 1,
    troubles: [
      { on: 'settle', payment: 'p-1', answer: 429, retryAfterS: 2 },
      { on: 'settle', payment: 'p-2', from: 2, answer: 500, reason: 'a bad day' },
      { on: 'settle', payment: 'p-3', answer: 'silence', acts: true },
      { on: 'page', times: Infinity, answer: 503 },
    ],
  });
  const busy = await settle(opened, 'p-1', 'k1');
  assert.deepEqual([busy.status, busy.headers.get('retry-after')], [429, '2']);
  assert.equal((await settle(opened, 'p-1', 'k1')).status, 200);
  assert.equal((await settle(opened, 'p-2', 'k2')).status, 200);
  const bad = await settle(opened, 'p-2', 'k2');
  assert.deepEqual([bad.status, await bad.json()], [500, { error: 'a bad day' }]);
  await assert.rejects(settle(opened, 'p-3', 'k3'));
  assert.equal((await settle(opened, 'p-3', 'k3')).status, 200);
  for (let i = 0; i < 3; i++) assert.equal((await fetch(`${opened.source.url}/payments`)).status, 503);
  const { settled, requests } = opened.source.log;
  assert.deepEqual(settled, { 'p-1': 1, 'p-2': 1, 'p-3': 1 });
  assert.deepEqual(
    requests.filter(({ payment }) => payment === 'p-3').map(({ answer, acted, replayed }) => [answer, acted, replayed]),
    [
      ['silence', true, false],
      [200, false, true],
    ],
  );
});

test('each settlement that acts passes three points, and each can be cut there', async (t) => {
  const calm = await open(t);
  await settle(calm, 'p-1', 'a');
  await settle(calm, 'p-1', 'a');
  await settle(calm, 'p-2', 'b');
  await calm.source.quiet();
  const three = ['before', 'after-durable', 'client-moved-on'];
  assert.deepEqual(
    calm.hits,
    ['1', '2'].flatMap((nth) => three.map((point) => `${nth}:${point}`)),
  );
  const before = await open(t, {}, { nth: 2, point: 'before' });
  await settle(before, 'p-1', 'a');
  await assert.rejects(settle(before, 'p-2', 'b'));
  assert.deepEqual(before.source.log.settled, { 'p-1': 1 });
  assert.equal((await settle(before, 'p-2', 'b')).status, 200, 'a key whose request was cut is free again');

  const after = await open(t, {}, { nth: 1, point: 'after-durable' });
  await assert.rejects(settle(after, 'p-1', 'a'));
  assert.deepEqual(after.source.log.settled, { 'p-1': 1 });
});

test('what was settled in an earlier run stays settled', async (t) => {
  const first = await open(t);
  await settle(first, 'p-1', 'a');
  const earlier = first.source.log;
  const second = await startHttpSource(
    { payments },
    { history: startHistory(), onPoint: () => Promise.resolve('go'), earlier },
  );
  t.after(() => second.close());
  await settle({ source: second, hits: [] }, 'p-1', 'a');
  assert.deepEqual(second.log.settled, { 'p-1': 1 });
});

test('a held source acts no more', async (t) => {
  const opened = await open(t);
  opened.source.hold();
  await assert.rejects(settle(opened, 'p-1', 'a'));
  opened.source.nextIncarnation();
  assert.equal((await settle(opened, 'p-1', 'a')).status, 200);
  assert.deepEqual(opened.source.log.settled, { 'p-1': 1 });
});
