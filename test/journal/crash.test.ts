import assert from 'node:assert/strict';
import test from 'node:test';

import { crash, type Crashed } from '#test/journal/crash.ts';

/** Ten of each here; two hundred in test/gate/journal.test.ts. */
const SEEDS = Array.from({ length: 10 }, (_, i) => i + 1);

for (const how of ['kill', 'full'] as const) {
  const title = { kill: 'killed while saving', full: 'no room while saving' }[how];
  test(`${title}: nothing that was acknowledged is lost, ${SEEDS.length} seeds`, async () => {
    const all: Crashed[] = [];
    for (const seed of SEEDS.filter((one) => one % 2 === 1))
      all.push(...(await Promise.all([crash(seed, how), crash(seed + 1, how)])));
    assert.ok(
      all.some(({ acknowledged }) => acknowledged > 5),
      'they were in the middle of it',
    );
    if (how === 'full')
      for (const { refused } of all)
        assert.match(refused ?? '', /could not save to .*: (?:EFBIG|only \d+ of \d+ bytes)/);
  });
}
