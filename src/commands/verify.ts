import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Context } from '#src/commands/context.ts';
import { verifyExercises } from '#src/commands/verify-exercise.ts';
import { requestFor } from '#src/commands/run.ts';
import type { Block, Guide } from '#src/content/guide.ts';
import { applyRules } from '#src/content/normalise.ts';
import { withRecordings } from '#src/content/recordings.ts';
import { LearnerError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { renderAll } from '#src/runner/render.ts';
import { run } from '#src/runner/run.ts';

export interface VerifyOptions {
  /** Writes what the blocks printed into the guides. Never in CI. */
  readonly record: boolean;
  /** Guide ids; all where empty. */
  readonly only: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export type BlockResult =
  | { readonly state: 'same' | 'recorded' }
  | { readonly state: 'different'; readonly expected: string; readonly found: string }
  | { readonly state: 'not-run'; readonly why: string }
  | { readonly state: 'unknown'; readonly why: string };

export type VerifyEvent =
  | { readonly type: 'content'; readonly guides: number; readonly blocks: number }
  | {
      readonly type: 'block';
      readonly reference: string;
      readonly place: string;
      readonly elapsedMs: number;
      readonly result: BlockResult;
    }
  /** One answer of an exercise: it passes, or is rejected where and as exercise.yaml says. */
  | {
      readonly type: 'answer';
      readonly reference: string;
      readonly place: string;
      readonly elapsedMs: number;
      readonly result: BlockResult;
    }
  | { readonly type: 'summary'; readonly counts: Readonly<Record<BlockResult['state'], number>> };

/** Checks what authors wrote, then runs every block on its engine and compares it with its recording; tries every known answer of the exercises. */
export async function* verifyContent(options: VerifyOptions, context: Context): AsyncGenerator<VerifyEvent> {
  if (options.record && (process.env['CI'] ?? '') !== '') {
    throw new LearnerError(
      'recordings are not made in CI',
      'Run `./dej verify content --record` on your own machine and commit the result.',
    );
  }
  const content = await context.content();
  const guides = [...content.guides, ...content.primers].filter(
    ({ id }) => options.only.length === 0 || options.only.includes(id),
  );
  yield { type: 'content', guides: guides.length, blocks: guides.reduce((sum, { blocks }) => sum + blocks.length, 0) };
  const counts = { same: 0, recorded: 0, different: 0, 'not-run': 0, unknown: 0 };
  for (const guide of guides) {
    const printed = new Map<string, string>();
    for (const block of guide.blocks) {
      options.signal?.throwIfAborted();
      const { result, elapsedMs, text } = await check(guide, block, options, context);
      if (text !== undefined && result.state !== 'same') printed.set(block.id, text);
      counts[result.state]++;
      yield {
        type: 'block',
        reference: `${guide.id}#${block.id}`,
        place: `${block.place.file}:${block.place.line}`,
        elapsedMs,
        result,
      };
    }
    await keep(context.paths.root, guide, printed, options.record);
    for await (const event of verifyExercises(guide, options, context)) {
      counts[event.result.state]++;
      yield event;
    }
  }
  yield { type: 'summary', counts };
}

async function check(guide: Guide, block: Block, options: VerifyOptions, context: Context) {
  const notRun = reasonNotToRun(block);
  if (notRun !== undefined)
    return { result: { state: 'not-run', why: notRun } satisfies BlockResult, elapsedMs: 0, text: undefined };
  const events: RunEvent[] = [];
  const supervisor = await context.supervisor();
  const { state, elapsedMs } = await run(
    requestFor(guide, block, undefined),
    supervisor,
    (event) => events.push(event),
    { signal: options.signal },
  );
  const text = renderAll(events);
  return {
    result: judge(block, state, events, text, options.record),
    elapsedMs,
    text: state === 'ok' || state === 'error' ? text : undefined,
  };
}

function judge(block: Block, state: string, events: readonly RunEvent[], text: string, record: boolean): BlockResult {
  if (state !== 'ok' && state !== 'error') {
    const trouble = events.find((event) => event.type === 'trouble');
    return {
      state: 'unknown',
      why: trouble === undefined ? `it ended as ${state}` : `${trouble.message}. ${trouble.remedy}`,
    };
  }
  const rules = [...new Set([...block.normalise, ...(block.recording?.normalise ?? [])])];
  const found = applyRules(rules, text);
  const expected = applyRules(rules, block.recording?.text.trimEnd() ?? '');
  if (found === expected) return { state: 'same' };
  return record && block.recording !== undefined ? { state: 'recorded' } : { state: 'different', expected, found };
}

function reasonNotToRun(block: Block): string | undefined {
  if (block.norun !== undefined) return block.norun;
  if (block.exercise) return 'an exercise waits for the learner’s code';
  if (block.needs !== undefined && process.env[block.needs] === undefined) return `${block.needs} is not set`;
  return undefined;
}

/** Recording writes the guide; otherwise the guide as it would be stands beside it, to be compared with any tool. */
async function keep(root: string, guide: Guide, printed: ReadonlyMap<string, string>, record: boolean): Promise<void> {
  if (printed.size === 0) return;
  const path = join(root, guide.place.file);
  const markdown = withRecordings(await readFile(path, 'utf8'), new Map(printed));
  await writeAtomic(record ? path : `${path}.changed`, markdown);
}
