import { z } from 'zod';

import { BadRequest, body, type Route } from '#src/server/route.ts';

const id = z.string().regex(/^[a-z0-9-]{1,40}$/, 'expected the name of an entry');
const words = z.string().max(10_000);
const about = z
  .string()
  .regex(/^[a-z0-9/-]{1,100}(?:#[a-z0-9-]{1,100})?$/, 'expected a guide, a block of it, or a lab');
/** `id` is chosen by the page, so that an entry whose first answer got lost is written once. */
const addBody = z.strictObject({
  kind: z.enum(['insight', 'question', 'win']),
  text: words.min(1),
  about: about.optional(),
  id: id.optional(),
});
const answerBody = z.strictObject({ id, text: words });
const rewordBody = z.strictObject({ id, text: words.min(1), base: words });
const idBody = z.strictObject({ id });
const offerBody = z.strictObject({ key: z.string().regex(/^[a-z0-9/-]{1,200}$/, 'expected an offer') });
const focusBody = z.strictObject({
  key: z.enum(['week', 'concept', 'project']),
  value: z.string().min(1).max(200).optional(),
});
const sqlBody = z.strictObject({ sql: z.string().min(1).max(20_000) });
const savedName = z.string().regex(/^[a-z0-9-]{1,80}$/);

/** What the learner writes down, and what they ask of all they wrote and did. */
export const LOG_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/log', handle: async (c, app) => c.json(await app.log.sight()) },
  {
    method: 'POST',
    path: '/api/log/add',
    handle: async (c, app) => c.json(await app.log.add(await body(c, addBody))),
  },
  {
    method: 'POST',
    path: '/api/log/answer',
    handle: async (c, app) => c.json(await app.log.answer(await body(c, answerBody))),
  },
  {
    method: 'POST',
    path: '/api/log/reword',
    handle: async (c, app) => c.json(await app.log.reword(await body(c, rewordBody))),
  },
  {
    method: 'POST',
    path: '/api/log/reopen',
    handle: async (c, app) => {
      await app.log.reopen((await body(c, idBody)).id);
      return c.json({});
    },
  },
  {
    method: 'POST',
    path: '/api/log/remove',
    handle: async (c, app) => {
      await app.log.remove((await body(c, idBody)).id);
      return c.json({});
    },
  },
  {
    method: 'POST',
    path: '/api/log/accept',
    handle: async (c, app) => c.json(await app.log.accept((await body(c, offerBody)).key)),
  },
  {
    method: 'POST',
    path: '/api/log/decline',
    handle: async (c, app) => {
      await app.log.decline((await body(c, offerBody)).key);
      return c.json({});
    },
  },
  {
    method: 'POST',
    path: '/api/log/focus',
    handle: async (c, app) => {
      await app.log.focus(await body(c, focusBody));
      return c.json({});
    },
  },
  {
    method: 'GET',
    path: '/api/search',
    handle: async (c, app) => c.json(await app.log.search((c.req.query('q') ?? '').slice(0, 200))),
  },
  { method: 'GET', path: '/api/sql', handle: async (c, app) => c.json(await app.log.sqlSight()) },
  {
    method: 'GET',
    path: '/api/sql/saved',
    handle: async (c, app) => {
      const name = savedName.safeParse(c.req.query('name'));
      if (!name.success) throw new BadRequest(400, 'name: expected a saved question, as in ?name=hours-by-concept');
      return c.json(await app.log.askSaved(name.data));
    },
  },
  {
    method: 'POST',
    path: '/api/sql/ask',
    handle: async (c, app) => c.json(await app.log.askSql((await body(c, sqlBody)).sql, c.req.raw.signal)),
  },
];
