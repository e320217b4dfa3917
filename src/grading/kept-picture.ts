import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import type { Lab } from '#src/content/lab.ts';
import { pictureFile } from '#src/content/mistakes.ts';
import { LearnerError } from '#src/error.ts';
import type { HistoryEvent } from '#src/faults/history.ts';
import { ANOMALIES, type Anomaly } from '#src/grading/anomaly.ts';
import { timelineOf } from '#src/grading/picture.ts';
import type { Timeline } from '#src/grading/timeline.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import { LANES } from '#src/grading/wording-picture.ts';

/** A failing run of a wrong program as its lab keeps it in pictures/. */
export interface KeptPicture {
  /** What made it; the same schedule makes it again. */
  readonly schedule: string;
  readonly anomaly: Anomaly;
  readonly timeline: Timeline;
}

const text = z.string();
const slot = z.number();
const lane = z.enum(Object.keys(LANES) as [keyof typeof LANES]);

const pictureSchema = z.strictObject({
  schedule: text,
  anomaly: z.enum(ANOMALIES),
  timeline: z.strictObject({
    title: text,
    subtitle: text,
    lanes: z.array(lane),
    slots: z.int(),
    bars: z.array(
      z.strictObject({
        from: slot,
        to: slot,
        row: z.literal(1).optional(),
        label: text,
        detail: text,
        still: z.strictObject({ from: slot, to: slot }).optional(),
      }),
    ),
    marks: z.array(
      z.strictObject({
        slot,
        lane,
        shape: z.enum(['durable', 'held', 'file', 'line', 'killed', 'fault', 'oracle', 'elided']),
        label: text,
        detail: text,
        broken: z.boolean().optional(),
        untold: z.boolean().optional(),
      }),
    ),
    band: z.strictObject({ from: slot, to: slot }).optional(),
    list: z.array(text),
  }),
});

/** The picture of a red verdict without what gives its cause away and without what differs from run to run: the times. */
export function pictureOf(verdict: Verdict, history: readonly HistoryEvent[]): KeptPicture | undefined {
  const { schedule, findings } = verdict;
  const [worst] = findings;
  if (schedule === undefined || worst === undefined) return undefined;
  // How many points were tried says something of the search, and nothing of this run.
  const points = { ...verdict.points, tried: 0 };
  const drawn = timelineOf(
    { ...verdict, points, likely: [] },
    history.filter((event) => !namesAPlace(event)),
  );
  const list = drawn.list.map((line) => line.replace(/^\d+\.\d+ s {2}/, ''));
  return { schedule, anomaly: worst.anomaly, timeline: { ...drawn, schedule: undefined, list } };
}

/** A line of the program that says where something lies on the machine that made the picture. */
function namesAPlace({ lane, kind, text: line }: HistoryEvent): boolean {
  return lane === 'program' && kind === 'line' && /(^|[\s"'(=:])(\/|[A-Z]:\\)[\w.-]+[\\/]/.test(line);
}

/** As it is kept: a mark a line, so that a change of one shows as one. */
export function pictureText({ schedule, anomaly, timeline }: KeptPicture): string {
  const { title, subtitle, lanes, slots, bars, marks, band, list } = timeline;
  const kept = { schedule, anomaly, timeline: { title, subtitle, lanes, slots, bars, marks, band, list } };
  return `${JSON.stringify(kept).replaceAll('},{', '},\n{').replaceAll('],"', '],\n"')}\n`;
}

export async function readPicture(lab: Lab, name: string): Promise<KeptPicture> {
  const path = pictureFile(lab, name);
  const parsed = pictureSchema.safeParse(parse(await readFile(path, 'utf8').catch(() => '')));
  if (!parsed.success)
    throw new LearnerError(
      `${lab.path}/pictures/${name}.json is no picture of a run`,
      `Make it anew with ./dej verify labs ${lab.id} --record.`,
    );
  const { schedule, anomaly, timeline } = parsed.data;
  return {
    schedule,
    anomaly,
    timeline: {
      ...timeline,
      marks: timeline.marks as Timeline['marks'],
      band: timeline.band,
      likely: [],
      schedule: undefined,
    },
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
