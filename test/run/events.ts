import type { TestEvent } from 'node:test/reporters';

/** One thing that happened in a test file, as a line of JSON. `line` is where the test stands. */
export interface Happened {
  readonly type: 'begin' | 'pass' | 'fail';
  readonly name: string;
  /** 0 for a test of the file, one more for each test around it. */
  readonly nesting: number;
  readonly line: number;
  readonly ms: number;
  /** Why it was skipped, or is expected to fail; '' when nobody said why. */
  readonly skip?: string;
  /** It failed, but only because a test inside it did. */
  readonly inner?: boolean;
  readonly error?: string;
}

/** A reporter of node's test runner: the events of one file, written as they come, so that they outlive its process. */
export default async function* events(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const happened = read(event);
    if (happened !== undefined) yield `${JSON.stringify(happened)}\n`;
  }
}

function read(event: TestEvent): Happened | undefined {
  if (event.type === 'test:dequeue') {
    const { name, nesting, line = 0 } = event.data;
    return { type: 'begin', name, nesting, line, ms: 0 };
  }
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined;
  const { name, nesting, line = 0, skip, todo, details } = event.data;
  const reason = [skip, todo].find((word) => word !== undefined && word !== false);
  const base = { name, nesting, line, ms: details.duration_ms };
  const skipped = reason === undefined ? {} : { skip: reason === true ? '' : reason };
  if (event.type === 'test:pass') return { type: 'pass', ...base, ...skipped };
  const failure = event.data.details.error as Error & { failureType?: string };
  const inner = failure.failureType === 'subtestsFailed';
  return { type: 'fail', ...base, ...skipped, inner, error: explain(failure.cause ?? failure) };
}

/** The error with its stack, its causes, and what our own errors carry: the remedy and the last lines of a log. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error));
  const { remedy, lastLines, cause } = error as Error & { remedy?: unknown; lastLines?: unknown };
  return [
    error.stack ?? error.message,
    ...(typeof remedy === 'string' ? [`remedy: ${remedy}`] : []),
    ...(Array.isArray(lastLines) && lastLines.length > 0 ? ['last lines:', ...lastLines.map(String)] : []),
    ...(cause === undefined ? [] : [`caused by ${explain(cause)}`]),
  ].join('\n');
}
