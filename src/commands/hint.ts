import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import type { Context } from '#src/commands/context.ts';
import { labOf, runsOf, stageOf } from '#src/commands/labs.ts';
import type { Lab } from '#src/content/lab.ts';
import { LearnerError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import { latestVerdict } from '#src/grading/run-folder.ts';

export interface HintOptions {
  readonly lab: string;
  /** The stage of the last run where it isn't given. */
  readonly stage?: number | undefined;
  /** A rung of the ladder, from 1; the next one not yet seen where it isn't given. */
  readonly rung?: number | undefined;
}

export interface Hint {
  readonly lab: string;
  readonly stage: number;
  readonly title: string;
  readonly rung: number;
  readonly of: number;
  readonly text: string;
}

const seenSchema = z.record(z.string(), z.number().int());

/** The next hint of a stage: the remedy first, then how, then nearly the answer. */
export async function nextHint(options: HintOptions, context: Context): Promise<Hint> {
  const lab = await labOf(options.lab, context);
  const runs = runsOf(lab, context);
  const n = options.stage ?? (await latestVerdict(runs))?.stage ?? 1;
  const { title, hints } = stageOf(lab, n);
  const path = join(runs, 'hints.json');
  const seen = await readSeen(path);
  const rung = options.rung ?? Math.min((seen[n] ?? 0) + 1, hints.length);
  const text = hints[rung - 1];
  if (text === undefined)
    throw new LearnerError(`stage ${n} has no hint ${rung}`, `Its hints are 1 to ${hints.length}.`);
  // That a hint can't be remembered must not keep it from whoever asked.
  await writeAtomic(path, `${JSON.stringify({ ...seen, [n]: Math.max(rung, seen[n] ?? 0) })}\n`).catch(() => undefined);
  return { lab: lab.id, stage: n, title, rung, of: hints.length, text };
}

/** By number of the stage: the hints that were asked for so far. */
export async function seenHints(lab: Lab, context: Context): Promise<Record<string, Hint[]>> {
  const seen = await readSeen(join(runsOf(lab, context), 'hints.json'));
  const of = (title: string, hints: readonly string[], stage: number): Hint[] =>
    hints
      .slice(0, seen[stage] ?? 0)
      .map((text, index) => ({ lab: lab.id, stage, title, rung: index + 1, of: hints.length, text }));
  return Object.fromEntries(lab.stages.map(({ title, hints }, index) => [index + 1, of(title, hints, index + 1)]));
}

async function readSeen(path: string): Promise<Record<string, number>> {
  try {
    return seenSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return {};
  }
}
