import type { AttackOptions } from '#src/faults/attack.ts';
import type { Changes } from '#src/faults/changes.ts';
import { readShift, SHIFT } from '#src/faults/clock.ts';
import type { History } from '#src/faults/history.ts';
import type { HttpSource } from '#src/faults/http-source.ts';
import type { Output } from '#src/faults/output.ts';
import type { Hit } from '#src/faults/postgres-proxy.ts';
import type { Fault, Schedule } from '#src/faults/schedule.ts';
import { lateness } from '#src/faults/slowness.ts';
import type { Drive } from '#src/faults/stream.ts';
import { holdWay, type Way } from '#src/faults/way.ts';
import { stopHere, type Zombie } from '#src/faults/zombie.ts';
import { LearnerError } from '#src/error.ts';
import type { Exit } from '#src/process.ts';

/** What can be done to a program: at a boundary, at its start, or (`again`) by whoever called for it after the end. */
const ACTIONS = ['kill', 'cut', 'hold', 'slow', 'pause', 'again', 'crash', 'rewind', 'lose', SHIFT] as const;

export function checkActions({ faults }: Schedule): void {
  for (const { action, argument } of faults) {
    if (!ACTIONS.some((one) => one === action))
      throw new LearnerError(`there is no fault ${JSON.stringify(action)}`, `There are ${ACTIONS.join(', ')}.`);
    if (action === SHIFT) readShift(argument ?? '');
    if (action === 'slow') lateness(argument);
  }
}

/** One attack under way: the program, what stands between it and its engines, and what has been done so far. */
export interface Stage {
  readonly options: AttackOptions;
  readonly marker: string;
  readonly history: History;
  readonly output: Output;
  readonly fired: boolean[];
  readonly exits: Exit[];
  readonly changes: Changes;
  source: HttpSource | undefined;
  /** The latest start goes it. */
  way: Way;
  /** The start that was stopped, while it is there. */
  zombie: Zombie | undefined;
  /** A way of its own for a start beside one that is alive. */
  readonly besides: (start: number) => Promise<Way>;
  /** Called when a start has been stopped: the next one takes its place. */
  onPaused: () => void;
  drive: Drive | undefined;
  /** Something is to be lost before the next start. */
  lost: boolean;
  /** A server that is being crashed can't be asked until it is back; the program may end sooner. */
  crashing: Promise<void>;
  /** A fault fired in the present start, so that its end may be ours. */
  disturbed: boolean;
  failure: Error | undefined;
  isOver: boolean;
}

/** Called at every point of every boundary, while what passes there is held. */
export async function onPoint(stage: Stage, way: Way, hit: Hit): Promise<'go' | 'drop'> {
  if (stage.isOver) return 'drop';
  try {
    return await strike(stage, way, hit);
  } catch (error) {
    // A proxy can only cut the connection; what failed is told where the run is judged.
    stage.failure ??= error instanceof Error ? error : new Error(String(error));
    return 'drop';
  }
}

async function strike(stage: Stage, way: Way, hit: Hit): Promise<'go' | 'drop'> {
  await stage.changes.look();
  if (hit.point === 'after-durable') way.hasWritten = true;
  if (hit.point === 'after-durable') await stage.options.onDurable?.();
  await stage.options.onHit?.(hit);
  const index = due(stage, way, hit);
  const fault = stage.options.schedule.faults[index];
  // Only one can stand still at a time, and nobody takes the place of one that was replaced already.
  if (fault === undefined || (fault.action === 'pause' && stage.zombie !== undefined)) return 'go';
  stage.fired[index] = true;
  way.tell({ lane: 'fault', kind: 'fired', text: fault.action, ...hit });
  if (fault.action === 'hold') {
    await stage.options.onHold?.();
    return 'go';
  }
  if (fault.action === 'slow') {
    way.slowness.begin(lateness(fault.argument));
    return 'go';
  }
  if (fault.action === 'pause') return stopHere(stage, way);
  stage.disturbed = true;
  // Nothing that the program does after this moment may count, so it is dead before the message is let go or dropped.
  if (fault.action === 'kill' || fault.action === 'lose') {
    hold(stage, way);
    stage.lost = fault.action === 'lose';
    await way.program?.kill();
  }
  if (fault.action === 'crash' || fault.action === 'rewind') {
    const engine = fault.boundary.startsWith('kafka.') ? 'kafka' : 'postgres';
    const how = fault.action === 'crash' ? 'kill' : 'rewind';
    stage.crashing = stage.options.onCrash?.(how, engine) ?? Promise.resolve();
    await stage.crashing;
  }
  return 'drop';
}

/** The end of a connection is no step of a program that we end ourselves. */
export function hold({ source }: Stage, way: Way): void {
  holdWay(way);
  source?.hold();
}

/** Which fault of the schedule strikes here; -1 for none. */
export function due({ options, fired }: Stage, way: Way, hit: Hit): number {
  return options.schedule.faults.findIndex((fault, at) => fired[at] === false && matches(fault, hit, way.start));
}

function matches(fault: Fault, hit: Hit, incarnation: number): boolean {
  return (
    fault.incarnation === incarnation &&
    fault.boundary === hit.boundary &&
    fault.point === hit.point &&
    (fault.role === undefined || fault.role === hit.role) &&
    stands(hit, fault.nth, fault.role === undefined ? hit.nth : hit.roleNth)
  );
}

/** A boundary has one number, or stands for all above `since` up to its own. */
function stands({ since }: Hit, nth: number, last: number | undefined): boolean {
  return last !== undefined && (since === undefined ? nth === last : nth > since && nth <= last);
}
