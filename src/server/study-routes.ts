import { z } from 'zod';

import { body, type Route } from '#src/server/route.ts';

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

/** Where the learner is and what comes next: the plan, review, placement. */
export const STUDY_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/today', handle: async (c, app) => c.json(await app.today()) },
  { method: 'GET', path: '/api/plan', handle: async (c, app) => c.json(await app.plan()) },
  {
    method: 'POST',
    path: '/api/plan/change',
    handle: async (c, app) => c.json(await app.changePlan(await body(c, planBody))),
  },
];
