import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { attackId, keepOrder, keptOrder, orderOf, type AttackFlags } from '#src/commands/attack-order.ts';
import type { Context } from '#src/commands/context.ts';

test('an order that was kept has the same name when it is read again, whatever it asks for', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'dej-order-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const flags: AttackFlags = {
    compare: ['orders', 'topic:out'],
    ignore: ['orders.at'],
    atomic: ['orders'],
    serials: true,
    rerun: true,
    clock: ['+1d,-1h'],
    setup: ['true'],
    input: folder,
    folder,
    env: ['A=1', 'TOKEN={DATABASE_URL}'],
    pass: ['PATH'],
    ownServer: true,
    limitSeconds: 60,
    topic: ['in:3'],
    stream: true,
    idleSeconds: 5,
    cwd: folder,
  };
  const order = await orderOf(['node', 'job.mjs'], flags);
  assert.deepEqual(order.clocks, ['+1d', '-1h']);
  const context = { paths: { journal: folder } } as Context;
  await keepOrder(order, context);
  assert.equal(attackId(await keptOrder(attackId(order), context)), attackId(order));
  await assert.rejects(orderOf(['node'], { ...flags, clock: ['1 day'] }), /is no shift of a clock/);
});
