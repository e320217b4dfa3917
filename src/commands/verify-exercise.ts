import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Context } from '#src/commands/context.ts';
import { findExercise, tryCode, type FoundExercise } from '#src/commands/exercise.ts';
import type { BlockResult, VerifyEvent } from '#src/commands/verify.ts';
import type { Guide } from '#src/content/guide.ts';
import { fillHole } from '#src/content/hole.ts';
import type { ExerciseVerdict } from '#src/exercise/verdict.ts';

type AnswerEvent = Extract<VerifyEvent, { type: 'answer' }>;

/** Tries the solution and every known answer of a guide's exercises, and the block as the guide shows it. */
export async function* verifyExercises(
  guide: Guide,
  { signal }: { readonly signal?: AbortSignal | undefined },
  context: Context,
): AsyncGenerator<AnswerEvent> {
  for (const { id } of guide.exercises) {
    const found = await findExercise(`${guide.id}#${id}`, context);
    const { spec, block } = found;
    for (const answer of ['starter', ...spec.answers]) {
      signal?.throwIfAborted();
      const file = `${spec.path}/${answer}.${spec.extension}`;
      const code =
        answer === 'starter'
          ? block.code
          : fillHole(block.code, await readFile(join(context.paths.root, file), 'utf8'));
      const verdict = await verdictOf(found, code, signal, context);
      const place = answer === 'starter' ? `${block.place.file}:${block.place.line}` : file;
      const result = compare(expectationOf(found, answer), verdict);
      yield { type: 'answer', reference: `${guide.id}#${id}/${answer}`, place, elapsedMs: verdict.elapsedMs, result };
    }
  }
}

async function verdictOf(
  found: FoundExercise,
  code: string,
  signal: AbortSignal | undefined,
  context: Context,
): Promise<ExerciseVerdict> {
  for await (const event of tryCode(found, { code, signal }, context))
    if (event.type === 'verdict') return event.verdict;
  throw new Error('the check ended without a verdict');
}

function expectationOf({ spec }: FoundExercise, answer: string): string {
  const [kind, name = ''] = answer.split('/');
  const known = kind === 'starter' ? spec.starter : kind === 'wrong' ? spec.wrong[name] : undefined;
  return known === undefined ? 'passed' : `rejected at ${known.case} with ${known.anomaly}`;
}

function compare(expected: string, verdict: ExerciseVerdict): BlockResult {
  if (verdict.state === 'unknown') return { state: 'unknown', why: `${verdict.why}. ${verdict.remedy}` };
  if (verdict.state === 'passed')
    return expected === 'passed' ? { state: 'same' } : { state: 'different', expected, found: 'passed' };
  const { finding, lastLines } = verdict;
  const found = `rejected at ${verdict.case.id} with ${finding.anomaly}`;
  if (found === expected) return { state: 'same' };
  const more = [`${finding.did}: ${finding.found} instead of ${finding.expected}`, ...lastLines];
  return { state: 'different', expected, found: [found, ...more].join('\n') };
}
