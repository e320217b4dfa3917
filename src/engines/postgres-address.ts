import type { ConnectionOptions } from 'node:tls';

import { LearnerError } from '#src/error.ts';

/** The learner's own PostgreSQL, as its URL says. */
export interface YourServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly sslmode: string;
}

/** What DATABASE_URL says; undefined where it is not set. */
export function serverFrom(env: NodeJS.ProcessEnv): YourServer | undefined {
  const text = env['DATABASE_URL'];
  if (text === undefined || text === '') return undefined;
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
    throw new LearnerError(
      'DATABASE_URL is no address of PostgreSQL',
      'It looks like postgresql://user:password@host:5432/database, or unset it: then a server is started here.',
    );
  return {
    host: url.hostname,
    port: Number(url.port === '' ? 5432 : url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || 'postgres',
    sslmode: url.searchParams.get('sslmode') ?? 'disable',
  };
}

/** What the client library calls a mode of PostgreSQL's URLs. */
export function sslFor(sslmode: string | undefined): ConnectionOptions | false {
  if (sslmode === undefined || sslmode === 'disable') return false;
  return { rejectUnauthorized: sslmode.startsWith('verify') };
}
