import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { checkStages } from '#src/commands/check.ts';
import { createContext } from '#src/commands/context.ts';
import { copyOf, labOf } from '#src/commands/labs.ts';
import { startLab } from '#src/commands/start.ts';
import { until } from '#src/deadline.ts';
import { findJvm } from '#src/engines/jvm.ts';
import { openAdmin } from '#src/engines/kafka-admin.ts';
import { findFamily } from '#src/engines/python-family.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { clone, SOON, type Clone } from '#test/engines/clone.ts';
import { startCluster, type Cluster } from '#test/engines/second-kafka.ts';
import { javaPrograms } from '#test/faults/java.ts';
import { NTH, streamPrograms, type Fault } from '#test/faults/kafka-killed.ts';
import { isExactOn } from '#test/faults/kafka-on-cluster.ts';

const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
const skip = found.state === 'missing' ? found.why : false;
const LAB = 'realtime-validation';
const LAST: readonly Fault[] = [{ boundary: 'kafka.endtxn', point: 'client-moved-on', nth: NTH }];

await test('a Kafka of the learner’s own: three brokers that ask for a password', { skip }, async (t) => {
  assert.ok(found.state !== 'missing');
  const cluster = await startCluster(t, found.state === 'ready' ? found : await found.install(() => undefined));
  const place = await clone(t);
  await using supervisor = await place.connect(cluster.env);
  await supervisor.install('python');
  await exactOnEach({ t, cluster, place });
  await checked({ t, cluster, place });
});

interface Subject {
  readonly t: test.TestContext;
  readonly cluster: Cluster;
  readonly place: Clone;
}

async function exactOnEach({ t, cluster, place }: Subject): Promise<void> {
  const family = await findFamily(place.paths);
  assert.ok(family.state === 'ready');
  const { kafkajs, ...programs } = streamPrograms(family.interpreter);
  const tests = Object.entries(programs).map(([name, argv]) =>
    t.test(`${name}: each boundary has three exact points, and nothing goes round the proxy`, () =>
      isExactOn(cluster, argv),
    ),
  );
  // All of theirs are in test/gate/kafka-cluster.test.ts.
  const slower = { kafkajs, 'the Java client': (await javaPrograms(t, place.paths))('KafkaStream') };
  for (const [name, argv] of Object.entries(slower))
    tests.push(t.test(`${name}: a transaction that it had gone on from`, () => isExactOn(cluster, argv, LAST)));
  await Promise.all(tests);
}

/** A stage of a lab is graded there, and what it made is removed; what others have there stays. */
async function checked({ t, cluster, place }: Subject): Promise<void> {
  await t.test('a lab’s stage is graded there, and removes what it made and no more', async () => {
    const admin = await openAdmin(cluster.access);
    const context = createContext({ ...place.paths, journal: join(place.paths.state, 'journal') });
    try {
      await until('a topic of somebody else', () => admin.createTopics({ topics: ['theirs'] }).then(() => true), SOON);
      await startLab({ lab: LAB, language: 'python' }, context);
      const lab = await labOf(LAB, context);
      await cp(join(lab.folder, 'solution', 'python'), copyOf(lab, context), { recursive: true });
      const verdicts: string[] = [];
      for await (const event of checkStages({ lab: LAB, stage: 1, level: 'quick' }, context))
        if (event.type === 'verdict') verdicts.push(event.verdict.state === 'passed' ? 'passed' : event.text);
      assert.deepEqual(verdicts, ['passed']);
      const left = async (): Promise<string[]> => [
        ...(await admin.listTopics()),
        ...[...(await admin.listGroups()).keys()].filter((name) => name.startsWith('block')),
      ];
      const isClean = async (): Promise<boolean> => (await left()).filter(isNotKilled).join() === 'theirs';
      await until('the end of what was graded', isClean, SOON);
    } finally {
      await context.close();
      await admin.close();
    }
  });
}

/** Topics of the runs before. */
function isNotKilled(name: string): boolean {
  return !name.startsWith('killed-');
}
