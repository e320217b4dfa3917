import assert from 'node:assert/strict';
import test from 'node:test';

import * as kafka from '@platformatic/kafka';

import { environmentOf } from '#src/engines/environment.ts';
import { accessFrom } from '#src/engines/kafka-access.ts';
import { findJvm } from '#src/engines/jvm.ts';
import { openLastingHands } from '#src/faults/kafka-lasting.ts';
import { KafkaWays } from '#src/faults/kafka-ways.ts';
import { until } from '#src/deadline.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { clone } from '#test/engines/clone.ts';

const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
const skip = found.state === 'missing' ? found.why : false;

/** Groups lie in fifty partitions, which a broker that comes back takes up one after the other. */
const GROUPS = Array.from({ length: 40 }, (_, i) => `of-the-dead-${i}`);
const [SESSION_MS, SOON] = [45_000, { deadlineMs: 30_000 }];

await test(
  'dead members are shown out of their groups, also by a broker that has just come back',
  { skip },
  async (t) => {
    const place = await clone(t);
    await using supervisor = await place.connect();
    await using lease = await supervisor.lease('kafka', { data: undefined, own: true });
    const access = accessFrom(environmentOf(lease.address)) ?? assert.fail();
    const hands = await openLastingHands(access);
    t.after(() => hands.close());
    await hands.createTopics({ any: 1 });
    for (const group of GROUPS) await hands.committed(group, 'any', 1);
    const ways = await KafkaWays.open(kafka, access);
    for (const group of GROUPS) await join(await ways.coordinatorOfGroup(group), group);
    assert.equal(await membersLeft(ways), GROUPS.length);
    await ways.close();
    await hands.during(() => lease.harm('kill'));
    await hands.evict('of-the-dead-', GROUPS);
    const after = await KafkaWays.open(kafka, access);
    t.after(() => after.close());
    assert.equal(await membersLeft(after), 0);
  },
);

/** As a member that dies at once: it never comes again, and never leaves. */
async function join(on: kafka.Connection, group: string): Promise<void> {
  const { joinGroupV9, syncGroupV5 } = kafka;
  const ask = (id: string) =>
    joinGroupV9.api.async(on, group, SESSION_MS, SESSION_MS, id, null, 'consumer', [
      { name: 'range', metadata: Buffer.alloc(0) },
    ]);
  // Whoever comes without a number gets one, and must come again with it.
  const memberId = await ask('').then(({ memberId }) => memberId, idIn);
  const { generationId } = await ask(memberId);
  await syncGroupV5.api.async(on, group, generationId, memberId, null, 'consumer', 'range', []);
}

function idIn(error: unknown): string {
  const response = (error as { readonly response?: { readonly memberId?: string } }).response;
  return response?.memberId ?? assert.fail(String(error));
}

async function membersLeft(ways: KafkaWays): Promise<number> {
  let members = 0;
  for (const group of GROUPS) {
    const told = await until(
      `what is told of ${group}`,
      async () => {
        const on = await ways.coordinatorOfGroup(group);
        return kafka.describeGroupsV5.api.async(on, [group], false).catch(() => undefined);
      },
      SOON,
    );
    members += told.groups[0]?.members.length ?? 0;
  }
  return members;
}
