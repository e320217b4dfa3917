import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { until, within } from '#src/deadline.ts';
import { ownRoot } from '#src/paths.ts';
import { forEachLine, marked, signal, start } from '#src/process.ts';
import { dej } from '#test/cli/dej.ts';
import { place, programs, verdictIn, type Place } from '#test/commands/attack-place.ts';
import { SOON } from '#test/engines/clone.ts';

const root = ownRoot(import.meta.dirname);
const SETUP = ['--setup', join(programs, 'schema.sql')];

const GIVEN = ['--folder', programs, '--input', join(programs, 'data'), '--json'];

/** One attack through the front door: its exit code and its verdict. */
async function attacked({ env }: Place, flags: readonly string[], design: string) {
  const { code, stdout, stderr } = await dej(['attack', ...GIVEN, ...flags, '--', 'python', 'loaders.py', design], env);
  return { code, ...verdictIn(stdout, stderr) };
}

test('a program of no lab is broken at its commits, and told what it leaves then', { timeout: 600_000 }, async (t) => {
  const own = await place(t);
  await byItself(t, own);
  await byWhatItLeaves(t, own);
  await byWhatIsAskedFor(t, own);
});

async function byItself(t: TestContext, own: Place): Promise<void> {
  await t.test('one that upserts survives, and the build server reads it', async () => {
    const junit = join(own.journal, 'report.xml');
    const { code, verdict, text } = await attacked(own, [...SETUP, '--compare', 'orders', '--junit', junit], 'upsert');
    assert.equal(code, 0, text);
    assert.equal(verdict.points.survived, verdict.points.tried);
    assert.equal(verdict.points.possible, 12);
    assert.match(text, /^✓ python loaders\.py upsert +survived/);
    assert.match(text, /Compared +orders \(40 rows\)/);
    const xml = await readFile(junit, 'utf8');
    assert.match(xml, new RegExp(`tests="${verdict.points.tried + 1}" failures="0" errors="0"`));
  });

  await t.test('one that appends doubles its rows, and its line shows it again', async () => {
    const junit = join(own.journal, 'doubled.xml');
    const { code, verdict, text } = await attacked(own, [...SETUP, '--compare', 'log', '--junit', junit], 'append');
    assert.equal(code, 1, text);
    assert.equal(verdict.findings[0]?.anomaly, 'duplicate');
    assert.match(text, /Left out +log\.n: numbers that PostgreSQL gives/);
    const line = verdict.schedule ?? '';
    assert.match(line, /^v1 lab=attack-loaders-[0-9a-f]{6} stage=1 seed=42 size=1 kill@1\/pg\.commit#\d:/);
    const again = await dej(['replay', line, '--json'], own.env);
    assert.equal(again.code, 1);
    assert.equal(verdictIn(again.stdout, again.stderr).verdict.findings[0]?.anomaly, 'duplicate');
    const files = await readdir(join(own.journal, 'runs', verdict.lab, 'latest'));
    assert.ok(files.includes('timeline.svg'), files.join(' '));
    const xml = await readFile(junit, 'utf8');
    // One for the run that showed it, at least, and one for the verdict; each is done again by its line.
    const failures = [...xml.matchAll(/<failure type="duplicate" message="[^"]+">([^<]+)<\/failure>/g)];
    assert.match(xml, new RegExp(`failures="${failures.length}" errors="0"`));
    assert.ok(failures.length >= 2 && failures.at(-1)?.[1]?.endsWith(`./dej replay '${line}'`), xml);
  });

  await t.test('a table that nobody made, and a column that is not there, are named', async () => {
    for (const [flags, message] of MISSING) {
      const argv = ['attack', ...GIVEN, ...flags, '--', 'python', 'loaders.py', 'upsert'];
      const { code, stderr } = await dej(argv, own.env);
      assert.match(stderr, message);
      assert.equal(code, 3);
    }
  });
}

const MISSING: [string[], RegExp][] = [
  [[...SETUP, '--compare', 'ordrs'], /no table "ordrs".*\nDid you mean orders\?/],
  [[...SETUP, '--compare', 'orders', '--ignore', 'orders.when'], /orders\.when means no column.*\nThere are orders/],
  [['--setup', 'python -c "exit(7)"', '--compare', 'orders'], /--setup python -c exit\(7\) ended with exit code 7/],
];

async function byWhatItLeaves(t: TestContext, own: Place): Promise<void> {
  await t.test('one that empties the table first shows its readers nothing', async () => {
    const setup = ['--setup', join(programs, 'yesterday.sql')];
    const { code, verdict } = await attacked(own, [...setup, '--compare', 'orders', '--atomic', 'orders'], 'empties');
    assert.equal(code, 1);
    const [found] = verdict.findings;
    assert.equal(found?.anomaly, 'partial-write');
    assert.equal(found.found, 'a reader saw 0 rows of orders, between 20 before and 40 at last');
  });

  await t.test('one that takes its input away too early loses it', async () => {
    const { code, verdict, text } = await attacked(own, [...SETUP, '--compare', 'orders'], 'forgets');
    assert.equal(code, 1, text);
    assert.equal(verdict.findings[0]?.anomaly, 'lost');
  });

  await t.test('what differs by itself is no verdict; the column is named', async () => {
    const junit = join(own.journal, 'chance.xml');
    const { code, verdict } = await attacked(own, [...SETUP, '--compare', 'orders', '--junit', junit], 'chance');
    assert.equal(code, 2);
    assert.match(
      await readFile(junit, 'utf8'),
      /failures="0" errors="1"[^]*<error type="unknown" message="[^"]+">Leave/,
    );
    assert.equal(verdict.state, 'unknown');
    assert.match(verdict.why ?? '', /two undisturbed runs .* differ in orders\.customer\./);
    assert.equal(verdict.remedy, 'Leave them out with --ignore orders.customer.');
  });

  await t.test('a file of OUTPUT_DIR is compared line by line', async () => {
    const { code, verdict } = await attacked(
      own,
      ['--setup', join(programs, 'schema.sql'), '--compare', 'orders,file:*.txt'],
      'report',
    );
    assert.equal(code, 1);
    assert.equal(verdict.findings[0]?.anomaly, 'duplicate');
    assert.match(verdict.findings[0]?.found ?? '', /lines of loaded\.txt/);
  });
}

async function byWhatIsAskedFor(t: TestContext, own: Place): Promise<void> {
  const written = async (flags: readonly string[], design: string) => {
    const given = [...GIVEN, '--compare', 'file:report.txt', ...flags];
    const { code, stdout, stderr } = await dej(['attack', ...given, '--', 'python', 'files.py', design], own.env);
    return { code, ...verdictIn(stdout, stderr) };
  };

  await t.test('--rerun: what adds to its files must not be run twice, and nothing else tells', async () => {
    const { code, verdict, text } = await written(['--rerun'], 'appends');
    assert.equal(code, 1, text);
    assert.equal(verdict.findings[0]?.anomaly, 'not-idempotent');
    assert.match(verdict.schedule ?? '', / again@1\/program\.exit#1:client-moved-on$/);
    const unasked = await written([], 'appends');
    assert.deepEqual([unasked.code, unasked.verdict.state], [2, 'not-exercised'], unasked.text);
  });

  await t.test('--clock: what the clock decides is told; what it does not decide stands both tests', async () => {
    const { code, verdict, text } = await written(['--clock', '-20y'], 'dated');
    assert.equal(code, 1, text);
    assert.match(verdict.schedule ?? '', / shift@1\/program\.start#1:before=-20y$/);
    assert.match(verdict.likely[0] ?? '', /depends on the clock of the machine/);
    const whole = await written(['--rerun', '--clock', '-20y'], 'whole');
    assert.equal(whole.code, 0, whole.text);
    assert.match(whole.text, /with its clock 20 years behind\n +ran your program once more/);
  });

  await t.test(
    '--serials: numbers that PostgreSQL gives are compared, and a start that was undone took some',
    async () => {
      const { code, verdict, text } = await attacked(own, [...SETUP, '--compare', 'log', '--serials'], 'once');
      assert.equal(code, 1, text);
      assert.match(verdict.schedule ?? '', / kill@1\/pg\.commit#1:before$/);
      assert.doesNotMatch(text, /Left out/);
      const unasked = await attacked(own, [...SETUP, '--compare', 'log'], 'once');
      assert.equal(unasked.code, 0, unasked.text);
    },
  );
}

test('wrong use of attack exits with 3 before anything is started', async () => {
  const there = ['--folder', programs, '--compare', 'orders'];
  const cases: [string[], RegExp][] = [
    [there, /no program to attack\nWrite it last/],
    [['--', 'true'], /nothing is named that could be compared\nName the results: --compare/],
    [[...there, '--', 'no-such-program'], /no program "no-such-program".*\nIt is looked for in PATH/],
    [['--compare', 'bucket:orders', '--', 'true'], /"bucket" can't be compared\nTables/],
    [['--compare', 'topic:a/b', '--', 'true'], /"a\/b" can't be the name of a topic/],
    [[...there, '--topic', 'a b', '--', 'true'], /--topic "a b" names no topic\nWrite --topic orders/],
    [[...there, '--topic', 'a:0', '--', 'true'], /it can't have 0 partitions/],
    [[...there, '--topic', 'a=nowhere', '--', 'true'], /--topic a: there is no file/],
    [[...there, '--idle', '3', '--', 'true'], /--idle says when a stream is done\nSay --stream/],
    [['--compare', 'file:../x', '--', 'true'], /lies outside OUTPUT_DIR/],
    [[...there, '--ignore', 'x', '--', 'true'], /"x" names no column of a table/],
    [[...there, '--input', 'nowhere', '--', 'true'], /--input: there is no folder/],
    [[...there, '--setup', 'nowhere.sql', '--', 'true'], /--setup: there is no file/],
    [[...there, '--env', 'X', '--', 'true'], /--env "X" is no variable/],
    [[...there, '--pass', 'DEJ_NOT_THERE', '--', 'true'], /your shell has no such variable/],
    [[...there, '--level', 'deep', '--', 'true'], /one of quick, full, overnight/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await dej(['attack', ...args]);
    assert.match(stderr, message, args.join(' '));
    assert.equal(code, 3, args.join(' '));
  }
});

test(
  'an attack that is killed leaves nothing; one that is stopped says what it knows',
  { timeout: 300_000 },
  async (t) => {
    const own = await place(t);
    const begin = async (seen: (line: string) => boolean) => {
      const args = ['attack', ...GIVEN, ...SETUP, '--compare', 'orders', '--', 'python', 'loaders.py', 'upsert'];
      // The process itself and not the launcher before it, so that the signal reaches the attack.
      const script = `await (await import('#src/cli/main.ts')).main(${JSON.stringify(args)});`;
      const argv = [process.execPath, '--input-type=module-typescript', '-e', script] as const;
      const child = await start([...argv], { cwd: root, env: { ...process.env, ...own.env } });
      const lines: string[] = [];
      child.stderr.resume();
      forEachLine(child.stdout, (line) => lines.push(line));
      const isThere = (): true | undefined => (lines.some(seen) ? true : undefined);
      await until('its first tries', isThere, { deadlineMs: 120_000 });
      return { child, lines };
    };
    const tries = (line: string): boolean => line.includes('"what":"trying"');

    const killed = await begin(tries);
    signal(killed.child.pid, 'SIGKILL');
    await within('its end', killed.child.exited, SOON);
    const marker = `grade-${killed.child.pid}-`;
    const scratch = (): Promise<string[]> => readdir(own.paths.scratch).catch(() => []);
    const [folder = ''] = (await scratch()).filter((name) => name.startsWith(marker));
    assert.notEqual(folder, '', 'its folder is still there');
    await until('no survivor', async () => (await marked(folder)).length === 0, SOON);

    const stopped = await begin(tries);
    assert.ok(!(await scratch()).includes(folder), 'its successor has cleared up');
    signal(stopped.child.pid, 'SIGINT');
    const { code } = await within('its end', stopped.child.exited, SOON);
    const { verdict, text } = verdictIn(stopped.lines.join('\n'), '');
    assert.equal(verdict.state, 'unknown');
    assert.equal(verdict.stopped, true);
    assert.match(text, /Picture +\S+\/latest\/timeline\.svg/);
    const told = stopped.lines.map((line) => (JSON.parse(line) as { readonly elapsedMs?: number }).elapsedMs);
    const clock = told.filter((ms) => ms !== undefined);
    assert.ok(clock.length > 2, `told ${clock.length} times`);
    assert.deepEqual(
      clock,
      [...clock].sort((a, b) => a - b),
      'one clock, from the recordings on',
    );
    assert.equal(code, 2);
  },
);
