import { channel } from '#src/channel.ts';
import type { Context } from '#src/commands/context.ts';
import { findBlock } from '#src/commands/blocks.ts';
import { recordRun, unsaved } from '#src/commands/journal.ts';
import { applyRules } from '#src/content/normalise.ts';
import type { Block, Guide } from '#src/content/guide.ts';
import { blockHash } from '#src/content/hash.ts';
import { Bug, LearnerError } from '#src/error.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { renderAll } from '#src/runner/render.ts';
import { run, type Limits, type RunRequest } from '#src/runner/run.ts';

export interface RunOptions {
  /** `03-idempotency#double-load`; the guide by id, number or name. */
  readonly reference: string;
  /** The learner's edit; never compared with the recording. */
  readonly code?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Limits;
}

/** Runs one block of a guide. Leaving the loop early stops the block. */
export async function* runBlock(options: RunOptions, context: Context): AsyncGenerator<RunEvent> {
  const { guides, primers } = await context.content();
  const { guide, block } = findBlock([...guides, ...primers], options.reference);
  const request = requestFor(guide, block, options.code);
  const supervisor = await context.supervisor();
  const events = channel<RunEvent>();
  const told: RunEvent[] = [];
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const emit = (event: RunEvent): void => {
    told.push(event);
    events.push(event);
  };
  const limits = options.limits === undefined ? {} : { limits: options.limits };
  const outcome = run(request, supervisor, emit, { ...limits, signal }).then(
    async ({ state, elapsedMs, note }) => {
      const edited = request.code !== block.code;
      const asWritten = !edited && (state === 'ok' || state === 'error');
      const event = { kind: 'ran', guide: guide.id, block: block.id, state, edited } as const;
      // What was shown was shown: that it can't be written down is told beside it.
      await recordRun({ ...event, elapsedMs: Math.round(elapsedMs), of: blockHash(block) }, context).catch(
        (error: unknown) => emit({ type: 'unsaved', ...unsaved(error) }),
      );
      const matchesRecording = asWritten ? matches(block, told) : undefined;
      emit({ type: 'exit', state, elapsedMs, matchesRecording, note });
      events.end();
    },
    (error: unknown) => events.end(error),
  );
  try {
    yield* events;
  } finally {
    stop.abort();
    await outcome;
  }
}

/** What a block needs to run; says why where it can't. */
export function requestFor(guide: Guide, block: Block, code: string | undefined): RunRequest {
  if (block.norun !== undefined) {
    throw new LearnerError(
      `${guide.id}#${block.id} does not run here: ${block.norun}`,
      'Its recorded output stands in the guide.',
    );
  }
  if (block.exercise) {
    throw new LearnerError(
      `${guide.id}#${block.id} is an exercise: it is checked, not run`,
      `Press Check in the page, or run ./dej exercise ${guide.id}#${block.id}.`,
    );
  }
  if (block.engine === undefined) throw new Bug(`${guide.id}#${block.id} names no engine`);
  const at = guide.blocks.indexOf(block);
  const earlier =
    block.session === undefined ? [] : guide.blocks.slice(0, at).filter(({ session }) => session === block.session);
  return {
    engine: block.engine,
    with: block.with,
    data: block.data,
    own: block.own,
    before: earlier.map((other) => other.code),
    code: code ?? block.code,
    scene: block.scene,
  };
}

function matches(block: Block, events: readonly RunEvent[]): boolean | undefined {
  if (block.recording === undefined) return undefined;
  const rules = [...new Set([...block.normalise, ...block.recording.normalise])];
  return applyRules(rules, renderAll(events)) === applyRules(rules, block.recording.text.trimEnd());
}
