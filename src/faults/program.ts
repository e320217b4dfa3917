import { watchFamily } from '#src/faults/family.ts';
import { plainLine } from '#src/faults/output.ts';
import { within } from '#src/deadline.ts';
import { LearnerError } from '#src/error.ts';
import { freezeTrees, killTrees, signal, start, wakeUp, type Child, type Exit } from '#src/process.ts';

export interface ProgramOptions {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Found again in the environment of whatever it starts. */
  readonly marker: string;
  readonly onLine: (line: string) => void;
}

/** One start of the learner's program. */
export interface RunningProgram {
  readonly pid: number;
  /** Resolves when the program itself has ended; what it started may go on. */
  readonly ended: Promise<Exit>;
  /** Asks it to end, as whoever runs a service does. */
  terminate(): void;
  /** Stops it and all that it started in the midst of what they do, and resolves when all stand still. */
  pause(): Promise<void>;
  /** Lets them go on. */
  resume(): void;
  /** Ends it and all that it started, at once, and resolves when none is left and its last words are read. */
  kill(): Promise<Exit>;
}

const MAX_LINE = 2000;
/** A stranger that holds the output open is not waited for. */
const LAST_WORDS_MS = 2000;

export async function startProgram(options: ProgramOptions): Promise<RunningProgram> {
  const { marker } = options;
  const child = await startChild(options);
  child.stdin.end();
  lines(child.stdout, options.onLine);
  lines(child.stderr, options.onLine);
  const family = watchFamily(child.pid);
  const kill = async (): Promise<Exit> => {
    await killTrees([child.pid], { marker, seen: await family.stop() });
    return within('its last words', child.exited, { deadlineMs: LAST_WORDS_MS }).catch(() => child.ended);
  };
  let frozen: readonly number[] = [];
  let killing: Promise<Exit> | undefined;
  // Once none is left, none can be started any more.
  return {
    pid: child.pid,
    ended: child.ended,
    terminate: () => void signal(child.pid, 'SIGTERM'),
    pause: async () => {
      frozen = await freezeTrees([child.pid], { marker, seen: await family.look() });
    },
    resume: () => wakeUp(frozen),
    kill: () => (killing ??= kill()),
  };
}

async function startChild({ argv, cwd, env, marker }: ProgramOptions): Promise<Child> {
  try {
    return await start(argv, { cwd, env, marker, group: true });
  } catch (error) {
    throw refused(argv[0], error);
  }
}

/** What can't be started is no trouble of ours: its name stands in the learner's own lab.yaml. */
function refused(name: string, error: unknown): unknown {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  const why = { ENOENT: 'there is no such program', EACCES: 'it may not be executed', ENOEXEC: 'it is no program' };
  const known = Object.entries(why).find(([one]) => one === code)?.[1];
  if (known === undefined) return error;
  return new LearnerError(
    `your program can't be started: ${JSON.stringify(name)}, ${known}`,
    'The line run: in lab.yaml of your folder says what is started; put there what you type to run it yourself.',
  );
}

/** Lines of a stream that may hold anything: an endless line is cut, bytes that are no text become marks. */
function lines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  const decoder = new TextDecoder();
  let rest = '';
  let isCut = false;
  const emit = (): void => {
    onLine(plainLine(isCut ? `${rest}…` : rest));
    rest = '';
    isCut = false;
  };
  stream.on('data', (chunk: Buffer | string) => {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const parts = text.split('\n');
    for (const [index, part] of parts.entries()) {
      if (rest.length + part.length > MAX_LINE) isCut = true;
      rest = (rest + part).slice(0, MAX_LINE);
      if (index < parts.length - 1) emit();
    }
  });
  stream.on('end', () => {
    if (rest !== '') emit();
  });
}
