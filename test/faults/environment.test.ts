import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { ENVIRONMENT } from '#src/commands/lab-contract.ts';
import { attack } from '#src/faults/attack.ts';

test('a program sees what the contract says and nothing else of our environment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dej-env-'));
  process.env['DEJ_SECRET_OF_OURS'] = 'private';
  try {
    const { output } = await attack({
      schedule: { lab: 'x', stage: 1, seed: 1, size: 1, faults: [] },
      argv: [process.execPath, '-e', 'for (const name in process.env) console.log(name)'],
      cwd: folder,
      env: { INPUT_DIR: folder, OUTPUT_DIR: folder, TMPDIR: folder },
      http: { payments: [] },
      deadlineMs: 60_000,
    });
    const documented = Object.keys(ENVIRONMENT).flatMap((names) => names.split(', '));
    const seen = output.split('\n').filter((name) => /^\w+$/.test(name));
    assert.deepEqual(
      seen.filter((name) => !documented.includes(name)),
      [],
    );
    // What a machine may lack, and what comes with a database or with Kafka.
    const always = documented.filter(
      (name) =>
        !/^(USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|HOME|DATABASE_URL|PG[A-Z]+|KAFKA_\w+|GROUP_ID|TOPIC_\w+)$/.test(name),
    );
    assert.deepEqual(
      always.filter((name) => !seen.includes(name)),
      [],
    );
  } finally {
    delete process.env['DEJ_SECRET_OF_OURS'];
    await rm(folder, { recursive: true, force: true });
  }
});
