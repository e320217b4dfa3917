import assert from 'node:assert/strict';
import test from 'node:test';

import { loadContent } from '#src/content/content.ts';
import { until } from '#src/deadline.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { signal } from '#src/process.ts';
import { ownRoot } from '#src/paths.ts';
import { documentServer } from '#test/engines/document-server.ts';
import { answerOf, begin, clone, runBlock, SOON } from '#test/engines/clone.ts';

/** Where one is named, which should be empty, this runs there: FerretDB 1.24, MongoDB 8 … */
const NAMED = process.env['MONGODB_URL'] ?? '';

const CONNECT = `import os
from pymongo import MongoClient
client = MongoClient(os.environ["MONGODB_URL"])`;
const NAMES = `${CONNECT}
print(*sorted(name for name in client.list_database_names() if name.startswith("block_") or name == "theirs"))`;
/** Writes a document to a database of its own, says so, and never ends. */
const HELD = `${CONNECT}
client[os.environ["MONGODB_DATABASE"]].orders.insert_one({"_id": 1})
print("written", flush=True)
while True: pass`;

test('blocks on a server of the learner’s own that speaks MongoDB’s protocol', async (t) => {
  const MONGODB_URL = NAMED === '' ? await documentServer(t) : NAMED;
  if (MONGODB_URL === undefined)
    return t.skip('neither is a server named by MONGODB_URL, nor is there a Java to run one');
  const place = await clone(t);
  await using supervisor = await place.connect({ MONGODB_URL });
  const theirs = `${CONNECT}\nclient["theirs"].orders.insert_one({"_id": 1})\nprint(42)`;
  const first = await runBlock(supervisor, 'python', theirs);
  assert.equal(answerOf(first), '42', JSON.stringify(first));

  await t.test('the block of the guide prints what was recorded on another one', async () => {
    const { guides } = await loadContent(ownRoot());
    const blocks = guides.flatMap((guide) => guide.blocks).filter(({ needs }) => needs === 'MONGODB_URL');
    assert.ok(blocks.length > 0);
    for (const { id, code, data, recording } of blocks) {
      const ran = await runBlock(supervisor, 'python', code, data);
      assert.equal(answerOf(ran), recording?.text.trim(), `${id}: ${JSON.stringify(ran)}`);
    }
    await onlyTheirs(supervisor);
  });

  await t.test('one that is stopped in the midst leaves nothing there', async () => {
    const block = begin(supervisor, 'python', HELD);
    await block.begun;
    assert.match((await names(supervisor)) ?? '', /^block_[0-9a-f]{12} theirs$/);
    block.stop();
    assert.equal((await block.ended).state, 'stopped');
    await onlyTheirs(supervisor);
  });

  await t.test('nor does one whose supervisor is killed, once there is another', async () => {
    const block = begin(supervisor, 'python', HELD);
    await block.begun;
    signal((await place.file()).pid, 'SIGKILL');
    await block.ended;
    await using next = await place.connect({ MONGODB_URL });
    await onlyTheirs(next);
    await runBlock(next, 'python', `${CONNECT}\nclient.drop_database("theirs")`);
  });
});

async function names(supervisor: Supervisor): Promise<string | null | undefined> {
  return answerOf(await runBlock(supervisor, 'python', NAMES));
}

async function onlyTheirs(supervisor: Supervisor): Promise<void> {
  await until('the end of the block’s database', async () => (await names(supervisor)) === 'theirs', SOON);
}
