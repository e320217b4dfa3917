/** Milliseconds since 1970, passed in wherever a time is written down, so that a test can choose it. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/**
 * The clock of this process: the machine's, or one that was at `DEJ_CLOCK` when the process began and goes on from there,
 * so that a walk through weeks takes minutes. Nothing but the environment sets it; no page and no request can.
 */
export function clockOf(env: NodeJS.ProcessEnv = process.env, clock: Clock = systemClock): Clock {
  const begun = Date.parse(env['DEJ_CLOCK'] ?? '');
  if (Number.isNaN(begun)) return clock;
  const offset = begun - clock();
  return () => clock() + offset;
}
