import assert from 'node:assert/strict';
import test from 'node:test';

import { createContext } from '#src/commands/context.ts';
import { verifyLabs } from '#src/commands/verify-labs.ts';
import { clone } from '#test/engines/clone.ts';

/** Like `cdc-implementation` or `cdc-implementation#wrong/half-a-copy`: LABS='cdc-implementation;realtime-validation'. */
const ONLY = (process.env['LABS'] ?? '').split(';').flatMap((word) => word.trim() || []);

/**
 * What `npm test` leaves out: right programs are tried at all that the level full tries, and a wrong one is searched
 * from nothing, also where the schedule that shows it is known.
 */
test('every right program survives the level full, and every mistake is found', { timeout: 8_400_000 }, async (t) => {
  const own = await clone(t);
  const context = createContext(own.paths);
  t.after(() => context.close());
  const others: string[] = [];
  let count = 0;
  for await (const event of verifyLabs({ only: ONLY, quick: false }, context)) {
    if (event.type === 'problem') others.push(`${event.file}: ${event.message}`);
    if (event.type !== 'program') continue;
    const { lab, program, state, expected, found, text = '', elapsedMs } = event;
    count++;
    t.diagnostic(`${lab}/${program}: ${found}, ${(elapsedMs / 1000).toFixed(0)} s`);
    if (state !== 'as declared') others.push(`${lab}/${program}: ${expected}, found ${found}\n${text}`);
  }
  assert.deepEqual(others, [], others.join('\n'));
  assert.ok(count > 0);
});
