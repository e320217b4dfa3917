import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { tail } from '#src/engines/log.ts';

async function logPath(t: test.TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'logs', 'engine.log');
}

test('a log keeps its last 50 lines at hand, and all of them in a file that goes on', async (t) => {
  const path = await logPath(t);
  for (const start of [0, 60]) {
    const log = tail(path);
    for (let i = start; i < start + 60; i++) log.write(`line ${i}`);
    assert.deepEqual([log.lines().length, log.lines().at(-1)], [50, `line ${start + 59}`]);
    assert.deepEqual(log.evidence(), { lastLines: log.lines(), logPath: path });
    log.close();
  }
  const written = await readFile(path, 'utf8');
  assert.equal(written, Array.from({ length: 120 }, (_, i) => `line ${i}\n`).join(''));
});

test('what writes without end fills two files and no more', async (t) => {
  const path = await logPath(t);
  const log = tail(path);
  const line = 'x'.repeat(9999);
  for (let i = 0; i < 1000; i++) log.write(line);
  log.close();
  const files = await readdir(join(path, '..'));
  assert.deepEqual(files.sort(), ['engine.log', 'engine.log.old']);
  for (const file of files) assert.ok((await stat(join(path, '..', file))).size <= 2_010_000, file);
});

test('a log that can not be written keeps its lines', async (t) => {
  const path = await logPath(t);
  const log = tail(path);
  await rm(join(path, '..'), { recursive: true, force: true });
  for (let i = 0; i < 300; i++) log.write('y'.repeat(9999));
  log.write('last');
  assert.equal(log.lines().at(-1), 'last');
  log.close();
});
