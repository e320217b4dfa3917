import assert from 'node:assert/strict';
import { join } from 'node:path';

import { forEachLine, signal, start } from '#src/process.ts';
import { random } from '#src/random.ts';
import type { Journal } from '#src/journal/journal.ts';
import { folder, type Folder } from '#test/journal/folder.ts';

const WRITER = join(import.meta.dirname, 'writer.ts');
const NODE = process.execPath;

export interface Crashed {
  readonly acknowledged: number;
  /** What was refused, where it was the disk. */
  readonly refused: string | undefined;
}

/**
 * Lets a learner write until they are killed in the middle of it, or until there is no more room: a limit on the size of
 * files, at which the kernel writes a part and refuses the rest, as a full disk does. Then looks for what was acknowledged.
 */
export async function crash(seed: number, how: 'kill' | 'full'): Promise<Crashed> {
  await using own = await folder();
  const chance = random(seed);
  const last = how === 'kill' ? 5 + chance.below(60) : Number.POSITIVE_INFINITY;
  // In units of 512 or 1,024 bytes, as the shell has it.
  const room = ['sh', '-c', `ulimit -f ${1 + chance.below(12)}; exec "$@"`, 'sh'];
  const argv = [...(how === 'full' ? room : []), NODE, WRITER, 'me', String(seed), how === 'kill' ? '1000' : '5000'];
  const env = { ...process.env, DEJ_JOURNAL: own.journal, DEJ_STATE: own.paths.state };
  const lines: string[] = [];
  const child = await start(argv as [string, ...string[]], { env });
  forEachLine(child.stdout, (line) => {
    // Lines that come after the kill were printed before it, and count.
    if (lines.push(line) === last) signal(child.pid, 'SIGKILL');
  });
  const errors: string[] = [];
  forEachLine(child.stderr, (line) => errors.push(line));
  await child.exited;
  const refused = lines.find((line) => line.startsWith('refused'));
  if (how === 'full') assert.ok(refused !== undefined, `it was refused at last: ${errors.join('\n')}`);
  const acknowledged = await checkAll(own, lines, how);
  return { acknowledged, refused };
}

async function checkAll(own: Folder, lines: readonly string[], how: 'kill' | 'full'): Promise<number> {
  const saved = lines.filter((line) => line.startsWith('saved'));
  const of = (kind: string): string[][] =>
    saved.flatMap((line) => (line.startsWith(`saved ${kind} `) ? [line.split(' ').slice(2)] : []));
  const journal = own.open();
  const { events, setAside } = await journal.read();
  const there = new Set(events.map(({ id }) => id));
  const due = of('events').flat();
  assert.deepEqual(
    due.filter((id) => !there.has(id)),
    [],
    'each event that was acknowledged is there',
  );
  assert.ok(setAside.length <= 1, 'at most the last line is torn');
  // What was refused is taken back; what a kill interrupted may have reached the disk.
  if (how === 'full') assert.equal(events.length, due.length, 'nothing that was refused is there');
  await checkLog(journal, of('log').flat(), how);
  const texts = { note: (await journal.notes('03-idempotency')).texts.get('me'), code: await journal.code(CODE) };
  for (const kind of ['note', 'code'] as const) {
    const begun = lines.filter((line) => line.startsWith(`begin ${kind} `)).map((line) => line.slice('begin '.length));
    const acknowledged = of(kind).map(([n]) => `${kind} ${n}`);
    const found = texts[kind] === undefined || texts[kind] === '' ? [] : texts[kind].split('\n');
    assert.deepEqual(found.slice(0, acknowledged.length), acknowledged, `each ${kind} that was acknowledged is there`);
    const rest = how === 'full' ? [] : begun.slice(acknowledged.length, found.length);
    assert.deepEqual(found.slice(acknowledged.length), rest, `and at most what was being saved`);
  }
  // The next one who comes neither waits for the dead nor loses a line in what they left.
  await journal.append([{ kind: 'ticked', item: 'concepts/03-idempotency', done: true }]);
  const after = await own.open().read();
  assert.equal(after.events.length, events.length + 1);
  assert.equal(after.setAside.length, setAside.length);
  return saved.length;
}

async function checkLog(journal: Journal, due: readonly string[], how: 'kill' | 'full'): Promise<void> {
  const { entries } = await journal.log();
  const there = entries.map(({ id }) => id);
  assert.deepEqual(
    due.filter((id) => !there.includes(id)),
    [],
    'each entry of the log that was acknowledged is there',
  );
  assert.ok(there.length - due.length <= (how === 'full' ? 0 : 1), 'and at most what was being saved');
  for (const { id, text } of entries) assert.equal(text, `thought ${id.replace('me-', '')}`, 'each one whole');
}

const CODE = { guide: '03-idempotency', exercise: 'me', extension: 'py' };
