import { librdkafkaConfig, openAccess } from '#src/engines/kafka-access.ts';
import type { Stage } from '#src/faults/actions.ts';
import type { AttackOptions } from '#src/faults/attack.ts';
import type { PostgresProxy } from '#src/faults/postgres-proxy.ts';
import type { Way } from '#src/faults/way.ts';
import type { Upstream } from '#src/faults/postgres-upstream.ts';

/** The ways of a program to what is no PostgreSQL. */
export function others({ source }: Stage, { kafka }: Way): Record<string, string> {
  return {
    ...(source === undefined ? {} : { PAYMENTS_URL: source.url }),
    ...(kafka === undefined ? {} : wayIn(kafka.bootstrap)),
  };
}

/** The proxy asks for no password and speaks in the open, whatever Kafka behind it wants. */
function wayIn(bootstrap: string): Record<string, string> {
  return { KAFKA_BOOTSTRAP: bootstrap, KAFKA_CONFIG: JSON.stringify(librdkafkaConfig(openAccess(bootstrap))) };
}

export function addresses({ postgres }: AttackOptions, proxy: PostgresProxy | undefined): Record<string, string> {
  return postgres === undefined || proxy === undefined ? {} : addressesOf(postgres, proxy);
}

/** How a program is told of a database: as one address, and as libpq's variables. */
function addressesOf(
  { user, password, database }: Upstream,
  { host, port }: { readonly host: string; readonly port: number },
): Record<string, string> {
  return {
    DATABASE_URL: `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}?sslmode=disable`,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGSSLMODE: 'disable',
  };
}

/** Puts what the program is given into its arguments and variables, where they name it in braces. */
export function filled(
  argv: AttackOptions['argv'],
  env: Readonly<Record<string, string>>,
): { argv: AttackOptions['argv']; env: Record<string, string> } {
  const fill = (text: string): string =>
    text.replace(/\{([A-Z][A-Z0-9_]*)\}/g, (all, name: string) => env[name] ?? all);
  const [first, ...rest] = argv;
  return {
    argv: [fill(first), ...rest.map(fill)],
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)])),
  };
}

/** What a program may expect of any machine; our own settings and other people's secrets stay here. */
export function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'SHELL', 'LOGNAME'];
  const kept = names.flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  // Python keeps what it prints to a pipe for a while, and a program that is killed would lose its last words.
  return { ...Object.fromEntries(kept), PYTHONUNBUFFERED: '1' };
}
