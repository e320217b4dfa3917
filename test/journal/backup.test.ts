import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { backUp, listBackups, restoreBackup } from '#src/journal/backup.ts';
import { formatOf, migrate } from '#src/journal/migrate.ts';
import { folder } from '#test/journal/folder.ts';

/** An events file of before its first line said a format. */
const OLD = new URL('../input/journal/format-0.jsonl', import.meta.url);
const NOW = Date.UTC(2026, 0, 5, 9);

test('an older format is read as it is; the first change backs everything up and then brings it to the present one', async () => {
  await using own = await folder();
  await mkdir(join(own.journal, 'concepts'), { recursive: true });
  await writeFile(join(own.journal, 'concepts', '03-idempotency.md'), 'my words\n');
  const old = await readFile(OLD, 'utf8');
  await writeFile(join(own.journal, 'events.jsonl'), old);
  const journal = own.open();
  assert.equal((await journal.read()).events.length, 3);
  assert.equal(await readFile(join(own.journal, 'events.jsonl'), 'utf8'), old, 'a look changes nothing');
  assert.deepEqual(await journal.backups(), []);
  await journal.append([{ kind: 'ticked', item: 'concepts/03-idempotency', done: true }]);
  const text = await readFile(join(own.journal, 'events.jsonl'), 'utf8');
  assert.match(text, /^\{"format":"events","version":1\}\n/);
  assert.ok(text.includes(old), 'every old line is still there');
  assert.equal((await own.open().read()).events.length, 4);
  const [backup, ...others] = await journal.backups();
  assert.match(backup?.name ?? '', /^20260101-\d{6}-before-format-1$/);
  assert.deepEqual(others, []);
  assert.equal(await readFile(join(backup?.folder ?? '', 'events.jsonl'), 'utf8'), old);
  assert.equal(await readFile(join(backup?.folder ?? '', 'concepts', '03-idempotency.md'), 'utf8'), 'my words\n');
  await own.open().append([{ kind: 'ticked', item: 'concepts/02-cdc', done: true }]);
  assert.equal((await journal.backups()).length, 1, 'the present format is not migrated again');
});

test('migrations run one after the other, from the format that the file says, and not where it is newer', async () => {
  await using own = await folder();
  await mkdir(own.journal, { recursive: true });
  const path = join(own.journal, 'events.jsonl');
  const step = (to: number) => (text: string) => text.replace(/"version":\d/, `"version":${to}`) + `step ${to}\n`;
  const options = { migrations: { 1: step(2), 2: step(3) }, target: 3 };
  await writeFile(path, '{"format":"events","version":1}\n');
  assert.match((await migrate(own.journal, () => NOW, options))?.name ?? '', /before-format-3$/);
  assert.equal(await readFile(path, 'utf8'), '{"format":"events","version":3}\nstep 2\nstep 3\n');
  assert.equal(await migrate(own.journal, () => NOW, options), undefined);
  assert.equal(await migrate(own.journal, () => NOW, { ...options, target: 2 }), undefined);
  assert.deepEqual(
    [formatOf(''), formatOf('{"id":"x"}\n'), formatOf('\n{"format":"events","version":7}')],
    [undefined, 0, 7],
  );
});

test('a failing migration leaves the file and says so', async () => {
  await using own = await folder();
  await mkdir(own.journal, { recursive: true });
  const path = join(own.journal, 'events.jsonl');
  await writeFile(path, '{"format":"events","version":1}\n');
  const migrations = {
    1: () => {
      throw new Error('a mistake of ours');
    },
  };
  await assert.rejects(
    migrate(own.journal, () => NOW, { migrations, target: 2 }),
    /a mistake of ours/,
  );
  assert.equal(await readFile(path, 'utf8'), '{"format":"events","version":1}\n');
});

test('a backup holds what the learner wrote and nothing that can be made again; restoring one loses nothing', async () => {
  await using own = await folder();
  const journal = own.open();
  await journal.append([{ kind: 'ticked', item: 'concepts/03-idempotency', done: true }]);
  for (const [name, text] of Object.entries({
    'log.md': 'an insight\n',
    'labs/tiny/main.py': 'print(1)\n',
    'labs/tiny/node_modules/x.js': 'x',
    'runs/tiny/verdict.json': '{}',
  })) {
    await mkdir(join(own.journal, name, '..'), { recursive: true });
    await writeFile(join(own.journal, name), text);
  }
  const made = await journal.backUp();
  const kept = (await readdir(made.folder, { recursive: true })).map(String).sort();
  assert.deepEqual(kept, [
    '.gitattributes',
    '.gitignore',
    'events.jsonl',
    'labs',
    'labs/tiny',
    'labs/tiny/main.py',
    'log.md',
  ]);
  await writeFile(join(own.journal, 'log.md'), 'overwritten\n');
  await rm(join(own.journal, 'labs', 'tiny', 'main.py'));
  await writeFile(join(own.journal, 'labs', 'tiny', 'new.py'), 'print(2)\n');
  const { saved } = await journal.restore(made.name);
  const at = (name: string): Promise<string> => readFile(join(own.journal, name), 'utf8');
  assert.deepEqual([await at('log.md'), await at('labs/tiny/main.py')], ['an insight\n', 'print(1)\n']);
  assert.equal(await at('labs/tiny/new.py'), 'print(2)\n', 'what is not in the backup stays');
  assert.equal(await readFile(join(saved.folder, 'log.md'), 'utf8'), 'overwritten\n', 'what was replaced is kept');
  await assert.rejects(journal.restore('20260101-000000-no'), /there is no backup/);
});

test('the newest five that were made by themselves are kept, and all that were asked for', async () => {
  await using own = await folder();
  await mkdir(own.journal, { recursive: true });
  await writeFile(join(own.journal, 'log.md'), 'words\n');
  await backUp(own.journal, 'asked', NOW);
  for (let n = 1; n <= 7; n++) await backUp(own.journal, 'before-format-2', NOW + n * 60_000);
  const names = (await listBackups(own.journal)).map(({ name }) => name);
  assert.deepEqual(
    names.map((name) => name.slice(9, 13)),
    ['0900', '0903', '0904', '0905', '0906', '0907'],
  );
  await restoreBackup(own.journal, names[1] ?? '', NOW + 3_600_000);
  assert.equal(
    await readFile(join(own.journal, 'log.md'), 'utf8'),
    'words\n',
    'the oldest can be restored, though it is pruned by that',
  );
});
