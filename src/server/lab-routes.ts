import type { Context } from 'hono';
import { z } from 'zod';

import type { App } from '#src/server/app.ts';
import { BadRequest, body, type Route } from '#src/server/route.ts';
import { lines } from '#src/server/stream.ts';

const id = z.string().regex(/^[a-z][a-z0-9-]{1,80}$/, 'expected a lab’s name');
const stage = z.int().min(1).max(99);
const language = z.string().regex(/^[a-z]{1,20}$/);

const none = z.strictObject({});
const startBody = z.strictObject({ language: language.optional() });
const checkBody = z.strictObject({ stage: stage.optional(), level: z.enum(['quick', 'full']) });
const replayBody = z.strictObject({ line: z.string().min(1).max(2000) });
const hintBody = z.strictObject({ stage });

/** What is done to a lab: the last word of the route, the shape of its body, and what answers. */
function act<T>(
  verb: string,
  schema: z.ZodType<T>,
  answer: (lab: string, value: T, app: App) => Promise<unknown>,
): Route {
  return {
    method: 'POST',
    path: `/api/labs/:lab/${verb}`,
    handle: async (c, app) => c.json((await answer(labOf(c), await body(c, schema), app)) ?? {}),
  };
}

/**
 * Labs. A grading goes on when its page is closed: the POST that begins it answers at once, `live` streams what happens,
 * whoever began it, and ends with it.
 */
export const LAB_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/labs/:lab', handle: async (c, app) => c.json(await app.labs.state(labOf(c))) },
  {
    method: 'GET',
    path: '/api/labs/:lab/live',
    handle: (c, app) => {
      const lab = labOf(c);
      return lines(c, (signal) => app.labs.live({ lab, signal }));
    },
  },
  {
    method: 'GET',
    path: '/api/labs/:lab/picture',
    handle: async (c, app) => c.json(await app.labs.picture({ lab: labOf(c), stage: stageOf(c) })),
  },
  {
    method: 'GET',
    path: '/api/labs/:lab/solution',
    handle: async (c, app) => c.json(await app.labs.solution({ lab: labOf(c), stage: stageOf(c) })),
  },
  act('start', startBody, (lab, { language: chosen }, app) => app.labs.start({ lab, language: chosen })),
  act('check', checkBody, (lab, { stage: n, level }, app) => app.labs.check({ lab, stage: n, level })),
  act('replay', replayBody, (_, { line }, app) => app.labs.replay({ line })),
  act('stop', none, (lab, _, app) => app.labs.stop(lab)),
  act('hint', hintBody, (lab, { stage: n }, app) => app.labs.hint({ lab, stage: n })),
  act('reset', startBody, (lab, { language: chosen }, app) => app.labs.reset({ lab, language: chosen })),
];

function labOf(c: Context): string {
  const parsed = id.safeParse(c.req.param('lab'));
  if (!parsed.success) throw new BadRequest(400, 'lab: expected a lab’s name, as in /api/labs/batch-error-handling');
  return parsed.data;
}

function stageOf(c: Context): number {
  const parsed = stage.safeParse(Number(c.req.query('stage')));
  if (!parsed.success) throw new BadRequest(400, 'stage: expected a number, as in ?stage=1');
  return parsed.data;
}
