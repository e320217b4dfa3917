import { cp, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import type { AttackOrder } from '#src/commands/attack-order.ts';
import { inherited } from '#src/faults/addresses.ts';
import { plainLine } from '#src/faults/output.ts';
import { LearnerError } from '#src/error.ts';
import type { Prepared } from '#src/grading/api.ts';
import { capture } from '#src/process.ts';

const SETUP_LIMIT_MS = 10 * 60_000;

/** What every scratch place gets before the program starts in it: its input, and what --setup makes. */
export function preparation(
  order: AttackOrder,
  { env, marker, signal }: { env: Readonly<Record<string, string>>; marker: string; signal: AbortSignal | undefined },
): (place: Prepared) => Promise<void> {
  return async (place) => {
    if (order.input !== undefined) await cp(order.input, place.inputs, { recursive: true });
    for (const step of order.setup) {
      if ('sql' in step) await runSql(step.sql, place);
      else await runCommand(step.argv, place, { env, marker, signal });
    }
  };
}

async function runSql(file: string, place: Prepared): Promise<void> {
  const sql = await readFile(file, 'utf8');
  try {
    await place.query(sql);
  } catch (error) {
    throw new LearnerError(
      `--setup ${basename(file)}: PostgreSQL says ${(error as Error).message}`,
      'Mend it; it is run in an empty database whose owner the program is.',
    );
  }
}

async function runCommand(
  argv: readonly string[],
  place: Prepared,
  { env, marker, signal }: { env: Readonly<Record<string, string>>; marker: string; signal: AbortSignal | undefined },
): Promise<void> {
  const [first = '', ...rest] = argv;
  const given = { ...inherited(), ...env, ...place.env, INPUT_DIR: place.inputs, OUTPUT_DIR: place.outputs };
  const fill = (text: string): string =>
    text.replace(/\{([A-Z][A-Z0-9_]*)\}/g, (all, name: string) => (given as Record<string, string>)[name] ?? all);
  const filled = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, fill(value)]));
  const options = { cwd: place.cwd, env: filled, group: true, marker, abort: signal, timeoutMs: SETUP_LIMIT_MS };
  const { code, stdout, stderr } = await capture([fill(first), ...rest.map(fill)], options);
  signal?.throwIfAborted();
  if (code === 0) return;
  const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).map(plainLine);
  throw new LearnerError(
    [`--setup ${argv.join(' ')} ended with exit code ${code ?? 'none'}`, ...lines].join('\n  | '),
    'Mend what its last lines name; it is run in a copy of your folder, on an empty database.',
  );
}
