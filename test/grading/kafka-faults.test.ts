import assert from 'node:assert/strict';
import test from 'node:test';

import { findJvm } from '#src/engines/jvm.ts';
import { parseSchedule } from '#src/faults/schedule.ts';
import { compareRows, type Stage } from '#src/grading/api.ts';
import { runTrial, type Ran } from '#src/grading/trial.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { grader } from '#test/grading/bench.ts';

const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
const skip = found.state === 'missing' ? found.why : false;
const noun = { one: 'record', many: 'records' };
const SIZE = 40;

/** Every record of one topic, once in the other one. */
const passOn: Stage = ({ size }) => {
  const sent = Array.from({ length: size }, (_, i) => `record ${i}`);
  const records = sent.map((value) => ({
    topic: 'in',
    partition: 0,
    key: null,
    value: Buffer.from(value),
    headers: [],
    timestampMs: 1_614_585_600_000,
  }));
  return {
    noun,
    inputs: {},
    kafka: { topics: { in: 1, out: 1 }, reads: 'in', first: records.slice(0, -10), last: records.slice(-10) },
    judge: async (trial) =>
      compareRows({
        noun,
        truth: sent.map((value) => ({ value })),
        found: (await trial.records('out')).map(({ value }) => ({ value: String(value) })),
        key: ['value'],
      }),
  };
};

await test(
  'a program on Kafka is stopped, cut off, and outlives its broker',
  { skip, timeout: 180_000, concurrency: 4 },
  async (t) => {
    const { options } = await grader(t);
    const run = async (design: string, fault: string): Promise<Ran> => {
      const { bench } = options(design);
      const schedule = parseSchedule(`v1 lab=tiny stage=1 seed=1 size=${SIZE} ${fault}`);
      const program = { ...bench.program, run: ['python', 'relay.py', design] as const };
      const ran = await runTrial(schedule, 60_000, { ...bench, program, stage: passOn });
      assert.deepEqual([ran.state, ran.fired], ['judged', schedule.faults.map(() => true)], `${fault}: ${ran.why}`);
      return ran;
    };
    const kinds = ({ history }: Ran, start: number): string[] =>
      history.filter(({ lane, incarnation }) => lane === 'program' && incarnation === start).map(({ kind }) => kind);
    const anomalies = ({ findings }: Ran): string[] => findings.map(({ anomaly }) => anomaly);

    const zombie = t.test('what a zombie still writes is written, and its commit is refused', async () => {
      for (const fault of ['pause@1/kafka.produce[out]#15:before', 'pause@1/kafka.offset[in-0]#15:before']) {
        const ran = await run('late', fault);
        assert.deepEqual(anomalies(ran), ['duplicate'], fault);
        const [first, second] = [kinds(ran, 1), kinds(ran, 2)];
        assert.deepEqual(first.filter((kind) => kind !== 'line').slice(0, 3), ['started', 'paused', 'resumed'], fault);
        assert.ok(second.includes('told'), `${fault}: ${second.join()}`);
        // Both were alive at once: the second one began before the first one went on.
        const at = (kind: string, start: number): number =>
          ran.history.find((one) => one.lane === 'program' && one.kind === kind && one.incarnation === start)?.atMs ??
          -1;
        assert.ok(at('paused', 1) < at('started', 2) && at('started', 2) < at('resumed', 1), fault);
        assert.match(ran.output, /UNKNOWN_MEMBER_ID/, fault);
      }
    });
    const fenced = t.test('one that writes in transactions under one name is fenced', async () => {
      const ran = await run('transaction', 'pause@1/kafka.endtxn#15:before');
      assert.deepEqual(anomalies(ran), []);
    });
    const cut = t.test('a connection that is cut is made again, and nothing is written twice', async () => {
      const ran = await run('late', 'cut@1/kafka.produce[out]#15:after-durable');
      assert.deepEqual([anomalies(ran), kinds(ran, 2)], [[], []]);
    });
    const crash = t.test('a broker of its own is killed and comes back with what it had accepted', async () => {
      const ran = await run('late', 'crash@1/kafka.produce[out]#15:after-durable');
      assert.deepEqual([anomalies(ran), kinds(ran, 2)], [[], []], ran.output + JSON.stringify(ran.findings));
      t.diagnostic(`the whole run ${ran.elapsedMs} ms`);
    });
    await Promise.all([zombie, fenced, cut, crash]);
  },
);
