import { spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';

import { until } from '#src/deadline.ts';
import { WorldError } from '#src/error.ts';

/** The environment variable that marks every process of one run, so that what escaped its group is still found. */
export const MARKER = 'DEJ_RUN';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process has ended and its output is closed; never rejects. */
  readonly exited: Promise<Exit>;
  /** The same without waiting for its output, which whatever it started may hold open for ever. */
  readonly ended: Promise<Exit>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Written to `DEJ_RUN`, by which `reap` finds survivors. */
  readonly marker?: string;
  /** A process group of its own, so that the whole tree can be signalled. Off for tools run to completion. */
  readonly group?: boolean;
  /** Where standard output and error go; `inherit` shows them to the person. */
  readonly output?: 'pipe' | 'inherit' | 'ignore';
  /** Lets our own process end while this one goes on. */
  readonly detach?: boolean;
  /** Whom it runs as; only root may say. */
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts a program by its argument vector, never through a shell. */
export async function start(argv: readonly [string, ...string[]], options: StartOptions = {}): Promise<Child> {
  const [program, ...rest] = argv;
  const env = {
    ...(options.env ?? process.env),
    ...(options.marker === undefined ? {} : { [MARKER]: options.marker }),
  };
  const output = options.output ?? 'pipe';
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env,
    shell: false,
    detached: options.group ?? false,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    stdio: [output === 'pipe' ? 'pipe' : 'ignore', output, output],
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  const ended = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  await started(child, program);
  if (options.detach === true) child.unref();
  const { pid, stdin, stdout, stderr } = child;
  // A write to a program that has just died must not take us with it; its exit is reported by `exited`.
  stdin?.on('error', () => undefined);
  return {
    pid: pid as number,
    stdin: stdin as Writable,
    stdout: stdout as Readable,
    stderr: stderr as Readable,
    exited,
    ended,
  };
}

function started(child: ChildProcess, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve());
    child.once('error', (cause) =>
      reject(
        new WorldError(`can't start ${program}: ${cause.message}`, {
          remedy: `Check that ${program} is installed and executable.`,
          cause,
        }),
      ),
    );
  });
}

export interface Captured extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and returns what it printed. `input` is written to its standard input. */
export async function capture(
  argv: readonly [string, ...string[]],
  options: Omit<StartOptions, 'output' | 'detach'> & {
    input?: string;
    timeoutMs?: number;
    /** Kills it, and with `group` all that it started. */
    abort?: AbortSignal | undefined;
    onLine?: (line: string) => void;
  } = {},
): Promise<Captured> {
  const child = await start(argv, options);
  // Whoever reads lines too makes the chunks strings.
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer | string) => out.push(Buffer.from(chunk)));
  child.stderr.on('data', (chunk: Buffer | string) => err.push(Buffer.from(chunk)));
  if (options.onLine !== undefined) {
    forEachLine(child.stdout, options.onLine);
    forEachLine(child.stderr, options.onLine);
  }
  child.stdin.end(options.input ?? '');
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => signal(child.pid, 'SIGKILL', options.group ?? false), options.timeoutMs);
  const onAbort = (): void => void signal(child.pid, 'SIGKILL', options.group ?? false);
  options.abort?.addEventListener('abort', onAbort, { once: true });
  if (options.abort?.aborted === true) onAbort();
  const exit = await child.exited;
  options.abort?.removeEventListener('abort', onAbort);
  clearTimeout(timer);
  return { ...exit, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** Calls back for each line, without its end; the last one also when no newline ends it. */
export function forEachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.replace(/\r$/, ''));
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals, group = false): boolean {
  try {
    process.kill(group ? -pid : pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process with this id exists and is not a zombie waiting for its parent. */
export async function isAlive(pid: number): Promise<boolean> {
  if (!signal(pid, 0 as unknown as NodeJS.Signals)) return false;
  const row = (await list()).find((entry) => entry.pid === pid);
  return row !== undefined && !row.state.startsWith('Z');
}

/** The same at little cost and, outside Linux, only roughly: a zombie counts as running there. */
export async function isRunning(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return signal(pid, 0 as unknown as NodeJS.Signals);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** The first letter is the state: R, S, D, T (stopped), Z (zombie). */
  readonly state: string;
  /** When it started, in a form that is only ever compared for equality. */
  readonly startedAt: string;
}

/** Every process that we can see, from /proc where it exists, else from ps. */
export async function list(): Promise<ProcessRow[]> {
  return process.platform === 'linux' ? listProc() : listPs();
}

async function listProc(): Promise<ProcessRow[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = await Promise.all(names.map((name) => rowOfProc(Number(name))));
  return rows.filter((row) => row !== undefined);
}

async function rowOfProc(pid: number): Promise<ProcessRow | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The command's name may hold spaces and brackets, so the fields are counted from its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? '?',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startedAt: fields[19] ?? '',
  };
}

async function listPs(): Promise<ProcessRow[]> {
  const { stdout } = await capture(['ps', '-axo', 'pid=,ppid=,pgid=,state=,lstart=']);
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, group, state, startedAt]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      state: state ?? '?',
      startedAt: startedAt ?? '',
    }));
}

/** When a process started, to tell it from a later one that was given the same id; undefined when there is none. */
export async function startedAt(pid: number): Promise<string | undefined> {
  // A lock asks this often, of one process; a busy machine has thousands.
  const row = process.platform === 'linux' ? await rowOfProc(pid) : (await listPs()).find((one) => one.pid === pid);
  return row === undefined || row.state.startsWith('Z') ? undefined : row.startedAt;
}

/** The descendants of a process, itself not included. */
export async function descendants(pid: number): Promise<number[]> {
  return below([pid], await list());
}

/** These processes and all below them. */
export async function trees(roots: readonly number[]): Promise<number[]> {
  return [...new Set([...roots, ...below(roots, await list())])];
}

function below(roots: readonly number[], rows: readonly ProcessRow[]): number[] {
  const found = new Set<number>();
  let parents = new Set(roots);
  while (parents.size > 0) {
    const children = rows.filter((row) => parents.has(row.parent) && !found.has(row.pid)).map((row) => row.pid);
    for (const child of children) found.add(child);
    parents = new Set(children);
  }
  return [...found];
}

/**
 * Processes whose environment carries the marker, and those that rewrote their environment (as PostgreSQL's do) but show
 * the marker in their title. A marker covers those below it: `run` finds what carries `run/3`, too.
 */
export async function marked(marker: string, rows?: readonly ProcessRow[]): Promise<number[]> {
  const wanted = `${MARKER}=${marker}`;
  if (process.platform !== 'linux') return find(['ps', 'axeww', '-o', 'pid=,command='], marker);
  const known = rows ?? (await list());
  const inherited = await held(known, 'environ', (environment) =>
    environment.split('\0').some((entry) => entry === wanted || entry.startsWith(`${wanted}/`)),
  );
  return [...new Set([...inherited, ...(await titled(marker, known))])];
}

/** Processes whose command line, or the title that they gave themselves, holds this text. */
export async function titled(text: string, rows?: readonly ProcessRow[]): Promise<number[]> {
  if (process.platform !== 'linux') return find(['ps', 'axww', '-o', 'pid=,command='], text);
  return held(rows ?? (await list()), 'cmdline', (title) => title.replaceAll('\0', ' ').includes(text));
}

async function held(
  rows: readonly ProcessRow[],
  file: 'environ' | 'cmdline',
  matches: (content: string) => boolean,
): Promise<number[]> {
  const hits = await Promise.all(
    rows.map(async ({ pid, state }) => {
      if (pid === process.pid || state.startsWith('Z')) return undefined;
      return matches(await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')) ? pid : undefined;
    }),
  );
  return hits.filter((pid) => pid !== undefined);
}

async function find(ps: readonly [string, ...string[]], text: string): Promise<number[]> {
  const { stdout } = await capture(ps);
  return stdout
    .split('\n')
    .filter((line) => line.includes(text))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid !== process.pid && Number.isFinite(pid));
}

/** A process as it was seen once, told from a later one with the same id. */
export type Seen = Pick<ProcessRow, 'pid' | 'startedAt'>;

interface TreeOptions {
  readonly marker?: string;
  readonly seen?: readonly Seen[];
  readonly deadlineMs?: number;
}

/** Who of these trees is alive: the roots, their groups, what carries the marker, what was seen, and all below them. */
async function livingOf(roots: readonly number[], { marker, seen = [] }: TreeOptions): Promise<ProcessRow[]> {
  const rows = await list();
  const began = new Map(seen.map(({ pid, startedAt }) => [pid, startedAt]));
  const strays = marker === undefined ? [] : await marked(marker, rows);
  const kin = rows.filter((row) => roots.includes(row.group) || began.get(row.pid) === row.startedAt);
  const tops = [...roots, ...strays, ...kin.map(({ pid }) => pid)];
  // A marked server's own children may have lost the mark, so strays count with all below them.
  const targets = new Set([...tops, ...below(tops, rows)]);
  return rows.filter((row) => targets.has(row.pid) && !row.state.startsWith('Z') && row.pid !== process.pid);
}

/** Stops whole trees where they are, and gives all that stand still then. `wakeUp` lets them go on. */
export async function freezeTrees(roots: readonly number[], options: TreeOptions = {}): Promise<number[]> {
  return until(
    `standstill of processes ${roots.join(', ')}`,
    async () => {
      const living = await livingOf(roots, options);
      const moving = living.filter(({ state }) => !state.startsWith('T'));
      for (const { pid } of moving) signal(pid, 'SIGSTOP');
      // One that is just being stopped may have started another meanwhile, so we look once more.
      return moving.length === 0 ? living.map(({ pid }) => pid) : undefined;
    },
    { deadlineMs: options.deadlineMs ?? 10_000, everyMs: 2 },
  );
}

export function wakeUp(pids: readonly number[]): void {
  for (const pid of pids) signal(pid, 'SIGCONT');
}

/**
 * Ends whole trees at once: all are stopped before any is killed, because a child that sees its parent die may start
 * another. What belongs to the group of a root, carries the marker or was `seen` before goes with them. Returns when none
 * is left, or fails at the deadline.
 */
export async function killTrees(roots: readonly number[], options: TreeOptions = {}): Promise<number[]> {
  const killed = new Set<number>();
  await until(
    `end of processes ${roots.join(', ')}`,
    async () => {
      const targets = await livingOf(roots, options);
      if (targets.length === 0) return true;
      for (const { pid } of targets) signal(pid, 'SIGSTOP');
      for (const { pid } of targets) {
        signal(pid, 'SIGKILL');
        killed.add(pid);
      }
      return false;
    },
    { deadlineMs: options.deadlineMs ?? 10_000 },
  );
  return [...killed];
}

/** Asks a process to end, waits, and then makes the whole tree end. */
export async function stop(
  child: Child,
  options: { graceMs: number; marker?: string; signal?: NodeJS.Signals },
): Promise<Exit> {
  const family = await descendants(child.pid);
  signal(child.pid, options.signal ?? 'SIGTERM');
  let ended = false;
  void child.exited.then(() => (ended = true));
  await until('exit after SIGTERM', () => ended, { deadlineMs: options.graceMs }).catch(() => undefined);
  await killTrees([child.pid, ...family], options.marker === undefined ? {} : { marker: options.marker });
  return child.exited;
}
