import assert from 'node:assert/strict';
import { appendFile, chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { connect } from '#src/engines/connect.ts';
import { WorldError } from '#src/error.ts';
import { clone, statusOf } from '#test/engines/clone.ts';

/** Says which version it is, and can do nothing else. */
const BROKEN_JAVA = `#!/bin/sh
if [ "$1" = -version ]; then echo 'openjdk version "25.0.2"' >&2; exit; fi
echo 'no room for the heap' >&2
exit 3
`;

test('an engine that ends while it starts says its last lines, leaves nothing, and is not held to be running', async (t) => {
  const place = await clone(t);
  const java = join(place.paths.state, 'java');
  await writeFile(java, BROKEN_JAVA);
  await chmod(java, 0o755);
  await using supervisor = await place.connect({ DEJ_JAVA: java });
  for (const name of ['kafka', 's3', 'spark', 'connect'] as const) {
    const { state, why } = await statusOf(supervisor, name);
    if (state !== 'installed') {
      t.diagnostic(`without ${name}: ${why ?? state}`);
      continue;
    }
    await assert.rejects(supervisor.start(name), (error) => {
      assert.ok(error instanceof WorldError);
      assert.match(error.lastLines.join('\n'), /no room for the heap/, name);
      assert.notEqual(error.remedy, '');
      return true;
    });
    assert.equal((await statusOf(supervisor, name)).state, 'installed', name);
  }
  assert.deepEqual(await readdir(join(place.paths.state, 'run')), []);
});

test('so does PostgreSQL, whose prepared folder was spoilt', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'dej-cache-'));
  // Whoever it runs as, where we are root, must be able to look into it.
  await chmod(cache, 0o755);
  t.after(() => rm(cache, { recursive: true, force: true }));
  const place = await clone(t);
  await using supervisor = await connect({ ...place.paths, cache });
  await supervisor.start('postgres');
  await supervisor.stop('postgres');
  const files = (await readdir(cache, { recursive: true })).filter((name) => name.endsWith('/postgresql.conf'));
  if (files.length === 0) return t.skip('for root without user namespaces it lies where all clones share it');
  for (const file of files) await appendFile(join(cache, file), '\nwork_mem = plenty\n');
  await assert.rejects(supervisor.start('postgres'), (error) => {
    assert.ok(error instanceof WorldError);
    assert.match(error.message, /PostgreSQL ended while it started/);
    assert.match(error.lastLines.join('\n'), /invalid value for parameter "work_mem": "plenty"/);
    return true;
  });
  assert.equal((await statusOf(supervisor, 'postgres')).state, 'installed');
});
