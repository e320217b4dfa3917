import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '#src/clock.ts';
import { formatSchedule, type Schedule } from '#src/faults/schedule.ts';
import { fnv1a } from '#src/random.ts';

/**
 * What the very same program survived in an earlier check, so that a check that was stopped goes on where it was. Only
 * what was survived is kept; all else is found out anew each time.
 */
export interface Survived {
  /** When that was, in milliseconds; undefined where it must be tried. */
  at(schedule: Schedule): number | undefined;
  keep(schedule: Schedule): Promise<void>;
  /** It was red now. */
  forget(schedule: Schedule): Promise<void>;
}

/** Everything on which an answer hangs: where one value differs, nothing that was kept counts. */
export type Identity = Readonly<Record<string, unknown>> & {
  readonly lab: string;
  readonly stage: number;
  readonly seed: number;
  readonly size: number;
};

/** Versions of the program, of each stage: those that were checked last. */
const KEPT_VERSIONS = 4;
/** A file stays below 2 MB, however long a night is. */
const MAX_LINES = 20_000;

/** Opens what is kept of this very program in `folder`; what is kept of versions of long ago goes. */
export async function openSurvived(
  folder: string,
  identity: Identity,
  { afresh = false, clock }: { readonly afresh?: boolean | undefined; readonly clock: Clock },
): Promise<Survived> {
  const name = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  const prefix = `${identity.lab}.${identity.stage}.`;
  const path = join(folder, `${prefix}${name}.txt`);
  if (afresh) await removeOld(folder, prefix, 0);
  const text = await readFile(path, 'utf8').catch(() => '');
  // A line that was torn must not run into the next one.
  let torn = text !== '' && !text.endsWith('\n');
  const { known, lines } = read(text);
  let written = lines;
  // A check that is only read from belongs to the newest, too.
  await utimes(path, new Date(), new Date()).catch(() => undefined);
  await removeOld(folder, prefix, KEPT_VERSIONS);
  const write = async (what: string): Promise<void> => {
    written++;
    const line = `${torn ? '\n' : ''}${what} ${sum(what)}\n`;
    torn = false;
    await mkdir(folder, { recursive: true });
    await appendFile(path, line);
  };
  return {
    at: (schedule) => known.get(formatSchedule(schedule)),
    async keep(schedule) {
      const line = formatSchedule(schedule);
      if (known.has(line)) return;
      const at = clock();
      known.set(line, at);
      // On a disk that is full there is less to go on from, and the check itself goes on.
      if (written < MAX_LINES) await write(`${at} ${line}`).catch(() => undefined);
    },
    async forget(schedule) {
      const line = formatSchedule(schedule);
      // What can't be taken back must not be kept.
      if (known.delete(line)) await write(`- ${line}`).catch(() => rm(path, { force: true }).catch(() => undefined));
    },
  };
}

/** Each line ends with a sum of itself: one that is not whole, or ran into another, is as if it had never been written. */
function read(text: string): { readonly known: Map<string, number>; readonly lines: number } {
  const known = new Map<string, number>();
  // What follows the last end of a line is no line.
  const lines = text.split('\n').slice(0, -1);
  for (const line of lines) {
    const end = line.lastIndexOf(' ');
    const what = line.slice(0, end);
    if (line.slice(end + 1) !== sum(what)) continue;
    const [at = '', ...schedule] = what.split(' ');
    if (at === '-') known.delete(schedule.join(' '));
    else known.set(schedule.join(' '), Number(at));
  }
  return { known, lines: lines.length };
}

function sum(what: string): string {
  return fnv1a(what).toString(36);
}

/** Removes all but the newest so many files of a stage. */
async function removeOld(folder: string, prefix: string, left: number): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefix));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, ms: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  const old = dated.sort((a, b) => b.ms - a.ms).slice(left);
  await Promise.all(old.map(({ name }) => rm(join(folder, name), { force: true })));
}
