import { readRemote } from '#src/engines/spark-address.ts';
import { SparkClient, SparkRefusal } from '#src/engines/spark-client.ts';
import { WorldError } from '#src/error.ts';
import type { Execution } from '#src/runner/run.ts';
import { statements, type Statement } from '#src/statements.ts';

/** Runs SQL statement by statement in the session that the address names. True when none failed; rejects when stopped. */
export async function runOnSpark(remote: string, execution: Execution): Promise<boolean> {
  const { signal, emit } = execution;
  signal.throwIfAborted();
  const client = new SparkClient(readRemote(remote));
  const stop = (): void => client.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (const code of execution.before) {
      if (!(await runAll(client, code, { ...execution, emit: (event) => event.type === 'error' && emit(event) })))
        return false;
    }
    return await runAll(client, execution.code, execution);
  } catch (error) {
    signal.throwIfAborted();
    throw new WorldError('spark ended in the middle of the block', {
      remedy: 'Run it again: a new server is started.',
      lastLines: [(error as Error).message],
      cause: error,
    });
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

async function runAll(
  client: SparkClient,
  code: string,
  { emit, limits }: Pick<Execution, 'emit' | 'limits'>,
): Promise<boolean> {
  for (const statement of statements(code)) {
    try {
      const { columns, rows, total } = await client.sql(statement.text, limits.rows);
      if (columns.length > 0) emit({ type: 'table', columns, rows, total });
    } catch (error) {
      if (!(error instanceof SparkRefusal)) throw error;
      emit({ type: 'error', message: wordsOf(error), line: lineOf(statement, error) });
      return false;
    }
  }
  return true;
}

/** Spark's own sentence, without the statement, the plan and the stack that it puts behind it. */
function wordsOf({ message }: SparkRefusal): string {
  const first = message.trim().split(/\n+== SQL|;\s*\n'|\n\s+at |\n\nDriver stacktrace/)[0] ?? '';
  return first.replace(/;? ?\(?line \d+,? pos \d+\)?;?$/, '').trim();
}

function lineOf(statement: Statement, { message }: SparkRefusal): number {
  const within = /\bline (\d+),? pos(?:ition)? \d+/.exec(message)?.[1];
  return statement.line + Number(within ?? 1) - 1;
}
