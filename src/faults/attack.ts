import { randomUUID } from 'node:crypto';

import { checkActions, due, hold, onPoint, type Stage } from '#src/faults/actions.ts';
import { addresses, filled, inherited, others } from '#src/faults/addresses.ts';
import type { KafkaTarget } from '#src/faults/attack-kafka.ts';
import { watchChanges } from '#src/faults/changes.ts';
import { clockOf } from '#src/faults/clock.ts';
import { startHistory, type HistoryEvent } from '#src/faults/history.ts';
import type { HttpLog } from '#src/faults/http-ledger.ts';
import { startHttpSource, type HttpSourceOptions } from '#src/faults/http-source.ts';
import { keepOutput } from '#src/faults/output.ts';
import type { Hit } from '#src/faults/postgres-proxy.ts';
import type { Upstream } from '#src/faults/postgres-upstream.ts';
import { startProgram, type RunningProgram } from '#src/faults/program.ts';
import type { Schedule } from '#src/faults/schedule.ts';
import { startDrive, tellToStop, type StreamOptions } from '#src/faults/stream.ts';
import { closeWay, nextOnWay, openWay, quietWay, type Way } from '#src/faults/way.ts';
import { endOf, endZombie, isCalm, wakeBeside } from '#src/faults/zombie.ts';
import { within } from '#src/deadline.ts';
import type { Harm } from '#src/engines/engine.ts';
import type { Exit } from '#src/process.ts';

export interface AttackOptions {
  readonly schedule: Schedule;
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The program's environment; addresses of engines are added. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the proxy leads; the program's DATABASE_URL leads to the proxy. */
  readonly postgres?: Upstream;
  readonly kafka?: KafkaTarget | undefined;
  /** What the HTTP source holds and how it misbehaves. */
  readonly http?: HttpSourceOptions | undefined;
  /** What the HTTP source had done in an earlier run that this one continues. */
  readonly httpBefore?: HttpLog | undefined;
  /** Folders whose changed files are noted at every point. */
  readonly watch?: readonly string[];
  /** Every process of the program carries it, with a part of its own below it. */
  readonly marker?: string;
  /** Called at every point while what passes there is held. */
  readonly onHit?: ((hit: Hit) => Promise<void>) | undefined;
  /** Ends this engine in this way and starts it again where it was, for the faults `crash` and `rewind`. */
  readonly onCrash?: ((how: Harm, engine: 'postgres' | 'kafka') => Promise<void>) | undefined;
  /** What is lost while the program lies dead, for the fault `lose`. */
  readonly onLose?: (() => Promise<void>) | undefined;
  /** Called while a commit that has just become durable is held. */
  readonly onDurable?: (() => Promise<void>) | undefined;
  readonly deadlineMs: number;
  /** The exit code with which the program is done; after a fault it is started until it ends so. */
  readonly expectedExit?: number;
  /** For a program that runs until it is told to stop. */
  readonly stream?: StreamOptions | undefined;
  /** `{NAME}` in an argument or in a value of `env` stands for what the program is given as NAME. */
  readonly fill?: boolean | undefined;
  /** How often, after a fault, a start that nobody disturbed may fail and is begun again; not at all where it isn't given. */
  readonly restarts?: number | undefined;
  /** What happens while a fault `hold` holds its message; it goes on when this resolves. */
  readonly onHold?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Attacked {
  readonly history: readonly HistoryEvent[];
  /** One for each start. */
  readonly exits: readonly Exit[];
  /** For each fault of the schedule. */
  readonly fired: readonly boolean[];
  readonly ended: 'completed' | 'crashed' | 'deadline' | 'stopped';
  /** What the program printed last, newest last. */
  readonly lastLines: readonly string[];
  /** All that it printed, bounded. */
  readonly output: string;
  readonly http: HttpLog | undefined;
}

/** A program that is killed at every start would go on for ever. */
const MAX_STARTS = 10;

/** Runs a program to its end under a schedule: after a fault that ends it, it is started again. */
export async function attack(options: AttackOptions): Promise<Attacked> {
  checkActions(options.schedule);
  const history = startHistory();
  const marker = `${options.marker ?? 'attack'}/${randomUUID()}`;
  const asked = {
    onPoint: (way: Way, hit: Hit) => onPoint(stage, way, hit),
    isDue: (way: Way, hit: Hit) => due(stage, way, hit) !== -1,
  };
  const way = await openWay(options, { start: 1, history }, asked);
  const stage: Stage = {
    options,
    way,
    besides: (start) => openWay(options, { start, history }, asked),
    marker,
    history,
    output: keepOutput(),
    fired: options.schedule.faults.map(() => false),
    exits: [],
    source: undefined,
    disturbed: false,
    failure: undefined,
    isOver: false,
    drive: undefined,
    zombie: undefined,
    onPaused: () => undefined,
    lost: false,
    crashing: Promise.resolve(),
    changes: await watchChanges(options.watch ?? [], history),
  };
  try {
    if (options.http !== undefined) {
      const onHit = (hit: Hit): Promise<'go' | 'drop'> => stage.way.gate.hold(() => onPoint(stage, stage.way, hit));
      const opened = (): Promise<void> => stage.way.gate.passed();
      const setting = { history, onPoint: onHit, opened, earlier: options.httpBefore };
      stage.source = await startHttpSource(options.http, setting);
    }
    stage.drive = startDrive(
      options.stream,
      () => isCalm(stage) && stage.way.proxy?.isPassing() !== true,
      () => stage.fired.filter(Boolean).length,
    );
    stage.drive.settled.catch((error: unknown) => (stage.failure ??= error as Error));
    return await supervise(stage);
  } finally {
    stage.isOver = true;
    await stage.way.program?.kill();
    await endZombie(stage, 0);
    await stage.drive?.stop();
    await stage.source?.close();
    await closeWay(stage.way);
  }
}

async function supervise(stage: Stage): Promise<Attacked> {
  const { options, history } = stage;
  const due = options.expectedExit ?? 0;
  const endMs = performance.now() + options.deadlineMs;
  let failures = 0;
  for (let start = 1; start <= MAX_STARTS; start++) {
    history.incarnation = start;
    stage.disturbed = false;
    const leftMs = (): number => Math.max(1, endMs - performance.now());
    const exit = await oneStart(stage, leftMs());
    await stage.changes.look();
    if (stage.failure !== undefined) throw stage.failure;
    if (exit === 'stopped' || exit === 'deadline') return result(stage, exit);
    if (exit === 'paused') {
      await replaced(stage, start + 1);
      continue;
    }
    stage.exits.push(exit);
    if (stage.drive?.isSettled === true) return result(stage, 'completed');
    if (exit.code === due && options.stream === undefined) {
      await endZombie(stage, leftMs());
      return result(stage, 'completed');
    }
    if (!stage.disturbed) {
      failures++;
      if (!stage.fired.includes(true) || failures > (options.restarts ?? 0)) return result(stage, 'crashed');
    }
    if (stage.lost) await options.onLose?.();
    stage.lost = false;
    await options.kafka?.onDeath?.(stage.way.kafka?.transactionalIds() ?? []);
    nextOnWay(stage.way, start + 1);
    stage.source?.nextIncarnation();
  }
  return result(stage, 'deadline');
}

/** One start, until it ends by itself, by a fault, or because nobody waits any longer. Nothing of it is left then. */
async function oneStart(stage: Stage, timeMs: number): Promise<Exit | 'stopped' | 'deadline' | 'paused'> {
  const { options, history, way } = stage;
  history.tell({ lane: 'program', kind: 'started', text: options.argv.join(' ') });
  const given = { ...inherited(), ...options.env, ...addresses(options, way.proxy), ...others(stage, way) };
  const { argv, env } = options.fill === true ? filled(options.argv, given) : { argv: options.argv, env: given };
  const clock = await clockOf(stage, way, { argv, env, atMs: history.events.at(-1)?.atMs ?? 0 });
  const program = await startProgram({
    argv,
    cwd: options.cwd,
    env: { ...env, ...clock.env },
    // One of two that are alive at once must be told from the other.
    marker: `${stage.marker}/${way.start}.`,
    onLine: (line) => {
      if (stage.output.add(line)) way.tell({ lane: 'program', kind: 'line', text: line });
    },
  });
  way.program = program;
  const paused = new Promise<'paused'>((resolve) => (stage.onPaused = () => resolve('paused')));
  const { zombie } = stage;
  if (zombie !== undefined && zombie.resumedMs === undefined)
    wakeBeside(stage, zombie, way).catch((error: unknown) => (stage.failure ??= error as Error));
  let why: 'stopped' | 'deadline' | undefined;
  try {
    const over = Promise.race([program.ended, stage.drive?.settled ?? program.ended, paused]);
    const how = await within('end of the program', over, { deadlineMs: timeMs, signal: options.signal });
    if (how === 'paused') {
      await clock.note();
      return how;
    }
    if (stage.drive?.isSettled === true) await stopped(stage, program);
  } catch {
    why = options.signal?.aborted === true ? 'stopped' : 'deadline';
  }
  const killed = why !== undefined || stage.disturbed;
  if (why !== undefined) hold(stage, way);
  // What it started in the background would go on writing after it.
  const ended = await program.kill();
  await clock.note();
  await clock.close();
  way.tell(endOf(ended, killed));
  await stage.crashing.catch(() => undefined);
  await stage.source?.quiet();
  await quietWay(way);
  return why ?? ended;
}

/** The start that was stopped stays what it is; the next one goes a way of its own to engines that don't wait for it. */
async function replaced(stage: Stage, start: number): Promise<void> {
  await stage.options.kafka?.onPause?.();
  stage.history.incarnation = start;
  stage.way = await stage.besides(start);
}

/** A stream that is quiet is told to stop; what it does on its way out is no step any more. */
async function stopped(stage: Stage, program: RunningProgram): Promise<void> {
  const { way, options } = stage;
  await endZombie(stage, 0);
  way.proxy?.settle();
  way.kafka?.settle();
  way.tell({ lane: 'program', kind: 'told', text: 'told to stop' });
  if (options.stream !== undefined) await tellToStop(program, options.stream);
}

function result(stage: Stage, ended: Attacked['ended']): Attacked {
  const { history, exits, fired, output, source } = stage;
  return {
    history: history.events,
    exits,
    fired,
    ended,
    lastLines: output.last(32),
    output: output.text(),
    http: source?.log,
  };
}
