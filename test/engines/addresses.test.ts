import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';

import type { EngineName, SandboxRequest } from '#src/engines/engine.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { WorldError } from '#src/error.ts';
import { freePort } from '#src/ports.ts';
import { clone } from '#test/engines/clone.ts';

/** Asks for a place, and gives all that is said when there is none. */
async function refusal(
  supervisor: Supervisor,
  engine: EngineName,
  more: Partial<SandboxRequest> = {},
): Promise<string> {
  const asked = supervisor.lease(engine, { data: undefined, ...more });
  const error: unknown = await asked.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof WorldError, String(error));
  const said = [error.message, error.remedy, ...error.lastLines].join('\n');
  assert.doesNotMatch(said, /secret/);
  return said;
}

const KEYS = { S3_BUCKET: 'b', AWS_ACCESS_KEY_ID: 'me', AWS_SECRET_ACCESS_KEY: 'secret' };

test('an address that nobody answers at is told with its variable', async (t) => {
  const place = await clone(t);
  const port = await freePort();
  await using supervisor = await place.connect({
    DATABASE_URL: `postgresql://me:secret@127.0.0.1:${port}/shop`,
    KAFKA_BOOTSTRAP: `127.0.0.1:${port}`,
    KAFKA_SASL_USERNAME: 'me',
    KAFKA_SASL_PASSWORD: 'secret',
    SPARK_REMOTE: `sc://127.0.0.1:${port}/;token=secret`,
    S3_ENDPOINT: `http://127.0.0.1:${port}`,
    ...KEYS,
    MONGODB_URL: `mongodb://me:secret@127.0.0.1:${port}/`,
  });
  for (const [engine, words] of [
    ['postgres', /^PostgreSQL at HERE \(DATABASE_URL\): .*ECONNREFUSED/],
    ['kafka', /^no Kafka answers at HERE \(KAFKA_BOOTSTRAP\): .*ECONNREFUSED/],
    ['spark', /^Spark at HERE \(SPARK_REMOTE\) can’t be reached: .*ECONNREFUSED/],
    ['s3', /^no object store answers at http:\/\/HERE \(S3_ENDPOINT\): .*ECONNREFUSED/],
    ['python', /^no server of MongoDB’s protocol serves us at HERE \(MONGODB_URL\)\n[^]*Connection refused/],
  ] as const) {
    const said = await refusal(supervisor, engine, { documents: true });
    assert.match(said.replaceAll(`127.0.0.1:${port}`, 'HERE'), words);
  }
});

test('a wrong password is told as such, and none is printed', async (t) => {
  const theirs = await clone(t);
  await using servers = await theirs.connect();
  await using lease = await servers.lease('postgres', { data: undefined });
  assert.ok(lease.address.kind === 'postgres');
  const { host, port, user } = lease.address;
  // S3Mock, the store that is started here, lets in everybody; this one answers as others do to a wrong key.
  const store = createServer((_, response) => response.writeHead(403).end('<Code>SignatureDoesNotMatch</Code>'));
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  t.after(() => store.close());
  const at = store.address();
  assert.ok(at !== null && typeof at === 'object');
  const ours = await clone(t);
  await using supervisor = await ours.connect({
    DATABASE_URL: `postgresql://${user}:secret@${host}:${port}/postgres`,
    S3_ENDPOINT: `http://127.0.0.1:${at.port}`,
    ...KEYS,
  });
  assert.match(await refusal(supervisor, 'postgres'), /\(DATABASE_URL\): password authentication failed for user/);
  assert.match(await refusal(supervisor, 's3'), /with 403\n.*S3_ENDPOINT and its keys[^]*SignatureDoesNotMatch/);
});
