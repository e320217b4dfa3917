import { environmentOf } from '#src/engines/environment.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';

/** PostgreSQL, Kafka and an object store that stand for servers of the learner's own, until they are let go. */
export interface Servers extends AsyncDisposable {
  /** Their addresses, as a learner sets them. */
  readonly env: Readonly<Record<string, string>>;
}

export async function leaseServers(supervisor: Supervisor): Promise<Servers> {
  await using leases = new AsyncDisposableStack();
  const postgres = leases.use(await supervisor.lease('postgres', { data: undefined, own: true }));
  const kafka = leases.use(await supervisor.lease('kafka', { data: undefined }));
  const store = leases.use(await supervisor.lease('s3', { data: undefined }));
  const env = [postgres, kafka, store].reduce((all, { address }) => ({ ...all, ...environmentOf(address) }), {});
  const kept = leases.move();
  return { env, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
