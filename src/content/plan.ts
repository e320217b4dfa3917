import { z } from 'zod';

import { ENGINE_NAMES } from '#src/engines/engine.ts';

const guideId = z.string().regex(/^\d\d-[a-z0-9-]+$/, 'expected a guide’s id like 03-idempotency');
const labId = z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected words of a-z and 0-9 joined by hyphens');
const title = z.string().min(1, 'expected a title');
const url = z.url({ protocol: /^https$/, error: 'expected an address that begins with https://' });

const catalogueGuide = z.strictObject({
  id: guideId.describe('number and slug: the file’s name in concepts/ without .md'),
  title: title.describe('as the guide’s first line has it'),
  complete: z.boolean().default(false).describe('true holds the guide to all that a complete one has'),
});

const lab = z.strictObject({
  id: labId.describe('the folder’s name without its number'),
  kind: z.enum(['project', 'challenge']).describe('project or challenge'),
  path: z
    .string()
    .regex(/^(projects|challenges)\/\d\d-[a-z0-9-]+$/, 'expected a folder like projects/03-data-lake')
    .describe('the lab’s folder; fixed, because people link to it'),
  title: title.describe('as the learner reads it'),
  outcome: z.string().min(1).describe('what the learner’s program must keep true, in a sentence'),
  stages: z.array(title).min(1).describe('titles, in order; a stage is named by its number from 1'),
  proves: z
    .array(
      z.strictObject({
        guide: guideId.describe('the guide whose concept is proved'),
        stages: z.array(z.int().min(1)).min(1).describe('numbers of the stages that prove it, from 1'),
      }),
    )
    .default([])
    .describe('concepts that its stages prove; each such guide names them'),
});

/** plan/catalogue.yaml */
export const catalogueSchema = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        title: title.describe('the group’s name'),
        guides: z.array(catalogueGuide).min(1).describe('its guides, in order'),
      }),
    )
    .describe('the guides, in groups'),
  labs: z.array(lab).describe('projects and challenges'),
});

const week = z.strictObject({
  number: z.int().min(1).describe('from 1, without a gap'),
  focus: title.describe('what the week is about, in a word or two'),
  concepts: title.describe('its concepts, as the week table names them'),
  goal: title.describe('what is built'),
  hours: z.number().positive().describe('about; shown before the week is started'),
  guides: z.array(guideId).describe('ids of guides whose core part is read'),
  labs: z
    .array(
      z.strictObject({
        id: labId.describe('the lab’s id in the catalogue'),
        stages: z.array(z.int().min(1)).min(1).describe('numbers of its stages, from 1'),
      }),
    )
    .describe('labs, with the stages due in this week'),
  also: title.optional().describe('what the week asks beside guides and stages'),
});

/** plan/weeks.yaml */
export const weeksSchema = z.strictObject({
  laps: z
    .array(
      z.strictObject({
        title: title.describe('the lap’s name'),
        holds: title.describe('what belongs to it, in a sentence'),
      }),
    )
    .describe('the first lap is the weeks; the second holds the rest'),
  weeks: z.array(week).describe('the first lap'),
  milestones: z
    .array(
      z.strictObject({
        week: z.int().min(1).describe('the week at whose end it is due'),
        title: title.describe('what is reached, as a sentence'),
        needs: z
          .strictObject({
            guides: z.array(guideId).optional().describe('ids of guides that are finished'),
            labs: z
              .array(
                z.strictObject({
                  id: labId.describe('the lab’s id in the catalogue'),
                  stages: z.array(z.int().min(1)).min(1).describe('numbers of stages that are passed'),
                }),
              )
              .optional()
              .describe('labs, with the stages that are passed'),
            project: z
              .boolean()
              .optional()
              .describe('one project with all stages survived, its runbook and a post-mortem'),
          })
          .describe('the evidence it is reached by'),
      }),
    )
    .describe('one for each week'),
});

const resource = z.strictObject({
  title: title.describe('as its makers write it'),
  by: z.string().optional().describe('author or publisher'),
  url: url.describe('its address'),
  read: z.string().min(1).describe('what to read it for, in a sentence'),
  guides: z.array(guideId).default([]).describe('guides that it goes well with'),
});

const tool = z.strictObject({
  title: title.describe('as its makers write it'),
  url: url.describe('its official page'),
  runs: z
    .strictObject({
      engines: z.array(z.enum(ENGINE_NAMES)).default([]).describe('blocks on one of these run on the tool'),
      code: z.array(z.string().min(2)).default([]).describe('blocks whose code has one of these words use the tool'),
      labs: z.array(labId).default([]).describe('ids of labs that run on it'),
    })
    .prefault({})
    .describe('how to tell where it runs'),
});

/** plan/resources.yaml */
export const resourcesSchema = z.strictObject({
  books: z.array(resource).describe('books'),
  courses: z.array(resource).describe('courses'),
  tools: z
    .array(
      z.strictObject({
        group: title.describe('what they are for'),
        tools: z.array(tool).min(1).describe('the tools of the group'),
      }),
    )
    .describe('tools, in groups'),
  blogs: z.array(resource).describe('blogs'),
});

/** plan/glossary.yaml */
export const glossarySchema = z.strictObject({
  terms: z
    .array(
      z.strictObject({
        term: title.describe('the term, in lower case unless it is a name'),
        definition: z.string().min(1).describe('one or two sentences, plain and exact'),
      }),
    )
    .describe('all terms'),
});

const topicId = z.string().regex(/^[a-z]+(-[a-z]+)*$/, 'expected words of a-z joined by hyphens');

/** plan/placement.yaml */
export const placementSchema = z.strictObject({
  minutes: z.int().positive().describe('what the questions take, about'),
  topics: z
    .array(
      z.strictObject({
        id: topicId.describe('the name of its primer’s file in docs/primers/ without .md'),
        title: title.describe('as its primer’s first line has it'),
        skips: z
          .array(
            z
              .string()
              .regex(/^\d\d-[a-z0-9-]+#[a-z0-9-]+$/, 'expected a guide and an anchor, like 03-idempotency#anchor'),
          )
          .default([])
          .describe('parts of guides that whoever knows the topic may skip'),
      }),
    )
    .describe('what is asked about'),
  questions: z
    .array(
      z.strictObject({
        id: topicId.describe('of the question; never reused'),
        topic: topicId.describe('the id of a topic'),
        text: title.describe('the question, as Markdown'),
        options: z
          .array(
            z.strictObject({
              text: title.describe('the option, as Markdown'),
              right: z.literal(true).optional().describe('true for the right one, left out for the others'),
              why: title.optional().describe('why it is wrong, as the rest of a sentence'),
            }),
          )
          .min(3)
          .describe('options; one is right, and each other says why it is not'),
      }),
    )
    .describe('the questions'),
});

/** plan/cues.yaml */
export const cuesSchema = z.strictObject({
  guides: z
    .array(
      z.strictObject({
        id: guideId.describe('the guide whose takeaways are asked for'),
        cues: z
          .array(
            z.strictObject({
              id: topicId.describe('of the card; never reused'),
              takeaway: z.string().min(8).describe('how the takeaway begins, so that it is found wherever it stands'),
              cue: title.describe('the question that it answers, as Markdown'),
            }),
          )
          .min(1)
          .describe('one for each of its takeaways'),
      }),
    )
    .describe('guides, in order'),
});

export type Cues = z.infer<typeof cuesSchema>;
export type Placement = z.infer<typeof placementSchema>;
export type Catalogue = z.infer<typeof catalogueSchema>;
export type Weeks = z.infer<typeof weeksSchema>;
export type Resources = z.infer<typeof resourcesSchema>;
export type Glossary = z.infer<typeof glossarySchema>;
