import { killTrees, start, type Child, type Exit } from '#src/process.ts';

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
  readonly exited: Promise<Exit>;
  /** Ends it and all that it started, at once, and resolves when none is left. */
  kill(): Promise<void>;
}

const MAX_LINE = 2000;

export async function startProgram(options: ProgramOptions): Promise<RunningProgram> {
  const { argv, cwd, env, marker } = options;
  const child: Child = await start(argv, { cwd, env, marker, group: true });
  child.stdin.end();
  lines(child.stdout, options.onLine);
  lines(child.stderr, options.onLine);
  return {
    pid: child.pid,
    exited: child.exited,
    kill: async () => {
      await killTrees([child.pid], { marker });
    },
  };
}

/** Lines of a stream that may hold anything: an endless line is cut, bytes that are no text become marks. */
function lines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  const decoder = new TextDecoder();
  let rest = '';
  let isCut = false;
  const emit = (): void => {
    onLine(isCut ? `${rest}…` : rest);
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
