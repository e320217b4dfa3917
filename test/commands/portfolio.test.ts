import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { createContext, type Context } from '#src/commands/context.ts';
import { copyOf, labOf, runsOf } from '#src/commands/labs.ts';
import { makePortfolio, portfolioOffer, readPortfolio } from '#src/commands/portfolio.ts';
import { startLab } from '#src/commands/start.ts';
import type { HistoryEvent } from '#src/faults/history.ts';
import { hashProgram } from '#src/grading/program.ts';
import { openRun, writeRun } from '#src/grading/run-folder.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import { utcZone } from '#src/study/day.ts';
import { folder, type Folder } from '#test/journal/folder.ts';

const LAB = 'batch-error-handling';
const CANARY = 'canary-7f3a';
const SCHEDULE = `v1 lab=${LAB} stage=2 seed=42 size=120 kill@1/pg.commit#1:after-durable`;

/** A learner who passed stage 2 after a first red; everywhere about them stands a word that nobody else may read. */
async function learner({ paths, journal }: Folder): Promise<Context> {
  const context = createContext(paths, { clock: () => Date.UTC(2026, 0, 7, 9), zone: utcZone });
  await startLab({ lab: LAB, language: 'python' }, context);
  const lab = await labOf(LAB, context);
  const own = copyOf(lab, context);
  await cp(join(lab.folder, 'solution', 'python'), own, { recursive: true });
  await writeFile(join(own, '.env'), `PASSWORD=${CANARY}\n`);
  await mkdir(join(journal, 'concepts'), { recursive: true });
  await writeFile(join(journal, 'concepts', '03-idempotency.md'), `${CANARY}\n`);
  await context
    .journal()
    .changeLog({ type: 'add', id: 'a1', day: '2026-01-05', kind: 'insight', text: 'The effect is its own record.' });
  await context
    .journal()
    .changeLog({ type: 'add', id: 'b2', day: '2026-01-05', kind: 'insight', text: `${CANARY}, not for others` });
  await context.journal().changeLog({ type: 'add', id: 'c3', day: '2026-01-05', kind: 'question', text: `${CANARY}?` });
  const points = { survived: 12, tried: 12, planned: 12, possible: 12 };
  const base = {
    schema: 1 as const,
    lab: LAB,
    stage: 2,
    title: 'Killed at every step',
    level: 'quick' as const,
    language: 'python',
    seed: 42,
    size: 120,
    points,
    did: [],
    findings: [],
    likely: [],
    program: { hash: await hashProgram(own), argv: ['python', 'main.py'] },
    engines: { postgres: '18.1' },
    elapsedMs: 9,
    folder: `/home/${CANARY}/journal/runs`,
    stopped: false,
  } satisfies Partial<Verdict>;
  const red: Verdict = {
    ...base,
    state: 'failed',
    schedule: SCHEDULE,
    findings: [
      {
        anomaly: 'duplicate',
        expected: '100 orders',
        found: '115 orders, 15 of them twice',
        count: 15,
        witnesses: ['o-1 ×2'],
      },
    ],
    output: { lastLines: [`user ${CANARY}`], log: `/home/${CANARY}/program.log` },
    startedAt: '2026-01-05T09:00:00.000Z',
  };
  await run(red, context);
  await run({ ...base, state: 'passed', startedAt: '2026-01-06T09:00:00.000Z' }, context);
  return context;
}

async function run(verdict: Verdict, context: Context): Promise<void> {
  const runs = runsOf(await labOf(LAB, context), context);
  const stamp = verdict.startedAt.replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const place = await openRun(runs, `${stamp}-stage2`);
  const event = (atMs: number, kind: string, text: string, more: Partial<HistoryEvent> = {}): HistoryEvent => ({
    atMs,
    incarnation: 1,
    lane: 'program',
    kind,
    text,
    ...more,
  });
  const history = [
    event(0, 'started', `/home/${CANARY}/bin/python main.py`),
    event(1, 'line', `I am ${CANARY}`),
    event(2, 'commit', '', { lane: 'postgres', boundary: 'pg.commit', nth: 1, point: 'after-durable' }),
    event(3, 'exited', 'exit 0'),
  ];
  await writeRun(runs, place, { verdict, text: CANARY, history, output: CANARY, picture: undefined, list: [] });
}

async function pagesOf(place: string): Promise<Map<string, string>> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [file.slice(place.length + 1), await readFile(file, 'utf8')] as const)),
  );
}

test('a portfolio says what was built and how it was broken, and nothing that was not chosen', async () => {
  await using own = await folder();
  const context = await learner(own);
  const offer = await portfolioOffer(context);
  assert.deepEqual(
    offer.labs.map(({ id, stages }) => [id, stages]),
    [[LAB, [2]]],
  );
  const wanted = offer.insights.find(({ text }) => text.startsWith('The effect'));
  const made = await makePortfolio({ insights: [wanted?.id ?? ''] }, context);
  assert.deepEqual([made.claims, made.insights], [1, 1]);
  const files = await pagesOf(join(own.journal, 'portfolio'));
  assert.deepEqual([...files.keys()].filter((name) => !name.startsWith('code/')).sort(), [
    'README.md',
    `card-${LAB}.svg`,
    'index.html',
    `lab-${LAB}.html`,
    `pictures/${LAB}-stage2-green.svg`,
    `pictures/${LAB}-stage2-red.svg`,
    'portfolio.json',
  ]);
  for (const name of ['README.md', `lab-${LAB}.html`]) {
    const text = files.get(name) ?? '';
    for (const said of [
      SCHEDULE.replaceAll('>', '&gt;'),
      '12 of 12 crash points survived',
      'duplicate',
      'postgres 18.1',
    ])
      assert.ok(text.includes(said), `${name} says ${said}`);
  }
  assert.match(files.get('index.html') ?? '', /The effect is its own record/);
  assert.match(files.get(`card-${LAB}.svg`) ?? '', /First red on 2026-01-05: 115 orders/);
  const user = userInfo().username;
  const secrets = [CANARY, homedir(), own.paths.root, own.journal, ...(user.length > 4 ? [user] : [])];
  for (const [name, text] of files) {
    for (const secret of secrets) assert.ok(!text.includes(secret), `${name} tells ${secret}`);
    if (!name.startsWith('code/'))
      assert.doesNotMatch(text, /<script|src="(?!pictures|card)|https?:\/\/(?!www\.w3\.org)/, name);
  }
});

test('a folder that it did not make is left alone, and so is one with a file of the learner’s in it', async () => {
  await using own = await folder();
  const context = await learner(own);
  const place = join(own.paths.state, 'mine');
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'thesis.txt'), 'years of work');
  await assert.rejects(makePortfolio({ folder: place }, context), /is no portfolio/);
  assert.deepEqual(await readdir(place), ['thesis.txt']);
  const other = join(own.paths.state, 'portfolio');
  await makePortfolio({ folder: other }, context);
  await makePortfolio({ folder: other }, context);
  assert.equal((await readPortfolio(other))?.labs.length, 1);
  await writeFile(join(other, 'about-me.txt'), 'words');
  await assert.rejects(makePortfolio({ folder: other }, context), /about-me\.txt/);
  assert.equal(await readFile(join(other, 'about-me.txt'), 'utf8'), 'words');
});

test('code that names the machine does not go in, and the refusal names the file', async () => {
  await using own = await folder();
  const context = await learner(own);
  const path = join(copyOf(await labOf(LAB, context), context), 'files.py');
  await writeFile(path, `ROOT = "${own.paths.root}/data"\n`);
  await assert.rejects(makePortfolio({}, context), /files\.py has .* in it, which tells of your machine/);
  const [offered] = (await portfolioOffer(context)).labs;
  assert.match(offered?.trouble ?? '', /files\.py/);
  await assert.rejects(makePortfolio({ labs: [] }, context), /nothing to show yet/);
});
