import type { AttackOptions } from '#src/faults/attack.ts';
import { openKafka } from '#src/faults/attack-kafka.ts';
import { Gate } from '#src/faults/gate.ts';
import type { History, Told } from '#src/faults/history.ts';
import type { KafkaProxy } from '#src/faults/kafka-proxy.ts';
import { startPostgresProxy, type Hit, type PostgresProxy } from '#src/faults/postgres-proxy.ts';
import { slowness, type Slowness } from '#src/faults/slowness.ts';
import type { RunningProgram } from '#src/faults/program.ts';

/**
 * What stands between one program and its engines. A start that takes the place of a dead one goes the same way; of two
 * that are alive at once each has its own, so that what comes through it belongs to one of them for certain.
 */
export interface Way {
  /** Which start goes it now, counted from 1. */
  start: number;
  program: RunningProgram | undefined;
  proxy: PostgresProxy | undefined;
  kafka: KafkaProxy | undefined;
  /** All of it passes one gate, whatever engine it is for. */
  readonly gate: Gate;
  readonly slowness: Slowness;
  /** What came through it has changed something on an engine, in the present start. */
  hasWritten: boolean;
  /** Writes down what belongs to the start that goes it. */
  tell(event: Told): void;
}

interface Asked {
  onPoint(way: Way, hit: Hit): Promise<'go' | 'drop'>;
  isDue(way: Way, hit: Hit): boolean;
}

export async function openWay(
  options: AttackOptions,
  { start, history }: { readonly start: number; readonly history: History },
  asked: Asked,
): Promise<Way> {
  const way: Way = {
    start,
    program: undefined,
    proxy: undefined,
    kafka: undefined,
    gate: new Gate(),
    slowness: slowness(),
    hasWritten: false,
    tell: (event) => history.tell({ incarnation: way.start, ...event }),
  };
  const on = { history: way, gate: way.gate, slowness: way.slowness, onPoint: (hit: Hit) => asked.onPoint(way, hit) };
  try {
    if (options.postgres !== undefined) way.proxy = await startPostgresProxy({ upstream: options.postgres, ...on });
    way.kafka = await openKafka(options.kafka, { ...on, isDue: (hit) => asked.isDue(way, hit) });
  } catch (error) {
    await closeWay(way);
    throw error;
  }
  return way;
}

/** The end of a connection is no step of a program that we end ourselves. */
export function holdWay({ proxy, kafka }: Way): void {
  kafka?.hold();
  proxy?.hold();
}

/** Resolves when the engines have answered all that came this way. */
export async function quietWay({ proxy, kafka }: Way): Promise<void> {
  await kafka?.quiet();
  await proxy?.quiet();
}

/** The same way for a start that takes the place of a dead one. */
export function nextOnWay(way: Way, start: number): void {
  way.start = start;
  way.hasWritten = false;
  way.slowness.end();
  way.proxy?.nextIncarnation();
  way.kafka?.nextIncarnation();
}

export async function closeWay(way: Way): Promise<void> {
  await way.program?.kill();
  await way.kafka?.close();
  await way.proxy?.close();
}
