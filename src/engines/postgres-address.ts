import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';

import { LearnerError } from '#src/error.ts';

/** How a connection is kept private. */
export interface Privacy {
  /** A mode of PostgreSQL's URLs; not at all private where this is left out. */
  readonly sslmode?: string | undefined;
  /** A file of certificates (PEM) that the server's own is checked against. */
  readonly sslrootcert?: string | undefined;
}

/** The learner's own PostgreSQL, as its URL says. */
export interface YourServer extends Privacy {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const MODES = ['disable', 'require', 'verify-ca', 'verify-full'];

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
    ...privacyIn(url.searchParams),
  };
}

function privacyIn(asked: URLSearchParams): Privacy {
  const sslmode = asked.get('sslmode') ?? 'disable';
  // One that is private only when it can be promises nothing, and each client here would do as it likes.
  if (!MODES.includes(sslmode))
    throw new LearnerError(`sslmode=${sslmode} in DATABASE_URL`, `It may be ${MODES.join(', ')}.`);
  if (sslmode === 'disable') return { sslmode };
  const usual = join(homedir(), '.postgresql', 'root.crt');
  const sslrootcert = asked.get('sslrootcert') ?? (existsSync(usual) ? usual : undefined);
  if (sslrootcert === undefined && sslmode.startsWith('verify'))
    throw new LearnerError(
      `sslmode=${sslmode} in DATABASE_URL needs certificates to check the server's own against`,
      'Add &sslrootcert=/path/to/ca.pem; on Debian those of public authorities are in /etc/ssl/certs/ca-certificates.crt.',
    );
  if (sslrootcert !== undefined && !existsSync(sslrootcert))
    throw new LearnerError(
      `there is no file ${sslrootcert}, which sslrootcert in DATABASE_URL names`,
      'Write its whole path, from the root of the file system on.',
    );
  return { sslmode, sslrootcert };
}

/** What the client library is told; the same as PostgreSQL's own client, libpq, does by these settings. */
export function sslFor({ sslmode, sslrootcert }: Privacy): ConnectionOptions | false {
  if (sslmode === undefined || sslmode === 'disable') return false;
  if (sslrootcert === undefined) return { rejectUnauthorized: false };
  const ca = readFileSync(sslrootcert);
  // Only the strictest mode asks that the certificate be of that very host.
  return sslmode === 'verify-full' ? { ca } : { ca, checkServerIdentity: () => undefined };
}

/** The end of an address, as every client but ours is told. */
export function privacyQuery({ sslmode = 'disable', sslrootcert }: Privacy): string {
  const file = sslrootcert === undefined ? '' : `&sslrootcert=${encodeURIComponent(sslrootcert)}`;
  return `sslmode=${sslmode}${file}`;
}
