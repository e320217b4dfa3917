import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { replaceBetween } from '#src/content/pages.ts';
import { formatSchedule, type Schedule } from '#src/faults/schedule.ts';
import { signal, start } from '#src/process.ts';
import { pool, runOne, schedulesOf, type Subject } from '#test/gate/runs.ts';
import { labSubjects, tinySubject } from '#test/gate/subjects.ts';
import { grader } from '#test/grading/bench.ts';

/** Zero false reds in so many runs says with 95 % certainty that fewer than one in a hundred would be. */
const FAULT_RUNS = 300;
const RIGHT = ['same-transaction', 'upsert', 'swap'];
const WRONG: Readonly<Record<string, string>> = { after: 'duplicate', before: 'lost', 'per-row': 'duplicate' };
const AT_ONCE = 2;
/** Schedules of one program at one stage and one seed, at most. */
const OF_EACH = 8;

interface Tally {
  runs: number;
  schedules: number;
  unfired: number;
  /** Schedules of which two runs said different things. */
  differing: string[];
  /** What was said of right programs beside `right`. */
  wrong: string[];
  /** Wrong designs that no schedule caught, or by another name. */
  missed: string[];
}

test('the graders are right, again and again, on a machine that is busy', { timeout: 5_400_000 }, async (t) => {
  const own = await grader(t);
  await keepOneCoreBusy(t);
  const began = performance.now();
  const tally: Tally = { runs: 0, schedules: 0, unfired: 0, differing: [], wrong: [], missed: [] };
  const all = [...RIGHT.map((design) => tinySubject(own, design, 100)), ...(await labSubjects(own, own.paths))];
  const right = new Set(all);
  // Each schedule is run twice; every program has its turn in the first round, however many there are.
  const ofEach = Math.min(OF_EACH, Math.ceil(FAULT_RUNS / 2 / right.size));
  for (let seed = 1; tally.runs < FAULT_RUNS; seed++) {
    for (const subject of right) {
      const schedules = await schedulesOf(subject, seed);
      // A stage that breaks nothing has nothing to try.
      if (schedules.length === 0) right.delete(subject);
      // What no kill shows has its turn whatever the distances are.
      const beside = seed === 1 ? oneOfEachAction(schedules) : [];
      await tryTwice(subject, [...new Set([...beside, ...spread(schedules, ofEach, seed)])], tally);
    }
  }
  const seconds = (performance.now() - began) / 1000;
  const correct = { ...tally };
  for (const [design, anomaly] of Object.entries(WRONG)) await caught(tinySubject(own, design, 100), anomaly, tally);
  const figures = [
    `${correct.runs} fault runs of ${right.size} right programs and stages: ${tally.wrong.length} false reds`,
    `${tally.schedules} schedules, each run twice: ${tally.differing.length} with two answers, ${tally.unfired} unfired`,
    `${Object.keys(WRONG).length} wrong designs: ${tally.missed.length} not caught or by another name`,
    `${((60 * correct.runs) / seconds).toFixed(0)} fault runs a minute, ${AT_ONCE} at once, one core of ${availableParallelism()} kept busy`,
  ];
  for (const line of figures) t.diagnostic(line);
  await keep(
    figures,
    own.paths.root,
    (await own.supervisor.status()).find(({ name }) => name === 'postgres'),
  );
  assert.deepEqual([tally.wrong, tally.differing, tally.missed, tally.unfired], [[], [], [], 0]);
});

/** So many of them at even distances; another seed begins elsewhere. */
function spread<T>(all: readonly T[], count: number, seed: number): T[] {
  const step = Math.max(1, all.length / count);
  const picked = Array.from({ length: Math.min(count, all.length) }, (_, i) => Math.floor(i * step + (seed % step)));
  return picked.flatMap((at) => all.slice(at % all.length, (at % all.length) + 1));
}

/** The first of each that is no kill: pauses, crashes, slots that rewind. */
function oneOfEachAction(all: readonly Schedule[]): Schedule[] {
  const byAction = new Map<string, Schedule>();
  for (const schedule of all.toReversed()) byAction.set(schedule.faults[0]?.action ?? '', schedule);
  byAction.delete('kill');
  return [...byAction.values()];
}

/** Both answers must be the same, and of a right program they must be `right`. */
async function tryTwice(subject: Subject, schedules: readonly Schedule[], tally: Tally): Promise<void> {
  await pool(schedules, AT_ONCE, async (schedule) => {
    const said = [(await runOne(subject, schedule)).said, (await runOne(subject, schedule)).said];
    const told = `${subject.name}: ${formatSchedule(schedule)}: ${said.join(', then ')}`;
    tally.runs += 2;
    tally.schedules++;
    tally.unfired += said.filter((one) => one === 'unfired').length;
    if (said[0] !== said[1]) tally.differing.push(told);
    if (said.some((one) => one !== 'right' && one !== 'unfired')) tally.wrong.push(told);
  });
}

async function caught(subject: Subject, anomaly: string, tally: Tally): Promise<void> {
  const found = new Set<string>();
  const schedules = await schedulesOf(subject, 1);
  await pool(schedules.slice(0, 12), AT_ONCE, async (schedule) => {
    const [one, other] = [await runOne(subject, schedule), await runOne(subject, schedule)];
    tally.schedules++;
    if (one.said !== other.said)
      tally.differing.push(`${subject.name}: ${formatSchedule(schedule)}: ${one.said}, then ${other.said}`);
    if (one.said === 'unfired') tally.unfired++;
    else if (one.said !== 'right') found.add(one.said);
  });
  if (found.size !== 1 || !found.has(anomaly)) tally.missed.push(`${subject.name}: ${[...found].join(', ')}`);
}

async function keepOneCoreBusy(t: TestContext): Promise<void> {
  const busy = await start([process.execPath, '-e', 'for (;;);'], { output: 'ignore' });
  t.after(() => signal(busy.pid, 'SIGKILL'));
}

/** `GATE_WRITE=1 npm run gate grading` puts the figures into docs/grading.md. */
async function keep(figures: readonly string[], root: string, postgres: object | undefined): Promise<void> {
  if (process.env['GATE_WRITE'] !== '1') return;
  const path = join(root, 'docs', 'grading.md');
  const version = postgres !== undefined && 'version' in postgres ? String(postgres.version) : 'unknown';
  const when = `On ${new Date().toISOString().slice(0, 10)}; ${process.platform} ${process.arch}, ${availableParallelism()} cores, Node ${process.versions.node}, PostgreSQL ${version}:`;
  const text = [when, figures.map((line) => `- ${line}`).join('\n')].join('\n\n');
  const page = replaceBetween(await readFile(path, 'utf8'), 'gate', text);
  if (page === undefined) throw new Error('docs/grading.md has no place for the figures');
  await writeFile(path, page);
}
