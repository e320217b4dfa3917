import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'node:test';

import { freePort, isFree } from '#src/ports.ts';

test('a free port can be listened on, and lies below those of outgoing connections', async () => {
  for (let i = 0; i < 20; i++) {
    const port = await freePort();
    assert.ok(port >= 20_000 && port < 32_768, String(port));
    assert.ok(await isFree(port));
  }
});

test('a port that somebody listens on is not free', async (t) => {
  const port = await freePort();
  const server = createServer().listen(port, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  assert.equal(await isFree(port), false);
});
