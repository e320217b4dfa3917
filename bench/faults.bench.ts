import { Client } from 'pg';

import type { Supervisor } from '#src/engines/supervisor.ts';
import { startHistory } from '#src/faults/history.ts';
import { startPostgresProxy, type PostgresProxy } from '#src/faults/postgres-proxy.ts';

import { once, timed, type Comparison } from './ab.ts';

const STATEMENTS = 200;

/** What the proxy of the labs costs each statement, against the same server without it. */
export function proxyLatency(supervisor: Supervisor): { comparisons: Comparison[]; cleanUp: () => Promise<void> } {
  let isOpen = false;
  const opened = once(() => open(supervisor));
  const contender = (name: string, way: 'through' | 'direct', sql: string): Comparison['ours'] => ({
    name,
    ready: async () => void (await opened().then(() => (isOpen = true))),
    sample: async () => {
      const client = (await opened())[way];
      const all = await timed(async () => {
        for (let n = 0; n < STATEMENTS; n++) await client.query(sql, [n]);
      });
      return all / STATEMENTS;
    },
  });
  const compared = (what: string, sql: string, goal: number): Comparison => ({
    name: `${what} through the fault proxy`,
    ours: contender('through the proxy', 'through', sql),
    peer: contender('directly', 'direct', sql),
    goal,
    unit: 'ms',
    rounds: 20,
  });
  return {
    comparisons: [
      compared('SELECT', 'SELECT $1::int AS n', 2),
      compared('autocommit INSERT', 'INSERT INTO bench_rows (n) VALUES ($1)', 1.5),
    ],
    cleanUp: async () => {
      if (!isOpen) return;
      const { proxy, through, direct } = await opened();
      await Promise.all([through.end(), direct.end()]);
      await proxy.close();
    },
  };
}

interface Opened {
  readonly proxy: PostgresProxy;
  readonly through: Client;
  readonly direct: Client;
}

async function open(supervisor: Supervisor): Promise<Opened> {
  const { address } = await supervisor.lease('postgres', { data: undefined });
  if (address.kind !== 'postgres') throw new Error('the lease is no database');
  const proxy = await startPostgresProxy({
    upstream: address,
    history: startHistory(),
    onPoint: () => Promise.resolve('go'),
  });
  const connected = async (host: string, port: number): Promise<Client> => {
    const { user, password, database } = address;
    const client = new Client({ host, port, user, password, database, ssl: false });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const direct = await connected(address.host, address.port);
  await direct.query('CREATE TABLE bench_rows (n int)');
  return { proxy, direct, through: await connected(proxy.host, proxy.port) };
}
