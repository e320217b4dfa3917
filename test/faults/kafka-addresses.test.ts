import assert from 'node:assert/strict';
import test from 'node:test';

import { findJvm } from '#src/engines/jvm.ts';
import { addressesIn, capped, readdressed } from '#src/faults/kafka-addresses.ts';
import { API, LAST_READ } from '#src/faults/kafka-frames.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { capture } from '#src/process.ts';
import { javaPrograms } from '#test/faults/java.ts';

const paths = pathsOf(ownRoot());
const found = await findJvm(paths, ['kafka']);
const skip = found.state === 'missing' ? found.why : false;

test(
  'an answer in which brokers are elsewhere is what Kafka’s own classes write for those addresses',
  { skip },
  async (t) => {
    const java = await javaPrograms(t, paths);
    const ran = await capture(java('KafkaAnswers', ...Object.keys(LAST_READ)), { timeoutMs: 60_000 });
    assert.equal(ran.code, 0, ran.stderr);
    const seen = new Map<number, number>();
    for (const line of ran.stdout.trim().split('\n')) {
      const [api = '', version = '', from = '', to = ''] = line.split(' ');
      const request = { api: Number(api), version: Number(version), correlation: 7 };
      assert.equal(led(request, Buffer.from(from, 'hex')).toString('hex'), to, `request ${api}, version ${version}`);
      seen.set(request.api, (seen.get(request.api) ?? 0) + (from === to ? 0 : 1));
    }
    // In how many versions of each something was changed: all, or all since leaders are told.
    assert.deepEqual(Object.fromEntries(seen), { 0: 4, 1: 3, 3: 14, 10: 7, 18: 6, 60: 3, 78: 2, 79: 2 });
  },
);

function led(request: { api: number; version: number; correlation: number }, frame: Buffer): Buffer {
  if (request.api === API.apiVersions) return capped(request.version, frame);
  const places = addressesIn(request, frame);
  return places === undefined ? frame : readdressed(frame, places, '127.0.0.1', ({ port }) => port + 10_000);
}
