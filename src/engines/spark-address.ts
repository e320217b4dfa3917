import { randomUUID } from 'node:crypto';

import { WorldError } from '#src/error.ts';
import type { SparkAddress } from '#src/engines/spark-client.ts';

const PORT = 15002;

/** A session's address in the form that every client of Spark Connect takes. */
export function writeRemote({ host, port, isEncrypted, token, user, session }: SparkAddress): string {
  // Spark's own client sends a password without encryption to this name alone.
  const name = host === '127.0.0.1' && !isEncrypted ? 'localhost' : host;
  const parts = [
    `sc://${name}:${port}/`,
    ...(isEncrypted ? ['use_ssl=true'] : []),
    ...(token === undefined ? [] : [`token=${encodeURIComponent(token)}`]),
    `user_id=${encodeURIComponent(user)}`,
    `session_id=${session}`,
  ];
  return parts.join(';');
}

/** Reads such an address; a session of its own where it names none. */
export function readRemote(remote: string): SparkAddress {
  const [, host, port, rest = ''] = /^sc:\/\/([^:/;]+)(?::(\d+))?\/?(?:;(.*))?$/.exec(remote) ?? [];
  if (host === undefined)
    throw new WorldError(`SPARK_REMOTE is no address of Spark Connect: ${remote}`, {
      remedy: 'Write it as sc://host:15002/;token=…',
    });
  const values = new Map(
    rest.split(';').map((part) => {
      const [name = '', ...value] = part.split('=');
      return [name, decodeURIComponent(value.join('='))] as const;
    }),
  );
  const isEncrypted = values.get('use_ssl') === 'true';
  return {
    // A certificate is for the name that was written.
    host: host === 'localhost' && !isEncrypted ? '127.0.0.1' : host,
    port: Number(port ?? PORT),
    isEncrypted,
    token: values.get('token'),
    user: values.get('user_id') ?? 'block',
    session: values.get('session_id') ?? randomUUID(),
  };
}
