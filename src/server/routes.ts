import type { Context } from 'hono';
import { z } from 'zod';

import { ENGINE_ACTIONS, engineName } from '#src/commands/engines.ts';
import { LAB_ROUTES } from '#src/server/lab-routes.ts';
import { LEARNER_ROUTES } from '#src/server/learner-routes.ts';
import { LOG_ROUTES } from '#src/server/log-routes.ts';
import { body, type Route } from '#src/server/route.ts';
import { lines } from '#src/server/stream.ts';
import { STUDY_ROUTES } from '#src/server/study-routes.ts';

/** Blocks that run at the same time at the most; more would only slow each other down. */
const MAX_RUNS = 4;
let running = 0;

const runBody = z.strictObject({
  guide: z.string().regex(/^[a-z0-9-]{1,80}$/),
  block: z.string().regex(/^[a-z0-9-]{1,80}$/),
  code: z.string().max(200_000).optional(),
});
const checkBody = z.strictObject({
  guide: z.string().regex(/^[a-z0-9-]{1,80}$/),
  exercise: z.string().regex(/^[a-z0-9-]{1,80}$/),
  code: z.string().max(200_000),
});
const empty = z.strictObject({});

/** Every route but the static files. What a POST changes is done by the handler; a GET changes nothing. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/session', handle: (c) => c.json({ app: true }) },
  { method: 'GET', path: '/api/engines', handle: async (c, app) => c.json(await app.engines()) },
  { method: 'GET', path: '/api/engines/live', handle: (c, app) => lines(c, (signal) => app.watchEngines(signal)) },
  {
    method: 'GET',
    path: '/api/engines/:name/logs',
    handle: async (c, app) => c.json(await app.engineLogs(engineName(c.req.param('name') ?? ''))),
  },
  ...ENGINE_ACTIONS.map((action): Route => ({
    method: 'POST',
    path: `/api/engines/:name/${action}`,
    handle: async (c, app) => {
      await body(c, empty);
      const name = engineName(c.req.param('name') ?? '');
      return lines(c, (signal) => app.changeEngine(name, action, signal));
    },
  })),
  {
    method: 'POST',
    path: '/api/run',
    handle: async (c, app) => {
      const { guide, block, code } = await body(c, runBody);
      return busy(c, (signal) => app.runBlock({ guide, block, code, signal }));
    },
  },
  {
    method: 'POST',
    path: '/api/exercise/check',
    handle: async (c, app) => {
      const { guide, exercise, code } = await body(c, checkBody);
      return busy(c, (signal) => app.checkExercise({ reference: `${guide}#${exercise}`, code, signal }));
    },
  },
  ...LEARNER_ROUTES,
  ...LAB_ROUTES,
  ...STUDY_ROUTES,
  ...LOG_ROUTES,
];

/** Streams what runs the learner's code, unless too much of it runs already. */
function busy(c: Context, begin: (signal: AbortSignal) => AsyncIterable<unknown>): Response {
  if (running >= MAX_RUNS)
    return c.json({ error: `${MAX_RUNS} blocks are running`, remedy: 'Stop one, or wait for its end.' }, 429);
  running++;
  return lines(c, begin, () => void running--);
}
