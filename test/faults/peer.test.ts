import assert from 'node:assert/strict';
import test from 'node:test';

import { KafkaDoors } from '#src/faults/kafka-doors.ts';
import { capture } from '#src/process.ts';

/** Of the account `nobody`, or any other that is not ours. */
const OTHER = 65_534;
const skip =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'only root on Linux can connect as another account'
    : false;

test('a guarded door is shut to another account of this machine', { skip }, async (t) => {
  const asked: string[] = [];
  for (const isGuarded of [false, true]) {
    const doors = new KafkaDoors((client, address) => {
      asked.push(address);
      client.end('come in');
    }, isGuarded);
    t.after(() => doors.close());
    const port = (await doors.open(`kafka:${isGuarded ? 2 : 1}`)).split(':')[1] ?? '';
    // The address without and with the form that clients in Java use.
    const code = `import socket, sys
for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::ffff:127.0.0.1')):
    with socket.socket(family) as own:
        own.connect((host, ${port}))
        try:
            print(own.recv(100).decode() or 'shut')
        except OSError:
            print('shut')`;
    const told = async (uid?: number): Promise<string> => {
      const ran = await capture(['/usr/bin/env', 'python3', '-c', code], {
        cwd: '/',
        ...(uid === undefined ? {} : { uid }),
      });
      assert.equal(ran.code, 0, ran.stderr);
      return ran.stdout.trim();
    };
    assert.equal(await told(), 'come in\ncome in');
    assert.equal(await told(OTHER), isGuarded ? 'shut\nshut' : 'come in\ncome in');
  }
  assert.deepEqual(asked, ['kafka:1', 'kafka:1', 'kafka:1', 'kafka:1', 'kafka:2', 'kafka:2']);
});
