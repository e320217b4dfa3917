import assert from 'node:assert/strict';
import test from 'node:test';

import { parseSchedule, type Fault } from '#src/faults/schedule.ts';
import { lateness } from '#src/faults/slowness.ts';
import type { HistoryEvent } from '#src/faults/history.ts';
import { actionCauses } from '#src/grading/cause-action.ts';
import { BESIDES_KILLS, enumerate, type Target } from '#src/grading/enumerate.ts';
import { recoveries } from '#src/grading/schedules.ts';
import { runTrial, type Ran } from '#src/grading/trial.ts';
import { causeWords, faultWords } from '#src/grading/wording.ts';
import { grader, loadOrders } from '#test/grading/bench.ts';

const base = { lab: 'tiny', stage: 2, seed: 42, size: 100 };

function faultsOf(text: string): readonly Fault[] {
  return parseSchedule(`v1 lab=tiny stage=2 seed=42 size=100 ${text}`).faults;
}

test('what takes longer than a save may is tried from the full level on, and no more of it than is worth it', () => {
  const targets: Target[] = ['in-0', 'in-1'].map((role) => ({
    boundary: 'kafka.offset',
    role,
    total: 40,
    numbers: [10, 20, 30, 40],
  }));
  const rules = [{ boundary: 'kafka.offset' }, ...BESIDES_KILLS];
  const count = (level: 'quick' | 'full' | 'overnight', action: string, at = targets): number =>
    enumerate(at, rules, level).faults.filter((fault) => fault.action === action).length;
  assert.deepEqual([count('quick', 'pause'), count('full', 'pause'), count('overnight', 'pause')], [0, 2, 8]);
  assert.deepEqual([count('quick', 'crash'), count('full', 'crash'), count('overnight', 'crash')], [0, 1, 8]);
  const writes = targets.map((target) => ({ ...target, boundary: 'kafka.produce' }));
  assert.deepEqual(
    (['quick', 'full', 'overnight'] as const).map((level) => count(level, 'cut', writes)),
    [0, 1, 8],
  );
});

test('what recovers is killed in its turn, at the first steps of its recovery', () => {
  const rules = [{ boundary: 'pg.commit' }];
  const targets = [{ boundary: 'pg.commit', total: 5 }];
  const tries = recoveries(base, enumerate(targets, rules, 'full').faults, { targets, rules });
  assert.deepEqual(
    tries.map(({ schedule: { faults } }) =>
      faults.map(({ incarnation, nth, point }) => `${incarnation} ${nth} ${point}`),
    ),
    [
      ['1 3 after-durable', '2 1 before'],
      ['1 3 before', '2 1 after-durable'],
    ],
  );
  assert.deepEqual(recoveries(base, [], { targets, rules }), []);
});

test('how late an answer may be', () => {
  assert.deepEqual([lateness(undefined), lateness('50ms'), lateness('2s')], [200, 50, 2000]);
  for (const wrong of ['0ms', '6s', '2', 'soon']) assert.throws(() => lateness(wrong), { name: 'LearnerError' });
});

test('each action says what was done, and what it shows', () => {
  const told = (text: string): string => faultWords(faultsOf(text)[0] as Fault);
  assert.match(
    told('pause@1/kafka.offset[in-0]#15:before'),
    /^stopped your program .* its group .* at offset 15 of in-0/,
  );
  assert.match(told('crash@1/kafka.produce[out]#1:before'), /^killed Kafka’s broker/);
  assert.match(told('crash@1/pg.commit#1:before'), /^killed PostgreSQL/);
  assert.match(told('slow@1/pg.commit#1:before=50ms'), /20 answers .* 50ms late each, beginning at commit 1, before/);
  const history = (['paused', 'resumed'] as const).map((kind, at): HistoryEvent => ({
    atMs: at,
    incarnation: 1,
    lane: 'program',
    kind,
    text: kind,
  }));
  const late = { boundary: 'kafka.produce', role: 'out', nth: 20, point: 'after-durable' } as const;
  const wrote: HistoryEvent = { atMs: 2, incarnation: 1, lane: 'kafka', kind: 'boundary', text: '', ...late };
  const step = (boundary: string): HistoryEvent => ({ ...wrote, boundary });
  const [joins, offset] = [step('kafka.addtxn'), step('kafka.offset')];
  const fired: HistoryEvent = { ...wrote, lane: 'fault', kind: 'fired', text: 'crash' };
  const pause = faultsOf('pause@1/kafka.offset[in-0]#15:before');
  const crash = faultsOf('crash@1/kafka.produce[out]#1:before');
  const twice = faultsOf('kill@1/pg.commit#3:after-durable kill@2/pg.commit#1:before');
  const slow = faultsOf('slow@1/pg.commit#1:before');
  for (const [faults, events, anomaly, due] of [
    [pause, [...history, wrote], 'duplicate', ['zombie-wrote']],
    [pause, history, 'duplicate', []],
    [pause, history, 'not-parked', ['kept-past-replacement']],
    [pause, [...history, wrote], 'corrupted', ['kept-past-replacement', 'zombie-wrote']],
    [crash, [], 'crashed', ['gave-up-on-engine']],
    [crash, [joins, offset, fired, joins], 'did-not-finish', ['waits-for-old-coordinator', 'gave-up-on-engine']],
    [crash, [joins, offset, fired, joins, offset], 'did-not-finish', ['gave-up-on-engine']],
    [crash, [joins, fired, joins], 'did-not-finish', ['gave-up-on-engine']],
    [crash, [], 'lost', ['not-acknowledged']],
    [twice, [], 'duplicate', ['recovery-not-restartable']],
    [slow, [], 'duplicate', ['impatient']],
  ] as const) {
    const causes = actionCauses(faults, events, [anomaly]);
    assert.deepEqual(
      causes.map(({ kind }) => kind),
      due,
    );
    for (const cause of causes) assert.match(causeWords(cause), /^[A-Z].*\.$/);
  }
});

await test('on PostgreSQL a start is stopped, replaced and let go on; answers are late; and a recovery is killed', async (t) => {
  const { options, grade } = await grader(t);
  const run = async (design: string, fault: string): Promise<Ran> => {
    const { bench } = options(design);
    const ran = await runTrial({ ...base, faults: faultsOf(fault) }, 30_000, { ...bench, stage: loadOrders });
    assert.deepEqual([ran.state, ran.fired], ['judged', [true]], `${fault}: ${ran.why ?? ran.output}`);
    return ran;
  };
  await t.test('both starts were alive, and the older one’s commit came last', async () => {
    const ran = await run('after', 'pause@1/pg.commit#2:before');
    const told = ran.history.filter(({ lane, kind }) => lane === 'program' && kind !== 'line');
    assert.deepEqual(
      told.slice(0, 4).map(({ kind, incarnation }) => `${kind} ${incarnation}`),
      ['started 1', 'paused 1', 'started 2', 'resumed 1'],
    );
    const late = ran.history.filter(
      ({ incarnation, point, atMs }) => incarnation === 1 && point === 'after-durable' && atMs > (told[3]?.atMs ?? 0),
    );
    assert.ok(late.length > 0);
    assert.ok(ran.findings.some(({ anomaly }) => anomaly === 'duplicate'));
  });
  await t.test('an answer that is late is waited for', async () => {
    const calm = await run('after', 'slow@1/pg.commit#2:before=1ms');
    const ran = await run('after', 'slow@1/pg.commit#2:before=100ms');
    assert.deepEqual([calm.findings, ran.findings], [[], []]);
    assert.ok(ran.elapsedMs > 1500, `${ran.elapsedMs} ms`);
  });
  await t.test('a program that recovers once is caught by a double kill alone', async () => {
    const { verdict } = await grade('', {
      size: 40,
      minSize: 40,
      bench: { ...options('').bench, program: { ...options('').bench.program, run: ['python', 'recovers_once.py'] } },
    });
    assert.equal(verdict.state, 'failed');
    assert.equal(verdict.findings[0]?.anomaly, 'duplicate');
    assert.equal(parseSchedule(verdict.schedule ?? '').faults.length, 2);
    assert.match(verdict.likely.join(), /not from a second/);
  });
});
