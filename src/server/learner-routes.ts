import { z } from 'zod';

import { BadRequest, body, type Route } from '#src/server/route.ts';

const name = z.string().regex(/^[a-z0-9-]{1,80}$/, 'expected a name of a-z, 0-9 and hyphens');
const letter = z.string().regex(/^[A-Z]$/, 'expected one letter');

const answerBody = z.strictObject({ guide: name, question: name, options: z.array(letter).min(1).max(26) });
const predictBody = z.strictObject({ guide: name, block: name, option: letter.optional() });
/** `base` is the text that the box and the learner's folder last agreed on. */
const noteBody = z.strictObject({ guide: name, prompt: name, text: z.string(), base: z.string() });
/** `text` is the whole block; `base` as for a note. */
const codeBody = z.strictObject({ guide: name, exercise: name, text: z.string(), base: z.string() });
const resetBody = z.strictObject({ guide: name, exercise: name });
const tickBody = z.strictObject({
  item: z.string().regex(/^(?:concepts|projects|challenges)\/[a-z0-9-]{1,80}$/, 'expected a guide’s or a lab’s path'),
  done: z.boolean(),
});

/** What the learner did and wrote. A POST answers when it is on the disk, and says why where it is not. */
export const LEARNER_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/guide',
    handle: async (c, app) => {
      const guide = name.safeParse(c.req.query('guide'));
      if (!guide.success) throw new BadRequest(400, 'guide: expected a guide’s name, as in ?guide=03-idempotency');
      return c.json(await app.guideRecord(guide.data));
    },
  },
  { method: 'GET', path: '/api/progress', handle: async (c, app) => c.json(await app.progress()) },
  {
    method: 'POST',
    path: '/api/answer',
    handle: async (c, app) => c.json(await app.answer(await body(c, answerBody))),
  },
  {
    method: 'POST',
    path: '/api/predict',
    handle: async (c, app) => c.json(await app.predict(await body(c, predictBody))),
  },
  { method: 'POST', path: '/api/note', handle: async (c, app) => c.json(await app.saveNote(await body(c, noteBody))) },
  {
    method: 'POST',
    path: '/api/exercise/save',
    handle: async (c, app) => {
      const { guide, exercise, text, base } = await body(c, codeBody);
      return c.json(await app.saveExercise({ reference: `${guide}#${exercise}`, text, base }));
    },
  },
  {
    method: 'POST',
    path: '/api/exercise/reset',
    handle: async (c, app) => {
      const { guide, exercise } = await body(c, resetBody);
      return c.json(await app.resetExercise(`${guide}#${exercise}`));
    },
  },
  {
    method: 'POST',
    path: '/api/tick',
    handle: async (c, app) => {
      await app.tick(await body(c, tickBody));
      return c.json({});
    },
  },
];
