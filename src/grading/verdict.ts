import { z } from 'zod';

import { ANOMALIES } from '#src/grading/anomaly.ts';

/** Rises when a field changes its meaning; readers of verdict.json refuse a newer one. */
export const VERDICT_SCHEMA = 1;

export const LEVELS = ['quick', 'full', 'overnight'] as const;
export type Level = (typeof LEVELS)[number];

const text = z.string();
const count = z.number().int().nonnegative();

/** `unknown`: an engine or a deadline of ours was in the way. `not-exercised`: no fault could be fired. Neither counts. */
export const STATES = ['passed', 'failed', 'unknown', 'not-exercised'] as const;

export const verdictSchema = z
  .object({
    schema: z.literal(VERDICT_SCHEMA).describe('the version of this format'),
    lab: text.describe("the lab's id: its folder name without the number"),
    stage: z.number().int().positive(),
    title: text.describe('what the stage is called'),
    state: z.enum(STATES),
    level: z.enum(LEVELS),
    language: text,
    seed: z.number().int(),
    size: count.describe('how many things the input holds'),
    points: z
      .object({
        survived: count,
        tried: count,
        planned: count.describe('what this level would try'),
        possible: count.describe('every boundary and point of the recorded run'),
        combined: z
          .object({ survived: count, tried: count })
          .optional()
          .describe('pairs and triples of points, which only the level overnight tries'),
      })
      .describe('crash points'),
    schedule: text.optional().describe('the smallest schedule that shows the failure, for ./dej replay'),
    did: z.array(text).describe('what was done to the program, a sentence for each fault'),
    earlier: z
      .object({ survived: count, lastAt: text.describe('ISO 8601') })
      .optional()
      .describe('what was not run again, because the very same program had survived it in a check before'),
    elsewhere: z
      .array(text)
      .optional()
      .describe('which runs took place on a server of ours, though an address of yours is set; a sentence each'),
    measured: z
      .array(text)
      .optional()
      .describe('what was measured in an undisturbed run, a sentence each: reported, never judged'),
    untried: z.array(text).optional().describe('what could not be done to this program on this machine, and why'),
    findings: z.array(
      z.object({
        anomaly: z.enum(ANOMALIES),
        expected: text,
        found: text,
        count,
        witnesses: z.array(text).max(5),
      }),
    ),
    likely: z.array(text).describe('the cause, from the recorded order; several where the order leaves several'),
    read: z.object({ words: text, href: text }).optional().describe('the section of a guide that explains it'),
    why: text.optional().describe('for unknown and not-exercised: what was in the way'),
    remedy: text.optional(),
    reproduced: z.object({ times: count, of: count }).optional().describe('how often the failure came again'),
    output: z
      .object({ lastLines: z.array(text).max(32), log: text.optional() })
      .optional()
      .describe('the end of what the program printed, where it crashed or ran out of time'),
    own: z
      .object({
        command: text.describe('as it was typed'),
        compared: text.describe('what of an undisturbed run was taken for right'),
        leftOut: z.array(text),
      })
      .optional()
      .describe('for ./dej attack: a program that belongs to no lab'),
    program: z.object({ hash: text, argv: z.array(text) }),
    engines: z.record(text, text).describe('versions'),
    startedAt: text.describe('ISO 8601'),
    elapsedMs: count,
    folder: text.describe("the run's folder"),
    picture: text.optional().describe('timeline.svg of the failing run'),
    replayed: z.boolean().optional().describe('one schedule was run again: it says nothing of the others'),
    stopped: z.boolean().describe('stopped by a person: what stands here was known then'),
  })
  .readonly();

export type Verdict = z.infer<typeof verdictSchema>;

/** Reads verdict.json; undefined where the file is of another version or no verdict. */
export function parseVerdict(json: string): Verdict | undefined {
  try {
    const parsed = verdictSchema.safeParse(JSON.parse(json));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
