import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

import { channel } from '#src/channel.ts';
import {
  attackId,
  attackRuns,
  keepOrder,
  keptOrder,
  needsKafka,
  type AttackOrder,
} from '#src/commands/attack-order.ts';
import { preparation } from '#src/commands/attack-place.ts';
import { filledTopics } from '#src/commands/attack-topics.ts';
import { clearLeftovers, DEFAULT_SEED, workers, type CheckEvent } from '#src/commands/check.ts';
import type { Context } from '#src/commands/context.ts';
import { shown } from '#src/commands/labs.ts';
import { KafkaPool } from '#src/engines/kafka-pool.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { LearnerError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import { parseSchedule, type Schedule } from '#src/faults/schedule.ts';
import type { BrokerPlan } from '#src/grading/broker-scene.ts';
import { CaughtUp } from '#src/grading/caught-up.ts';
import { parseCompared, parseIgnored } from '#src/grading/compared.ts';
import type { Graded } from '#src/grading/grade.ts';
import { junit } from '#src/grading/junit.ts';
import { ownStage } from '#src/grading/own-stage.ts';
import { gradeOwn } from '#src/grading/own.ts';
import { filesOf } from '#src/grading/program.ts';
import type { Ran } from '#src/grading/trial.ts';
import type { Level } from '#src/grading/verdict.ts';
import { ATTACK } from '#src/grading/wording-attack.ts';

export interface AttackRequest {
  readonly order: AttackOrder;
  readonly level: Level;
  readonly seed?: number | undefined;
  /** Where a build server finds the result. */
  readonly junit?: string | undefined;
  readonly only?: Schedule;
  readonly signal?: AbortSignal | undefined;
}

/** After a fault a supervisor would start the program again and again; a start that fails by itself gets as many more. */
const RESTARTS = 2;

/** Breaks a program of the learner's own at every commit. Leaving the loop early still leaves what was known. */
export async function* attackOwn(request: AttackRequest, context: Context): AsyncGenerator<CheckEvent> {
  const events = channel<CheckEvent>();
  const stop = new AbortController();
  const signal = request.signal === undefined ? stop.signal : AbortSignal.any([request.signal, stop.signal]);
  const work = attackNow({ ...request, signal }, context, (event) => events.push(event)).then(
    (graded) => {
      events.push({ type: 'verdict', ...graded });
      events.end();
    },
    (error: unknown) => events.end(error),
  );
  try {
    yield* events;
  } finally {
    stop.abort();
    await work;
  }
}

/** Runs one schedule again on the program as it is now. */
export async function* replayOwn(
  { line, signal }: { readonly line: string; readonly signal?: AbortSignal | undefined },
  context: Context,
): AsyncGenerator<CheckEvent> {
  const only = parseSchedule(line);
  const order = await keptOrder(only.lab, context);
  yield* attackOwn({ order, level: 'quick', seed: only.seed, only, signal }, context);
}

async function attackNow(
  { order, level, seed = DEFAULT_SEED, junit: report, only, signal }: AttackRequest,
  context: Context,
  tell: (event: CheckEvent) => void,
): Promise<Graded> {
  const marker = `grade-${process.pid}-${randomUUID().slice(0, 8)}`;
  const scratch = join(context.paths.scratch, marker);
  await mustBeSmall(order.folder);
  await clearLeftovers(context.paths.scratch);
  const supervisor = await context.supervisor();
  // Should we be killed, the supervisor ends what we started.
  const guard = await supervisor.guard(marker);
  const runs: Ran[] = [];
  const brokers = new KafkaPool(supervisor);
  try {
    const engines = await scratchServer(supervisor, order, tell, signal);
    const broker = await brokerOf(order, brokers);
    await keepOrder(order, context);
    const env = environment(order);
    const own = ownStage({
      compared: parseCompared(order.compare),
      ignored: parseIgnored(order.ignore),
      serials: order.serials,
      atomic: order.atomic,
      rerun: order.rerun,
      clocks: order.clocks ?? [],
      restarts: RESTARTS,
      env,
      prepare: preparation(order, { env, marker, signal }),
      broker,
    });
    const folder = attackRuns(attackId(order), context);
    const graded = await gradeOwn({
      own,
      command: order.argv.join(' '),
      tried: (ran) => runs.push(ran),
      lab: attackId(order),
      stage: { n: 1, title: ATTACK.title, allows: [], read: undefined },
      level,
      seed,
      // There is no input of ours that could be made smaller.
      size: 1,
      minSize: 1,
      calmLimitMs: order.limitSeconds * 1000,
      workers: workers(),
      bench: {
        supervisor,
        program: { folder: order.folder, language: 'own', run: vector(order.argv), env: {} },
        stage: own.stage,
        scratch,
        root: context.paths.root,
        marker,
        signal,
      },
      engines,
      runs: folder,
      runsShown: shown(folder, context),
      hint: undefined,
      clock: context.clock,
      tell: (progress) => tell({ type: 'progress', ...progress }),
      ...(only === undefined ? {} : { only }),
    });
    if (report !== undefined) await writeAtomic(report, junit(graded.verdict, runs));
    return graded;
  } finally {
    await brokers.close();
    await guard[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

function vector([first = '', ...rest]: readonly string[]): [string, ...string[]] {
  return [first, ...rest];
}

/** Nothing of the shell comes along but what was asked for: a program that finds no address of yours can't harm it. */
function environment({ env, pass }: AttackOrder): Record<string, string> {
  const passed = pass.map((name): [string, string] => [name, process.env[name] ?? '']);
  return {
    PATH: [process.env['PATH'] ?? '', dirname(process.execPath)].join(delimiter),
    // libpq would look for passwords and services of yours in your home folder.
    PGPASSFILE: '{TMPDIR}/no-passwords',
    PGSERVICEFILE: '{TMPDIR}/no-services',
    ...Object.fromEntries(passed),
    ...env,
  };
}

/** Every run has a copy of it. */
async function mustBeSmall(folder: string): Promise<void> {
  try {
    await filesOf(folder);
  } catch (error) {
    if (!(error instanceof LearnerError)) throw error;
    throw new LearnerError(error.message, 'Every run has a copy of it: name the program’s own folder with --folder.');
  }
}

async function scratchServer(
  supervisor: Supervisor,
  order: AttackOrder,
  tell: (event: CheckEvent) => void,
  signal: AbortSignal | undefined,
): Promise<Record<string, string>> {
  const yours = (await supervisor.status()).find(({ name }) => name === 'postgres')?.at;
  if (yours !== undefined && !order.ownServer) throw notAsked(yours);
  const onProgress = ({ what }: { readonly what: string }): void => tell({ type: 'progress', words: what });
  await supervisor.start('postgres', { onProgress, signal });
  const status = (await supervisor.status()).find(({ name }) => name === 'postgres');
  // Known for sure only now; nothing has been made there yet.
  if (status?.at !== undefined && !order.ownServer) throw notAsked(status.at);
  const versions = { postgres: status?.version ?? '', node: process.versions.node };
  if (!needsKafka(order)) return versions;
  await supervisor.start('kafka', { onProgress, signal });
  const kafka = (await supervisor.status()).find(({ name }) => name === 'kafka')?.version ?? '';
  return { ...versions, kafka };
}

/** A Kafka of yours is left alone whatever is said: each run has one of ours to itself. */
async function brokerOf(order: AttackOrder, brokers: KafkaPool): Promise<BrokerPlan | undefined> {
  if (!needsKafka(order)) return undefined;
  const { topics = [], streamIdleSeconds } = order;
  const stream = streamIdleSeconds === undefined ? undefined : new CaughtUp(streamIdleSeconds * 1000);
  return { brokers, topics: await filledTopics(topics), stream };
}

function notAsked(at: string): LearnerError {
  return new LearnerError(
    `DATABASE_URL leads to a server of yours (${at}), and an attack makes and drops databases there`,
    'Stop the engines (./dej engines stop) and unset DATABASE_URL, so that a server of ours is used; or say --own-server.',
  );
}
