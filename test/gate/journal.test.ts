import test from 'node:test';

import { crash } from '#test/journal/crash.ts';

/** The seeds after those that every run of the tests tries. */
const SEEDS = Array.from({ length: 200 }, (_, i) => i + 101);

for (const how of ['kill', 'full'] as const)
  test(`nothing that was acknowledged is lost: ${how}, ${SEEDS.length} seeds`, async () => {
    for (const seed of SEEDS) await crash(seed, how);
  });
