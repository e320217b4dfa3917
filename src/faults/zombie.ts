import type { Stage } from '#src/faults/actions.ts';
import type { Told } from '#src/faults/history.ts';
import type { KafkaProxy } from '#src/faults/kafka-proxy.ts';
import { closeWay, holdWay, quietWay, type Way } from '#src/faults/way.ts';
import { until, within } from '#src/deadline.ts';
import type { Exit } from '#src/process.ts';

/** A start that was stopped in the midst of what it did, and goes on beside the one that has taken its place. */
export interface Zombie {
  readonly way: Way;
  /** When it was let go on, as `performance.now()` counts. */
  resumedMs: number | undefined;
  hasEnded: boolean;
  /** Lets go of the message at which it was stopped. */
  readonly letGo: (how: 'go' | 'drop') => void;
}

/** One that takes another's place and finds nothing to do is waited for no longer than this. */
const AT_WORK_MS = 5000;
const WAITS_MS = 1500;
/** Its own start is in it. */
const CAUGHT_UP_MS = 20_000;
/** What has learnt that it was replaced joins again, or ends; then it has done nothing but wait for as long as this. */
const ROUND_MS = 1000;
const MOST_ROUND_MS = 5000;
/** Clients beat every three seconds and learn it so; a group waits as long for the others. What never joins again does nothing. */
const MOST_BACK_MS = 15_000;
const STEP = { everyMs: 5, mostMs: 20 };

/** Stops the program where it is. What passes here is held until it goes on, so that it reaches the engine late. */
export async function stopHere(stage: Stage, way: Way): Promise<'go' | 'drop'> {
  await way.program?.pause();
  way.tell({ lane: 'program', kind: 'paused', text: 'stopped (SIGSTOP)' });
  return new Promise((letGo) => {
    const zombie: Zombie = { way, resumedMs: undefined, hasEnded: false, letGo };
    stage.zombie = zombie;
    void way.program?.ended.then(() => (zombie.hasEnded = true));
    stage.onPaused();
  });
}

/**
 * Lets it go on as soon as the start that has taken its place is at work, or has ended; in Kafka, when that has dealt with
 * all there is: who comes back to the group while the other works may find the partition just as it left it, or not.
 */
export async function wakeBeside(stage: Stage, zombie: Zombie, successor: Way): Promise<void> {
  let hasEnded = false;
  void successor.program?.ended.then(() => (hasEnded = true));
  const beganMs = performance.now();
  const isWaiting = (): boolean => {
    const since = successor.kafka?.idleSince();
    return since !== undefined && performance.now() - since > WAITS_MS;
  };
  const { hasCaughtUp } = stage.options.stream ?? {};
  const lastsFor = (ms: number): boolean => performance.now() - beganMs > ms;
  const isFurther = async (): Promise<boolean> =>
    hasCaughtUp === undefined
      ? successor.hasWritten || lastsFor(AT_WORK_MS)
      : lastsFor(CAUGHT_UP_MS) || (await hasCaughtUp());
  const seen = async (): Promise<boolean> => hasEnded || stage.isOver || isWaiting() || (await isFurther());
  await until('the next start at work', seen, { deadlineMs: 2 * CAUGHT_UP_MS, ...STEP });
  if (stage.isOver) return;
  // From here on the two may be in each other's way, which neither is to blame for alone.
  stage.disturbed = true;
  zombie.resumedMs = performance.now();
  zombie.way.tell({ lane: 'program', kind: 'resumed', text: 'goes on (SIGCONT)' });
  zombie.way.program?.resume();
  zombie.letGo('go');
}

type Woken = Pick<Zombie, 'resumedMs' | 'hasEnded'> & {
  readonly way: { readonly kafka?: Pick<KafkaProxy, 'isJoining' | 'joinedMs' | 'idleSince'> | undefined };
};

/** Whether nothing stands still, and one that was let go on has found out where it is. */
export function isCalm({ zombie }: { readonly zombie: Woken | undefined }, now = performance.now()): boolean {
  if (zombie === undefined || zombie.hasEnded) return true;
  const { resumedMs, way } = zombie;
  if (resumedMs === undefined || way.kafka?.isJoining() === true) return false;
  const joinedMs = way.kafka?.joinedMs();
  // A member of a group that it is out of: until it is back, it has not found out.
  if (joinedMs !== undefined && joinedMs < resumedMs) return now - resumedMs > MOST_BACK_MS;
  const since = way.kafka?.idleSince() ?? resumedMs;
  return (since > resumedMs && now - since > ROUND_MS) || now - resumedMs > MOST_ROUND_MS;
}

/** A batch has an end of its own, which is waited for; what never ends is ended. Nothing of it is left then. */
export async function endZombie(stage: Stage, mayEndMs: number): Promise<void> {
  const { zombie } = stage;
  if (zombie === undefined) return;
  stage.zombie = undefined;
  const { way } = zombie;
  if (mayEndMs > 0 && way.program !== undefined)
    await within('end of the start that was stopped', way.program.ended, { deadlineMs: mayEndMs }).catch(
      () => undefined,
    );
  if (!zombie.hasEnded) {
    holdWay(way);
    zombie.letGo('drop');
  }
  const wasRunning = !zombie.hasEnded;
  const exit = await way.program?.kill();
  if (exit !== undefined) way.tell(endOf(exit, wasRunning));
  await quietWay(way);
  await closeWay(way);
}

/** How a start ended, as the history tells it. */
export function endOf({ code, signal }: Exit, wasKilled: boolean): Told {
  if (wasKilled && signal === 'SIGKILL') return { lane: 'program', kind: 'killed', text: 'killed' };
  const text = code === null ? `ended by ${signal ?? 'a signal'}` : `ended with exit code ${code}`;
  return { lane: 'program', kind: 'exited', text, detail: { code, signal } };
}
