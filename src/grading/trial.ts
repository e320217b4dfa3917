import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Client } from 'pg';

import { attack, type Attacked } from '#src/faults/attack.ts';
import type { HttpLog } from '#src/faults/http-ledger.ts';
import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault, Schedule } from '#src/faults/schedule.ts';
import { until } from '#src/deadline.ts';
import type { Address } from '#src/engines/engine.ts';
import { environmentOf } from '#src/engines/environment.ts';
import { sslFor } from '#src/engines/postgres-address.ts';
import type { Lease, Supervisor } from '#src/engines/supervisor.ts';
import { WorldError } from '#src/error.ts';
import type { Anomaly, Finding } from '#src/grading/anomaly.ts';
import type { Stage, StagePlan, Trial } from '#src/grading/api.ts';
import type { Row } from '#src/grading/canonical.ts';
import { AGAIN } from '#src/grading/enumerate.ts';
import { exitFindings } from '#src/grading/exit-findings.ts';
import type { Feed } from '#src/grading/feeds.ts';
import { GraderError } from '#src/grading/grader-error.ts';
import { lookAt } from '#src/grading/look.ts';
import { FED_TABLE, streamOf } from '#src/grading/stream.ts';
import { leaseKafkaScene, type KafkaScene } from '#src/grading/kafka-scene.ts';
import { layOut, replaceInputs, type Program, type Workplace } from '#src/grading/program.ts';
import { ownDatabase } from '#src/grading/own-database.ts';
import { openReader, type Reader } from '#src/grading/reader.ts';
import { NEXT_INPUT, RUN_AGAIN } from '#src/grading/wording.ts';
import { random } from '#src/random.ts';

type Database = Extract<Address, { kind: 'postgres' }>;

/** What every run of one grading shares. */
export interface Bench {
  readonly supervisor: Pick<Supervisor, 'lease'>;
  readonly program: Program;
  readonly stage: Stage;
  /** A scratch folder; each run makes its own below it and removes it. */
  readonly scratch: string;
  /** The clone, for packages that a program shares with it. */
  readonly root: string;
  /** Every process of every run carries it; the supervisor ends what does when we are gone. */
  readonly marker?: string;
  readonly signal?: AbortSignal | undefined;
}

/** One run under one schedule, looked at. */
export interface Ran {
  readonly schedule: Schedule;
  /** `judged`: the findings say what it is worth. `late`: it did not end in time. */
  readonly state: 'judged' | 'late' | 'unknown' | 'stopped';
  readonly findings: readonly Finding[];
  readonly history: readonly HistoryEvent[];
  /** For each fault of the schedule. */
  readonly fired: readonly boolean[];
  readonly lastLines: readonly string[];
  /** The program's whole output, bounded. */
  readonly output: string;
  /** From the program's first start to its last end. */
  readonly elapsedMs: number;
  readonly plan: StagePlan | undefined;
  /** What was done beside the schedule, as the verdict says it. */
  readonly did?: readonly string[];
  /** What was measured, where the run was undisturbed and right. */
  readonly figures?: readonly string[];
  /** What PostgreSQL answered when the oracle's question did not fit the program's tables. */
  readonly refused?: readonly string[];
  /** For `unknown`. */
  readonly why?: string;
  /** Unknown because Kafka tore a transaction: that is said, and not tried again until it is whole. */
  readonly isTorn?: boolean;
}

/** Runs the program once in a clean place under a schedule, waits until all is quiet, and judges what is there. */
export async function runTrial(schedule: Schedule, deadlineMs: number, bench: Bench): Promise<Ran> {
  const folder = join(bench.scratch, randomUUID().slice(0, 8));
  const nothing = {
    ...{ findings: [], history: [], fired: [], lastLines: [] },
    ...{ output: '', elapsedMs: 0, plan: undefined },
  } as const;
  let lease: Lease | undefined;
  let kafka: KafkaScene | undefined;
  try {
    bench.signal?.throwIfAborted();
    const plan = await bench.stage({ seed: schedule.seed, size: schedule.size, random: random(schedule.seed) });
    const own = plan.ownServer === true ? { own: true } : {};
    lease = await bench.supervisor.lease('postgres', { data: undefined, ...own }, { signal: bench.signal });
    kafka = await leaseKafkaScene(plan, schedule.faults, bench.supervisor, bench.signal);
    const fed = feedOf(schedule, plan);
    const place = await layOut(folder, bench.program, fed?.inputs ?? plan.inputs, bench.root);
    const database =
      plan.ownServer === true ? await ownDatabase(lease.address as Database) : (lease.address as Database);
    return await runIn(place, database, plan, { schedule, deadlineMs, bench, lease, kafka });
  } catch (error) {
    if (bench.signal?.aborted === true) return { schedule, state: 'stopped', ...nothing };
    if (!(error instanceof WorldError)) throw error;
    return { schedule, state: 'unknown', ...nothing, why: error.message };
  } finally {
    await kafka?.close();
    if (lease !== undefined) await Promise.allSettled([lease[Symbol.asyncDispose]()]);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The other form of the input that the schedule asks for. */
function feedOf({ faults }: Schedule, { feeds = [] }: StagePlan): Feed | undefined {
  return feeds.find(({ name }) => faults.some(({ action, argument }) => action === 'feed' && argument === name));
}

interface Running {
  readonly schedule: Schedule;
  readonly deadlineMs: number;
  readonly bench: Bench;
  readonly lease: Lease;
  readonly kafka: KafkaScene | undefined;
}

/** Where the runs of one trial take place, one after the other. */
interface Scene {
  readonly place: Workplace;
  readonly database: Database;
  readonly running: Running;
}

type Turn = Ran & { readonly http?: HttpLog | undefined };

async function runIn(place: Workplace, database: Database, plan: StagePlan, running: Running): Promise<Ran> {
  try {
    await prepare(place, database, plan, running.kafka);
    const scene = { place, database, running };
    const first = await turn(scene, plan);
    if (first.state !== 'judged' || first.findings.length > 0) return first;
    if (plan.rerun === true && running.schedule.faults.some(isAgain)) return await again(scene, plan, first);
    return running.schedule.faults.length === 0 ? await followUps(scene, plan, first) : first;
  } catch (error) {
    throw error instanceof Error && 'severity' in error ? ours(error) : error;
  }
}

async function prepare(
  place: Workplace,
  database: Database,
  plan: StagePlan,
  kafka: KafkaScene | undefined,
): Promise<void> {
  const { stream, tables = [] } = plan;
  const client = await connect(database);
  try {
    if (stream !== undefined) for (const sql of FED_TABLE) await client.query(sql);
    for (const [at, sql] of tables.entries())
      await client.query(sql).catch((error: unknown) => refusedTable(error, at));
    const query = (sql: string): Promise<unknown> => client.query(sql);
    await plan.prepare?.({ ...place, env: { ...environmentOf(database), ...kafka?.direct }, query });
    await kafka?.ready?.();
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** PostgreSQL is there and does not understand it: what is asked for is wrong, and not the machine. */
function refusedTable(error: unknown, at: number): never {
  if (!(error instanceof Error) || !('code' in error) || !String(error.code).startsWith('42')) throw error;
  throw new GraderError(`tables[${at}] of the grader: ${error.message}`, { cause: error });
}

function isAgain({ action }: Fault): boolean {
  return action === AGAIN.action;
}

/** One run of the program under the schedule, to its end; then all is quiet, and what is there is judged. */
async function turn(scene: Scene, plan: StagePlan, httpBefore?: HttpLog): Promise<Turn> {
  const { place, database, running } = scene;
  const reader = plan.reader === undefined ? undefined : await openReader(() => connect(database), plan.reader);
  let samples: readonly (readonly Row[])[] = [];
  const beganMs = performance.now();
  const attacked = await attackIn(place, database, plan, running, { httpBefore, reader }).finally(async () => {
    samples = (await reader?.end()) ?? [];
  });
  const elapsedMs = Math.round(performance.now() - beganMs);
  const ran = { ...ranOf(attacked, plan, place, running), http: attacked.http, elapsedMs };
  if (attacked.ended === 'stopped') return { ...ran, state: 'stopped' };
  if (attacked.ended === 'deadline') return { ...ran, state: 'late' };
  // A crash of the server ends whatever was connected to it; who looks now comes after it.
  const client = await connect(database);
  try {
    await quiet(client, database, running);
    const torn = await running.kafka?.torn();
    if (torn !== undefined) return { ...ran, state: 'unknown', why: torn, isTorn: true };
    const exit = attacked.exits.at(-1) ?? { code: null, signal: null };
    const stalled = running.kafka?.stalled();
    if (stalled !== undefined) return { ...ran, findings: [stalled] };
    const isStream = plan.stream !== undefined || running.kafka?.stream !== undefined;
    const wrong = exitFindings(plan, exit, { isStream, completed: attacked.ended === 'completed' });
    if (wrong.some(({ anomaly }) => anomaly === 'crashed')) return { ...ran, findings: wrong };
    const refused: string[] = [];
    const look = lookAt(client, place, { attacked, samples, refused, kafka: running.kafka });
    const findings = [...(await plan.judge(look)), ...wrong];
    const isRight = findings.length === 0 && running.schedule.faults.length === 0;
    const figures = isRight && plan.figures !== undefined ? await plan.figures(look) : [];
    return { ...ran, findings, refused, figures };
  } finally {
    await client.end().catch(() => undefined);
  }
}

const OTHER_STATE: readonly Anomaly[] = ['lost', 'duplicate', 'phantom', 'stale', 'corrupted', 'not-parked', 'crashed'];

/** A second, undisturbed run in the same place must leave what is there as it is. */
async function again(scene: Scene, plan: StagePlan, first: Turn): Promise<Turn> {
  const second = await turn(undisturbed(scene), plan, first.http);
  const anomaly: Anomaly = 'not-idempotent';
  const fired = first.schedule.faults.map((fault, index) => isAgain(fault) || first.fired[index] === true);
  const findings = second.findings.map((one) => (OTHER_STATE.includes(one.anomaly) ? { ...one, anomaly } : one));
  return { ...followedBy(first, second, RUN_AGAIN), fired, findings };
}

/** Other inputs in the same place, until one of them is not dealt with rightly. */
async function followUps(scene: Scene, plan: StagePlan, first: Turn): Promise<Turn> {
  let last = first;
  for (const next of plan.then ?? []) {
    await replaceInputs(scene.place, next.inputs);
    const its = { expectedExit: next.expectedExit ?? 0, judge: (trial: Trial) => next.judge(trial) };
    const second = await turn(undisturbed(scene), { ...plan, ...its }, last.http);
    last = { ...followedBy(last, second, NEXT_INPUT), did: [...(last.did ?? []), next.did] };
    if (last.state !== 'judged' || last.findings.length > 0) return last;
  }
  return last;
}

function undisturbed(scene: Scene): Scene {
  return { ...scene, running: { ...scene.running, schedule: { ...scene.running.schedule, faults: [] } } };
}

/** Two runs as one: the history of the second begins where the first one ended. */
function followedBy(first: Turn, second: Turn, mark: string): Turn {
  const { atMs, incarnation } = first.history.at(-1) ?? { atMs: 0, incarnation: 1 };
  const between = { atMs, incarnation, lane: 'fault', kind: 'fired', text: mark } as const;
  const later = second.history.map((event) => ({
    ...event,
    atMs: event.atMs + atMs,
    incarnation: event.incarnation + incarnation,
  }));
  const elapsedMs = first.elapsedMs + second.elapsedMs;
  return {
    ...second,
    elapsedMs,
    schedule: first.schedule,
    fired: first.fired,
    history: [...first.history, between, ...later],
  };
}

function attackIn(
  place: Workplace,
  database: Database,
  plan: StagePlan,
  running: Running,
  { httpBefore, reader }: { httpBefore?: HttpLog | undefined; reader?: Reader | undefined } = {},
): Promise<Attacked> {
  const { program, signal, marker } = running.bench;
  const stream = plan.stream === undefined ? undefined : streamOf(plan.stream, () => connect(database));
  const faults = running.schedule.faults.filter(({ action }) => action !== 'feed');
  const goesBack = plan.ownServer === true && faults.some(({ action }) => action === 'rewind');
  return attack({
    schedule: { ...running.schedule, faults },
    argv: program.run,
    cwd: place.cwd,
    env: {
      ...program.env,
      ...plan.env,
      ...running.kafka?.env,
      INPUT_DIR: place.inputs,
      OUTPUT_DIR: place.outputs,
      TMPDIR: place.temporary,
    },
    postgres: database,
    kafka: running.kafka?.target,
    http: plan.http,
    httpBefore,
    watch: [place.cwd, place.outputs],
    ...(marker === undefined ? {} : { marker }),
    onDurable: reader?.look,
    onHit: async (hit) => {
      // A slot that PostgreSQL has written down meanwhile would not go back as far in a run that takes longer.
      if (goesBack && hit.boundary === 'pg.slot' && hit.point === 'after-durable') await running.lease.harm('mark');
      await (stream?.onHit?.(hit) ?? running.kafka?.onHit?.());
    },
    stream: stream?.options ?? running.kafka?.stream,
    onLose: async () => stream?.onLose(),
    onCrash: async (how, engine) => (engine === 'kafka' ? running.kafka?.harm?.(how) : running.lease.harm(how)),
    deadlineMs: running.deadlineMs,
    expectedExit: plan.expectedExit ?? 0,
    fill: plan.fill,
    restarts: plan.restarts,
    signal,
  }).finally(() => stream?.close());
}

/** Nothing of the program is left on the server: what it had sent is done or undone. */
async function quiet(client: Client, { user }: Database, { deadlineMs }: Running): Promise<void> {
  await until(
    'end of the program’s connections',
    async () => {
      const { rows } = await client.query<{ left: string }>(
        `SELECT count(*) AS left FROM pg_stat_activity WHERE usename = $1 AND backend_type IN ('client backend', 'walsender')
         AND datname = current_database() AND pid <> pg_backend_pid()`,
        [user],
      );
      return Number(rows[0]?.left) === 0;
    },
    { deadlineMs: Math.max(10_000, deadlineMs) },
  );
}

function ranOf(
  attacked: Attacked,
  plan: StagePlan,
  place: Workplace,
  { bench, schedule }: Running,
): Omit<Ran, 'elapsedMs'> {
  // The copy's path means nothing to the learner; the file that they have open does.
  const own = (text: string): string => text.replaceAll(place.cwd, bench.program.home ?? bench.program.folder);
  return {
    schedule,
    state: 'judged',
    findings: [],
    history: attacked.history.map((event) => ({ ...event, text: own(event.text) })),
    fired: firedOf(schedule, plan, attacked.fired),
    lastLines: attacked.lastLines.slice(-32).map(own),
    output: own(attacked.output),
    plan,
  };
}

/** For each fault of the schedule: a feed strikes where the stage has it, before the first start. */
function firedOf(schedule: Schedule, plan: StagePlan, struck: readonly boolean[]): boolean[] {
  const others = [...struck];
  const fed = feedOf(schedule, plan)?.name;
  return schedule.faults.map(({ action, argument }) =>
    action === 'feed' ? argument === fed && fed !== undefined : (others.shift() ?? false),
  );
}

async function connect(address: Database): Promise<Client> {
  const { host, port, user, password, database } = address;
  const client = new Client({ host, port, user, password, database, ssl: sslFor(address), application_name: 'oracle' });
  // The server may end at any time; whoever asks next gets the error.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw ours(error as Error);
  }
  return client;
}

function ours(error: Error): WorldError {
  return new WorldError(`PostgreSQL did not answer the oracle (${error.message})`, {
    remedy: 'Run it again.',
    cause: error,
  });
}
