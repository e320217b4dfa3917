import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { Context } from '#src/commands/context.ts';
import { seenHints, type Hint } from '#src/commands/hint.ts';
import { problemsOf } from '#src/commands/journal.ts';
import { shownVerdict, type ShownVerdict } from '#src/commands/lab-runs.ts';
import { copyOf, formerLanguage, labOf, runsOf, shown, stageOf } from '#src/commands/labs.ts';
import { currentRun, type Began } from '#src/commands/live.ts';
import { starterChanges } from '#src/commands/starter-base.ts';
import type { Lab } from '#src/content/lab.ts';
import { LearnerError } from '#src/error.ts';
import { filesOf } from '#src/grading/program.ts';
import { latestOfStage, readHistory } from '#src/grading/run-folder.ts';
import { drawTimeline } from '#src/grading/timeline-svg.ts';
import { timelineOf } from '#src/grading/picture.ts';
import { labProgress, type LabProgress } from '#src/study/lab-progress.ts';
import { fold } from '#src/study/record.ts';

/** How a lab stands, for its page. */
export interface LabState {
  readonly lab: string;
  readonly languages: readonly string[];
  /** The learner's own copy, where there is one. */
  readonly copy:
    | {
        readonly folder: string;
        readonly files: readonly string[];
        readonly language: string;
        /** Files of the starter that have changed since it was copied. */
        readonly changed: readonly string[];
      }
    | undefined;
  readonly progress: LabProgress;
  /** What goes on now, begun by whomever. */
  readonly running: Pick<Began, 'verb' | 'from' | 'at'> | undefined;
  /** By number of the stage: its newest verdict. */
  readonly verdicts: Readonly<Record<string, ShownVerdict>>;
  /** By number of the stage: the hints that were asked for. */
  readonly hints: Readonly<Record<string, readonly Hint[]>>;
  readonly problems: readonly string[];
}

/** Looks and changes nothing. */
export async function labState(reference: string, context: Context): Promise<LabState> {
  const lab = await labOf(reference, context);
  const runs = runsOf(lab, context);
  const reading = await context.journal().read();
  const numbers = lab.stages.map((_, index) => index + 1);
  const kept = await Promise.all(numbers.map((n) => latestOfStage(runs, n)));
  const run = await currentRun(runs);
  return {
    lab: lab.id,
    languages: Object.keys(lab.languages),
    copy: await copied(lab, context),
    progress: await progressOf(lab, context),
    running: run === undefined ? undefined : { verb: run.began.verb, from: run.began.from, at: run.began.at },
    verdicts: Object.fromEntries(
      kept.flatMap((one) => (one === undefined ? [] : [[one.verdict.stage, shownVerdict(one.verdict)]])),
    ),
    hints: await seenHints(lab, context),
    problems: problemsOf(reading),
  };
}

async function copied(lab: Lab, context: Context): Promise<LabState['copy']> {
  const folder = copyOf(lab, context);
  if ((await stat(folder).catch(() => undefined)) === undefined) return undefined;
  const files = (await readdir(folder)).filter((name) => !/^[._]/.test(name) && name !== 'node_modules').sort();
  const language = (await formerLanguage(folder, Object.keys(lab.languages))) ?? '';
  const changed = ((await starterChanges(lab, context)) ?? []).map(({ file }) => file);
  return { folder: shown(folder, context), files, language, changed };
}

async function progressOf(lab: Lab, context: Context): Promise<LabProgress> {
  const { labs } = await context.content();
  const planned = labs.find(({ id }) => id === lab.id) ?? lab;
  return labProgress(planned, fold((await context.journal().read()).events));
}

export interface LabPicture {
  /** Drawn anew from what the run wrote down: a file of the journal may have come from anywhere. */
  readonly svg: string;
  /** The same as sentences, in the order of time. */
  readonly list: readonly string[];
}

/** The newest run of a stage as a picture. */
export async function labPicture(
  { lab: reference, stage }: { lab: string; stage: number },
  context: Context,
): Promise<LabPicture> {
  const lab = await labOf(reference, context);
  stageOf(lab, stage);
  const kept = await latestOfStage(runsOf(lab, context), stage);
  const history = kept === undefined ? [] : await readHistory(kept.folder);
  if (kept === undefined || history.length === 0)
    throw new LearnerError(`stage ${stage} has no picture`, 'Check it, and it gets one.');
  const timeline = timelineOf(kept.verdict, history);
  return { svg: drawTimeline(timeline), list: timeline.list };
}

export interface LabSolution {
  readonly language: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Why it holds, in Markdown. */
  readonly why: string | undefined;
  /** It was written for all stages, and some of them are still to come. */
  readonly spoils: boolean;
}

/** The reference solution: only after the learner's own program has passed. */
export async function labSolution(
  { lab: reference, stage }: { lab: string; stage: number },
  context: Context,
): Promise<LabSolution> {
  const lab = await labOf(reference, context);
  const { why } = stageOf(lab, stage);
  const { stages } = await progressOf(lab, context);
  if (stages[stage - 1] !== 'passed')
    throw new LearnerError(
      `the solution of stage ${stage} is shown when yours has passed`,
      `Before that, ./dej hint ${lab.id} helps.`,
    );
  const own = await formerLanguage(copyOf(lab, context), Object.keys(lab.languages));
  const language = own ?? Object.keys(lab.languages)[0] ?? '';
  const run = Object.entries(lab.languages).find(([name]) => name === language)?.[1].run ?? [];
  // The file that is run comes first: reading begins there.
  const isEntry = (path: string): number => (run.includes(basename(path)) ? 0 : 1);
  const found = await filesOf(join(lab.folder, 'solution', language));
  const paths = found.sort((a, b) => isEntry(a) - isEntry(b));
  const files = await Promise.all(
    paths.map(async (path) => ({ name: basename(path), text: await readFile(path, 'utf8') })),
  );
  return { language, files, why, spoils: stages.some((state) => state !== 'passed') };
}
