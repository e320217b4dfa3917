import type { Address } from '#src/engines/engine.ts';
import { privacyQuery } from '#src/engines/postgres-address.ts';

export type Environment = Record<string, string>;

/** The variables by which a program reaches what it was lent. */
export function environmentOf(address: Address | undefined): Environment {
  if (address?.kind === 'service') return address.env;
  if (address?.kind !== 'postgres') return {};
  const { host, port, user, password, database, sslmode = 'disable', sslrootcert } = address;
  return {
    DATABASE_URL: `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}?${privacyQuery(address)}`,
    // What PostgreSQL's own client library reads, in Python and within DuckDB, which can't read a URL from a variable.
    ...{ PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database },
    PGSSLMODE: sslmode,
    ...(sslrootcert === undefined ? {} : { PGSSLROOTCERT: sslrootcert }),
  };
}
