import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { connect } from '#src/engines/connect.ts';
import { ENGINE_NAMES } from '#src/engines/engine.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { answerOf, runBlock } from '#test/engines/clone.ts';
import { PROGRAMS } from '#test/engines/programs.ts';

/**
 * A program for offline.test.ts: runs one block on each engine named in its arguments, on a supervisor of its own, and
 * prints a line of JSON for each. It does not ask whether there is a network.
 */
const state = await mkdtemp(join(tmpdir(), 'dej-offline-'));
const paths = pathsOf(ownRoot(), { ...process.env, DEJ_STATE: state });
const supervisor = await connect(paths);
try {
  for (const engine of ENGINE_NAMES.filter((name) => process.argv.includes(name))) {
    const ran = await runBlock(supervisor, engine, PROGRAMS[engine].answer);
    console.log(JSON.stringify({ engine, answer: answerOf(ran), state: ran.state, events: ran.events }));
    // One after the other: together they would need more memory than a small machine has.
    await supervisor.stop(engine);
  }
} finally {
  await supervisor.shutdown({ force: true });
  await rm(state, { recursive: true, force: true });
  await rm(paths.sockets, { recursive: true, force: true });
}
