import { z } from 'zod';

import { BadRequest, body, type Route } from '#src/server/route.ts';

const step = z.string().regex(/^[a-z0-9/-]{1,100}$/, 'expected a step of the plan');
const planBody = z.strictObject({
  start: z
    .string()
    .regex(/^\d{4}-\d\d-\d\d$/, 'expected a day like 2026-01-05')
    .optional(),
  days: z.array(z.int().min(1).max(7)).min(1).max(7).optional(),
  minutes: z.int().optional(),
  review: z.int().optional(),
  reflow: z.boolean().optional(),
  next: step.optional(),
});

const card = z.string().regex(/^[a-z]+:[a-z0-9./-]{1,200}$/, 'expected a card');
const gradeBody = z.strictObject({
  card,
  grade: z.enum(['again', 'hard', 'good', 'easy']),
  options: z
    .array(z.string().regex(/^[A-Z]$/))
    .max(26)
    .optional(),
  elapsedMs: z.number().min(0).max(86_400_000),
});
const cardBody = z.strictObject({ card, state: z.enum(['suspended', 'resumed']) });
const addBody = z.strictObject({
  what: z.enum(['questions', 'takeaways', 'mistakes']),
  of: z.string().regex(/^[a-z0-9-]{1,80}$/),
});
const placeBody = z.strictObject({
  answers: z
    .array(
      z.strictObject({
        question: z.string().regex(/^[a-z-]{1,80}$/),
        option: z
          .string()
          .regex(/^[A-Z]$/)
          .optional(),
      }),
    )
    .max(50),
});
const portfolioBody = z.strictObject({
  labs: z.array(z.string().regex(/^[a-z][a-z0-9-]{1,80}$/)).max(50),
  insights: z.array(z.string().min(1).max(200)).max(1000),
});
const empty = z.strictObject({});

/** Where the learner is and what comes next: the plan, review, placement. */
export const STUDY_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/today', handle: async (c, app) => c.json(await app.today()) },
  { method: 'GET', path: '/api/plan', handle: async (c, app) => c.json(await app.plan()) },
  {
    method: 'POST',
    path: '/api/plan/change',
    handle: async (c, app) => c.json(await app.changePlan(await body(c, planBody))),
  },
  { method: 'GET', path: '/api/placement', handle: async (c, app) => c.json(await app.placement()) },
  {
    method: 'POST',
    path: '/api/placement/answers',
    handle: async (c, app) => c.json(await app.place((await body(c, placeBody)).answers)),
  },
  {
    method: 'GET',
    path: '/api/review',
    handle: async (c, app) => c.json(await app.review.sight(c.req.query('beyond') === '1')),
  },
  {
    method: 'GET',
    path: '/api/review/export',
    handle: async (c, app) => {
      const format = c.req.query('format') ?? 'tsv';
      if (format !== 'tsv' && format !== 'csv') throw new BadRequest(400, 'format: expected tsv or csv');
      c.header('content-disposition', `attachment; filename="data-engineering-cards.${format}"`);
      return c.text(await app.review.export(format));
    },
  },
  {
    method: 'GET',
    path: '/api/review/picture',
    handle: async (c, app) => {
      const parsed = card.safeParse(c.req.query('card'));
      if (!parsed.success) throw new BadRequest(400, 'card: expected a card');
      return c.json(await app.review.picture(parsed.data));
    },
  },
  {
    method: 'POST',
    path: '/api/review/grade',
    handle: async (c, app) => c.json(await app.review.grade(await body(c, gradeBody))),
  },
  {
    method: 'POST',
    path: '/api/review/undo',
    handle: async (c, app) => {
      await body(c, empty);
      return c.json(await app.review.undo());
    },
  },
  {
    method: 'POST',
    path: '/api/review/card',
    handle: async (c, app) => {
      await app.review.set(await body(c, cardBody));
      return c.json({});
    },
  },
  {
    method: 'POST',
    path: '/api/review/add',
    handle: async (c, app) => c.json(await app.review.add(await body(c, addBody))),
  },
  { method: 'GET', path: '/api/portfolio', handle: async (c, app) => c.json(await app.portfolio()) },
  {
    method: 'POST',
    path: '/api/portfolio/make',
    handle: async (c, app) => c.json(await app.makePortfolio(await body(c, portfolioBody))),
  },
];
