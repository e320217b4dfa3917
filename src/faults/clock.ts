import { cp, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';

import type { Stage } from '#src/faults/actions.ts';
import type { Fault, Schedule } from '#src/faults/schedule.ts';
import type { Way } from '#src/faults/way.ts';
import { LearnerError } from '#src/error.ts';
import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

/** The program is started with its wall clock ahead or behind: `shift@1/program.start#1:before=-1h`. */
export const SHIFT = 'shift';

export function shift(by: string): Fault {
  return { action: SHIFT, incarnation: 1, boundary: 'program.start', nth: 1, point: 'before', argument: by };
}

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, y: 365 * 86_400_000 } as const;

/** `+1d` and `-90m` in parts; a year has 365 days. */
export function readShift(by: string): {
  readonly ms: number;
  readonly count: number;
  readonly unit: keyof typeof UNITS;
} {
  const [, sign, digits = '', letter] = /^([+-])(\d{1,6})([smhdy])$/.exec(by) ?? [];
  const unit = (Object.keys(UNITS) as (keyof typeof UNITS)[]).find((one) => one === letter);
  const count = Number(digits);
  if (unit === undefined || count === 0)
    throw new LearnerError(
      `${JSON.stringify(by)} is no shift of a clock`,
      'Write + (ahead) or - (behind), a number, and s, m, h, d or y: +1d, -90m.',
    );
  const ms = count * UNITS[unit];
  // Before 1970 and after 2200, programs meet limits that no clock of a real machine shows them.
  if (ms > 50 * UNITS.y)
    throw new LearnerError(`a clock can be shifted by 50 years at most, not by ${by}`, 'Say less.');
  return { ms: sign === '-' ? -ms : ms, count, unit };
}

const MODULES = join(ownRoot(import.meta.dirname), 'src', 'faults', 'clock');

/** What a start with another clock is given, and how it is known that it reads that clock. */
export interface Shifted {
  readonly env: Readonly<Record<string, string>>;
  /** Whether a process of it has said, by now, that its clock is off. */
  tookEffect(): Promise<boolean>;
  close(): Promise<void>;
}

/** The shift that holds for this start: that of the latest one before it for which there is any. */
export function shiftOf({ faults }: Schedule, start: number): Fault | undefined {
  const before = faults.filter(({ action, incarnation }) => action === SHIFT && incarnation <= start);
  return before.sort((a, b) => a.incarnation - b.incarnation).at(-1);
}

/**
 * Python and Node are told to load a module of ours first; whatever else reads the clock through the C library is led by
 * libfaketime, where the machine has it. Both are inherited by what the program starts.
 */
export async function shifted(
  by: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Shifted> {
  const { ms } = readShift(by);
  const folder = await mkdtemp(join(env['TMPDIR'] ?? tmpdir(), 'clock-'));
  const report = join(folder, 'report');
  const modules = join(folder, 'modules');
  // Python leaves what it compiled beside a module, which must not be the clone.
  await cp(MODULES, modules, { recursive: true });
  // What it makes of the waits of Java's many threads, and of writing down each time for them, ends a virtual machine or
  // lets it stand still: seen with libfaketime 0.9.10 and Java 17. No program is to be blamed for that.
  const isKnown = /^((python|pypy|node)[\d.]*|java)$/.test(basename(argv[0] ?? ''));
  const library = isKnown ? undefined : await fakeTime(env);
  const jvm = join(folder, 'jvm');
  return {
    env: library === undefined ? atStartUp(ms, { report, modules, env }) : byLibrary(ms, { report, env, library, jvm }),
    tookEffect: async () => (library === undefined ? measured(report, ms) : asked(report, jvm)),
    close: async () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

interface Given {
  readonly report: string;
  readonly env: Readonly<Record<string, string>>;
}

function atStartUp(ms: number, { report, modules, env }: Given & { modules: string }): Record<string, string> {
  const { PYTHONPATH: paths, NODE_OPTIONS: options } = env;
  // What --import names is not loaded into worker threads; what --require names is.
  const first = `--require ${JSON.stringify(join(modules, 'shift.cjs'))}`;
  return {
    DEJ_SHIFT_MS: String(ms),
    DEJ_SHIFT_REPORT: report,
    PYTHONPATH: paths === undefined || paths === '' ? modules : `${modules}${delimiter}${paths}`,
    NODE_OPTIONS: options === undefined ? first : `${first} ${options}`,
  };
}

/** Monotonic clocks stay as they are, or waits would be as long as the shift; and so do the times of files. */
function byLibrary(
  ms: number,
  { report, env, library, jvm }: Given & { library: string; jvm: string },
): Record<string, string> {
  const { LD_PRELOAD: loaded = '', JAVA_TOOL_OPTIONS: options = '' } = env;
  // So that a virtual machine of Java which something else starts is known of.
  const told = `'-Xlog:gc+init:file="${jvm}":timemillis'`;
  return {
    NO_FAKE_STAT: '1',
    JAVA_TOOL_OPTIONS: options === '' ? told : `${options} ${told}`,
    LD_PRELOAD: loaded === '' ? library : `${library}:${loaded}`,
    FAKETIME: `${ms < 0 ? '-' : '+'}${Math.abs(ms) / 1000}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
    // It writes down each time that it has given to a program, which is how we know that it gave any.
    FAKETIME_SAVE_FILE: report,
  };
}

/** Which library the program `faketime` loads; undefined where there is none, or where it is another's than Linux's. */
async function fakeTime(env: Readonly<Record<string, string>>): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { code, stdout } = await capture(['faketime', '-f', '+0', 'printenv', 'LD_PRELOAD'], {
      env: { PATH: env['PATH'] ?? process.env['PATH'] },
    });
    const found = stdout.trim().split(/[\s:]+/)[0] ?? '';
    return code === 0 && found.includes('libfaketime') ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a start-up module has measured what was meant, by both of the ways in which its language tells the time. */
async function measured(report: string, ms: number): Promise<boolean> {
  const text = await readFile(report, 'utf8').catch(() => '');
  return text.split('\n').some((line) => {
    const offs = line
      .slice(line.indexOf(':') + 1)
      .trim()
      .split(' ')
      .map(Number);
    return offs.length === 2 && offs.every((off) => Math.abs(off - ms) < 500);
  });
}

/** Where there was a virtual machine of Java below it, nothing is claimed. */
async function asked(report: string, jvm: string): Promise<boolean> {
  const [found, java] = await Promise.all([report, jvm].map((path) => stat(path).catch(() => undefined)));
  return found !== undefined && found.size > 0 && java === undefined;
}

/** What a start is given where its clock is to be another, and a way to write down that it was. */
export async function clockOf(
  { options, fired }: Pick<Stage, 'options' | 'fired'>,
  way: Way,
  { argv, env, atMs }: { readonly argv: readonly string[]; readonly env: Shifted['env']; readonly atMs: number },
): Promise<Omit<Shifted, 'tookEffect'> & { note(): Promise<void> }> {
  const fault = shiftOf(options.schedule, way.start);
  const by = fault?.argument;
  if (fault === undefined || by === undefined)
    return { env: {}, note: async () => undefined, close: async () => undefined };
  const given = await shifted(by, argv, env);
  const index = options.schedule.faults.indexOf(fault);
  const note = async (): Promise<void> => {
    if (fired[index] === true || !(await given.tookEffect())) return;
    fired[index] = true;
    way.tell({ lane: 'fault', kind: 'fired', text: `clock ${by}`, atMs });
  };
  return { ...given, note };
}
