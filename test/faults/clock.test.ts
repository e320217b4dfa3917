import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { attack, type Attacked, type AttackOptions } from '#src/faults/attack.ts';
import { readShift, shift } from '#src/faults/clock.ts';
import { capture } from '#src/process.ts';

const DAY_MS = 86_400_000;

interface Shown extends Attacked {
  /** What the program printed, as JSON. */
  readonly said: Readonly<Record<string, unknown>>;
}

async function place(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dej clock-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function run(
  folder: string,
  argv: AttackOptions['argv'],
  by: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Shown> {
  const attacked = await attack({
    schedule: { lab: 'x', stage: 1, seed: 1, size: 3, faults: [shift(by)] },
    argv,
    cwd: folder,
    env,
    deadlineMs: 30_000,
  });
  const json = /^\{.*\}$/m.exec(attacked.output)?.[0];
  return { ...attacked, said: JSON.parse(json ?? '{}') as Record<string, unknown> };
}

const PYTHON = `
import copy, datetime, json, os, pickle, subprocess, sys, time, warnings
from datetime import date, datetime as moment, timedelta, timezone

class Mine(moment):
    pass

def ms(naive):
    return naive.timestamp() * 1000

now = moment.now()
child = "import datetime; print(datetime.datetime.now().timestamp() * 1000)"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    utc = moment.utcnow().replace(tzinfo=timezone.utc)
began = time.monotonic()
time.sleep(0.02)
print(json.dumps({
    "times": [
        time.time() * 1000, time.time_ns() / 1e6, time.clock_gettime(time.CLOCK_REALTIME) * 1000, ms(now), ms(utc),
        ms(moment.now(timezone.utc)), ms(moment.now(timezone(timedelta(hours=5)))), ms(moment.today()), ms(Mine.now()),
        time.mktime(time.localtime()) * 1000, time.mktime(time.strptime(time.ctime())) * 1000,
        time.mktime(time.strptime(time.strftime("%Y-%m-%d %H:%M:%S"), "%Y-%m-%d %H:%M:%S")) * 1000,
        float(subprocess.check_output([sys.executable, "-c", child])),
    ],
    "real": os.stat(__file__).st_mtime * 1000,
    "day": date.today().isoformat() == time.strftime("%Y-%m-%d"),
    "gm": time.gmtime()[:3] == utc.timetuple()[:3],
    "fixed": [time.gmtime(0).tm_year, time.strftime("%Y", time.gmtime(0)), time.asctime(time.gmtime(0))[-4:]],
    "classes": [type(now) is datetime.datetime, type(Mine.now()) is Mine, type(Mine.today()) is Mine, isinstance(now, date)],
    "kept": [pickle.loads(pickle.dumps(now)) == now, copy.deepcopy(Mine.now()).__class__ is Mine,
             type(now - timedelta(1)) is moment, moment.fromisoformat(now.isoformat()) == now],
    "own": sys.modules["sitecustomize"].__dict__.get("MINE"),
    "waited": 10 < (time.monotonic() - began) * 1000 < 10000,
}))
`;

const NODE = `
import { execFileSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
class Mine extends Date {}
const date = new Date();
const year = new Intl.DateTimeFormat('en', { year: 'numeric', timeZone: 'UTC' });
const thread = await new Promise((told) =>
  new Worker("require('node:worker_threads').parentPort.postMessage(Date.now())", { eval: true }).once('message', told));
console.log(JSON.stringify({
  times: [Date.now(), date.getTime(), +new Mine(), Date.parse(Date()), +structuredClone(date), thread,
    Number(execFileSync(process.execPath, ['-p', 'Date.now()']))],
  fixed: [new Date(0).getTime(), Date.UTC(1970, 0, 1), new Date(2020, 1, 1).getMonth(), Date.length, Date.name],
  classes: [date instanceof Date, new Mine() instanceof Mine, new Mine() instanceof Date, date.constructor === Date,
    Object.getPrototypeOf(new Mine()) === Mine.prototype, typeof Date() === 'string'],
  year: [year.format(), year.format(date), year.formatToParts().at(-1).value].every((one) => one === String(date.getUTCFullYear())),
  origin: performance.timeOrigin,
}));
`;

function near(value: unknown, expected: number, what: string): void {
  assert.ok(typeof value === 'number' && Math.abs(value - expected) < 60_000, `${what}: ${String(value)}, ${expected}`);
}

test('a shift is a sign, a number and a unit', () => {
  assert.deepEqual(
    [readShift('+1d').ms, readShift('-90m').ms, readShift('-20y').ms / DAY_MS],
    [DAY_MS, -5_400_000, -7300],
  );
  for (const wrong of ['1d', '+1', '+0s', '-1w', '+99y', '', '+1.5d'])
    assert.throws(() => readShift(wrong), { name: 'LearnerError' }, wrong);
});

test('every way in which Python tells the time is shifted, and nothing else', async (t) => {
  const folder = await place(t);
  const libraries = join(folder, 'libraries');
  await mkdir(libraries);
  await writeFile(join(libraries, 'sitecustomize.py'), 'MINE = "kept"\n');
  await writeFile(join(folder, 'job.py'), PYTHON);
  for (const [by, ms] of [
    ['+1d', DAY_MS],
    ['-1h', -3_600_000],
  ] as const) {
    const { said, fired, ended, history } = await run(folder, ['python3', 'job.py'], by, { PYTHONPATH: libraries });
    assert.deepEqual([ended, fired], ['completed', [true]], by);
    const { times, real, ...kept } = said;
    for (const [at, time] of (times as unknown[]).entries()) near(time, Date.now() + ms, `${by}, time ${at}`);
    near(real, Date.now(), 'files keep the real time');
    assert.deepEqual(kept, {
      day: true,
      gm: true,
      fixed: [1970, '1970', '1970'],
      classes: [true, true, true, true],
      kept: [true, true, true, true],
      own: 'kept',
      waited: true,
    });
    const marks = history.filter(({ kind }) => kind === 'fired');
    assert.deepEqual(
      marks.map(({ lane, text, incarnation }) => [lane, text, incarnation]),
      [['fault', `clock ${by}`, 1]],
    );
  }
});

test('every way in which Node tells the time is shifted, in its children and threads too, and nothing else', async (t) => {
  const folder = await place(t);
  await writeFile(join(folder, 'job.mjs'), NODE);
  const { said, fired } = await run(folder, [process.execPath, 'job.mjs'], '-20y', { NODE_OPTIONS: '--no-warnings' });
  assert.deepEqual(fired, [true]);
  for (const [at, time] of (said['times'] as unknown[]).entries())
    near(time, Date.now() - 20 * 365 * DAY_MS, `time ${at}`);
  near(said['origin'], Date.now(), 'where performance counts from');
  assert.deepEqual(said['fixed'], [0, 0, 1, 7, 'Date']);
  assert.deepEqual(said['classes'], [true, true, true, true, true, true]);
  assert.equal(said['year'], true);
});

test('a program whose clock could not be moved is not said to have had another', async (t) => {
  const folder = await place(t);
  const words = 'import json, time; print(json.dumps({"ms": time.time() * 1000}))';
  const { said, fired, history } = await run(folder, ['python3', '-I', '-c', words], '+1d');
  assert.deepEqual(fired, [false]);
  near(said['ms'], Date.now(), 'isolated, it reads the real clock');
  assert.ok(!history.some(({ kind }) => kind === 'fired'));
});

test('a shift holds from its start on, also for a start after a kill', async (t) => {
  const folder = await place(t);
  const job = join(folder, 'job.mjs');
  await writeFile(
    job,
    `import { appendFileSync } from 'node:fs';
    appendFileSync('seen', Math.round((Date.now() - ${Date.now()}) / 3600000) + ' ');
    const { payments } = await (await fetch(process.env.PAYMENTS_URL + '/payments')).json();
    for (const { id } of payments) await fetch(process.env.PAYMENTS_URL + '/payments/' + id + '/settle', { method: 'POST' });`,
  );
  const fault = { incarnation: 1, boundary: 'http.request', nth: 1, point: 'before' } as const;
  const { fired, exits } = await attack({
    schedule: {
      ...{ lab: 'x', stage: 1, seed: 1, size: 1 },
      faults: [
        { ...shift('-1h'), incarnation: 2 },
        { ...fault, action: 'kill' },
        { ...fault, action: 'kill', incarnation: 2 },
      ],
    },
    argv: [process.execPath, 'job.mjs'],
    cwd: folder,
    env: {},
    http: { payments: [{ id: 'p-1' }] },
    deadlineMs: 30_000,
  });
  assert.deepEqual([fired, exits.length], [[true, true, true], 3]);
  assert.equal((await readFile(join(folder, 'seen'), 'utf8')).trim(), '0 -1 -1');
});

/** `faketime` is not on every machine, and this must not be the one thing that is installed for a test. */
async function hasFakeTime(): Promise<boolean> {
  return capture(['faketime', '-f', '+0', 'true']).then(
    ({ code }) => code === 0,
    () => false,
  );
}

test('what is neither Python nor Node is shifted by libfaketime, or is not said to be', async (t) => {
  const folder = await place(t);
  const { fired, output } = await run(folder, ['date', '+%s'], '+1d');
  const shown = Number(output.trim().split('\n').at(-1)) * 1000;
  const isThere = await hasFakeTime();
  t.diagnostic(isThere ? 'with libfaketime' : 'without libfaketime');
  assert.deepEqual(fired, [isThere]);
  near(shown, Date.now() + (isThere ? DAY_MS : 0), 'date');
  // Without it on PATH nothing but Python and Node can be shifted, also below a program of another kind.
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const name of ['date', 'sh']) await copyFile(await where(name), join(bin, name));
  for (const name of ['date', 'sh']) await chmod(join(bin, name), 0o755);
  const bare = await run(folder, [join(bin, 'date'), '+%s'], '+1d', { PATH: bin });
  assert.deepEqual(bare.fired, [false]);
  // What is called java is never led by libfaketime, under which it would stand still.
  await copyFile(join(bin, 'date'), join(bin, 'java'));
  const java = await run(folder, [join(bin, 'java'), '+%s'], '+1d');
  assert.deepEqual(java.fired, [false]);
  near(Number(java.output.trim().split('\n').at(-1)) * 1000, Date.now(), 'java');
  const below = `${JSON.stringify(process.execPath)} -p 'JSON.stringify({ ms: Date.now() })'`;
  const through = await run(folder, [join(bin, 'sh'), '-c', below], '+1d', { PATH: bin });
  assert.deepEqual(through.fired, [true]);
  near(through.said['ms'], Date.now() + DAY_MS, 'Node below a shell');
});

async function where(name: string): Promise<string> {
  const { stdout } = await capture(['sh', '-c', `command -v ${name}`], {
    env: { PATH: ['/bin', '/usr/bin'].join(delimiter) },
  });
  return stdout.trim();
}
