import assert from 'node:assert/strict';
import test from 'node:test';

import type { Supervisor } from '#src/engines/supervisor.ts';
import { findJvm } from '#src/engines/jvm.ts';
import { parseSchedule, type Point } from '#src/faults/schedule.ts';
import { compareRows, passedOn, type KafkaFed, type KafkaRecord, type Stage } from '#src/grading/api.ts';
import { grade, type GradeOptions } from '#src/grading/grade.ts';
import { runTrial, type Ran } from '#src/grading/trial.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { tearingKafka } from '#test/faults/kafka-tearing.ts';
import { grader } from '#test/grading/bench.ts';

const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
const skip = found.state === 'missing' ? found.why : false;
const noun = { one: 'record', many: 'records' };
const SIZE = 40;
const LAST = 10;

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
    kafka: {
      ...{ topics: { in: 1, out: 1 }, stamped: ['out'], reads: 'in' },
      ...{ first: records.slice(0, -LAST), last: records.slice(-LAST) },
    },
    judge: async (trial) =>
      compareRows({
        noun,
        truth: sent.map((value) => ({ value })),
        found: (await trial.records('out')).map(({ value }) => ({ value: String(value) })),
        key: ['value'],
      }),
    figures: (trial) => passedOn(trial, 'in', ['out']),
  };
};

await test(
  'a program on Kafka is stopped, cut off, and outlives its broker',
  { skip, timeout: 180_000, concurrency: 4 },
  async (t) => {
    const { options } = await grader(t);
    const run = async (design: string, fault: string, stage = passOn): Promise<Ran> => {
      const { bench } = options(design);
      const schedule = parseSchedule(`v1 lab=tiny stage=1 seed=1 size=${SIZE} ${fault}`);
      const program = { ...bench.program, run: ['python', 'relay.py', design] as const };
      const ran = await runTrial(schedule, 60_000, { ...bench, program, stage });
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
      assert.deepEqual([anomalies(ran), kinds(ran, 2), ran.figures], [[], [], []]);
    });
    const crash = t.test('a broker of its own is killed and comes back with what it had accepted', async () => {
      const ran = await run('late', 'crash@1/kafka.produce[out]#15:after-durable');
      assert.deepEqual([anomalies(ran), kinds(ran, 2)], [[], []], ran.output + JSON.stringify(ran.findings));
      t.diagnostic(`the whole run ${ran.elapsedMs} ms`);
    });
    const slow = t.test('an answer that is late is waited for', async () => {
      const ran = await run('late', 'slow@1/kafka.produce[out]#15:after-durable=500ms');
      assert.deepEqual([anomalies(ran), kinds(ran, 2)], [[], []]);
      const lateMs = toldAfter(ran);
      assert.ok(lateMs > 450, `it went on ${lateMs} ms after Kafka had it`);
    });
    const calm = t.test(
      'undisturbed, how long the last records took is measured, to the end of a transaction',
      async () => {
        for (const design of ['late', 'transaction'] as const) {
          let seen: Seen = { fed: [], out: [] };
          const ran = await run(design, '', async (input) => ({
            ...(await passOn(input)),
            figures: async (trial) => {
              seen = { fed: trial.fed('in'), out: await trial.records('out') };
              return passedOn(trial, 'in', ['out']);
            },
          }));
          assert.match(String(ran.figures), /^10 records, .* within [\d,]+ ms \(p99; median [\d,]+ ms\);/, design);
          isMeasured(seen, design);
        }
      },
    );
    const torn = t.test('where Kafka itself tears a transaction, the verdict says so and blames nobody', () =>
      tellsTorn(options('torn')),
    );
    await Promise.all([zombie, fenced, cut, crash, slow, calm, torn]);
  },
);

async function tellsTorn(its: GradeOptions): Promise<void> {
  const program = { ...its.bench.program, run: ['python', 'relay.py', 'transaction'] as const };
  const supervisor = tearing(its.bench.supervisor);
  const bench = { ...its.bench, program, supervisor, stage: passOn };
  const { verdict, text } = await grade({ ...its, level: 'quick', size: SIZE, minSize: SIZE, bench });
  assert.equal(verdict.state, 'unknown', text);
  const words = text.replace(/\s+/g, ' ');
  assert.match(
    words,
    /Kafka itself tore a transaction: it accepted the commit of the one that group began with offset 11 of out-0,/,
  );
  assert.match(words, /don't see 10 of its 10 records .* This is no mistake of your program/);
  assert.deepEqual(verdict.findings, []);
}

/** All that is leased, but with a Kafka that takes back what is the second transaction of a program. */
function tearing(supervisor: Pick<Supervisor, 'lease'>): Pick<Supervisor, 'lease'> {
  return {
    lease: async (...asked) => {
      const lease = await supervisor.lease(...asked);
      const { address } = lease;
      if (address.kind !== 'service' || address.engine !== 'kafka') return lease;
      const kafka = await tearingKafka(address.env['KAFKA_BOOTSTRAP'] ?? '', 2);
      return {
        address: { ...address, env: { ...address.env, KAFKA_BOOTSTRAP: kafka.bootstrap } },
        harm: (how) => lease.harm(how),
        [Symbol.asyncDispose]: async () => {
          await kafka[Symbol.asyncDispose]();
          await lease[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** How long it was from the moment in which Kafka had record 15 until the program went on. */
function toldAfter({ history }: Ran): number {
  const passed = history.filter(
    ({ boundary, since = 0, nth = 0 }) => boundary === 'kafka.produce' && since < 15 && nth >= 15,
  );
  const at = (due: Point): number => passed.find(({ point }) => point === due)?.atMs ?? NaN;
  return at('client-moved-on') - at('after-durable');
}

interface Seen {
  readonly fed: readonly KafkaFed[];
  readonly out: readonly KafkaRecord[];
}

function isMeasured({ fed, out }: Seen, design: 'late' | 'transaction'): void {
  // The first ones lay there when it started.
  const offsets = Array.from({ length: LAST }, (_, i) => SIZE - LAST + i);
  assert.deepEqual(
    fed.map(({ partition, offset }) => [partition, offset]),
    offsets.map((offset) => [0, offset]),
  );
  const began = fed[0]?.atMs ?? 0;
  assert.ok(began > Date.now() - 60_000 && began <= Date.now(), 'by our clock');
  assert.equal(out.length, SIZE);
  for (const { timestampMs, readableMs = 0, offset, headers } of out) {
    const words = `${design}: ${offset}, written at ${timestampMs}, readable at ${readableMs}, fed at ${began}`;
    assert.ok(readableMs >= timestampMs && readableMs <= Date.now(), words);
    // By the broker's own time, what came first was there before the last was fed; ten seconds are for a slow answer.
    const isLast = Number(String(headers[0]?.[1]).split(':')[1]) >= SIZE - LAST;
    assert.ok(isLast ? readableMs > began - 10_000 : readableMs <= began, words);
  }
  // In a transaction they are there when it ends, and not when they are written.
  const waited = out.filter(({ timestampMs, readableMs = 0 }) => readableMs > timestampMs).length;
  assert.ok(design === 'transaction' ? waited > 0 : waited === 0, `${design}: ${waited} waited`);
}
