import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import type { EngineDeath, StartContext } from '#src/engines/engine.ts';
import type { ReadyJava } from '#src/engines/java.ts';
import { WorldError } from '#src/error.ts';
import { freePort } from '#src/ports.ts';
import { forEachLine, isRunning, killTrees, signal, start, type Child } from '#src/process.ts';

/** One server written in Java. */
export interface ServerSpec {
  /** As a person calls it. */
  readonly title: string;
  readonly java: ReadyJava;
  readonly classPath: readonly string[];
  readonly flags: readonly string[];
  readonly main: string;
  readonly directory: string;
  /** Variables beside those of the learner. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** How many ports it listens on. */
  readonly ports: number;
  /** Writes its settings for these ports and gives the program's arguments. */
  readonly prepare: (ports: readonly number[]) => Promise<readonly string[]>;
  /** Resolves to true when it answers as its users need it. */
  readonly probe: (ports: readonly number[]) => Promise<boolean>;
}

export interface JvmServer {
  readonly child: Child;
  readonly ports: readonly number[];
  /** Resolves when it ends without being told to. */
  readonly died: Promise<EngineDeath>;
  isRunning(): Promise<boolean>;
  /** Ends it at once: what it would still write is thrown away with its folder. */
  kill(): Promise<void>;
  /** Ends it in order and waits for that. */
  end(): Promise<void>;
}

const START_MS = 180_000;
/** Writing an archive of classes is the last thing a process does, and takes a busy machine minutes. */
const END_MS = 300_000;
const TRIES = 3;

/** Starts a server on free ports and waits until it answers; when somebody else took a port meanwhile, on others. */
export async function launchJvm(spec: ServerSpec, context: StartContext): Promise<JvmServer> {
  for (let attempt = 1; ; attempt++) {
    const ports: number[] = [];
    while (ports.length < spec.ports) {
      const port = await freePort();
      if (!ports.includes(port)) ports.push(port);
    }
    const running = await launchOn(ports, spec, context);
    try {
      await answering(running, spec, context);
      return running.server;
    } catch (error) {
      await running.server.kill();
      if (attempt === TRIES || !running.state.isPortTaken) throw error;
    }
  }
}

/** The same on given ports, for one that comes back where it was. */
export async function relaunchJvm(
  ports: readonly number[],
  spec: ServerSpec,
  context: StartContext,
): Promise<JvmServer> {
  const running = await launchOn(ports, spec, context);
  try {
    await answering(running, spec, context);
    return running.server;
  } catch (error) {
    await running.server.kill();
    throw error;
  }
}

interface State {
  hasEnded: boolean;
  isPortTaken: boolean;
  isStopping: boolean;
}

interface Launched {
  readonly server: JvmServer;
  readonly state: State;
}

async function launchOn(ports: readonly number[], spec: ServerSpec, context: StartContext): Promise<Launched> {
  const args = await spec.prepare(ports);
  const { program } = spec.java;
  const argv = [
    program,
    ...spec.flags,
    ...(await leaveNothing(spec.directory)),
    '-cp',
    spec.classPath.join(':'),
    spec.main,
    ...args,
  ] as const;
  const child = await start(argv, {
    marker: context.marker,
    group: true,
    cwd: spec.directory,
    env: { ...javaEnvironment(), ...spec.env },
  });
  child.stdin.end();
  const state: State = { hasEnded: false, isPortTaken: false, isStopping: false };
  const onLine = (line: string): void => {
    context.log.write(line);
    state.isPortTaken ||= /Address already in use|Failed to bind|BindException/.test(line);
  };
  forEachLine(child.stdout, onLine);
  forEachLine(child.stderr, onLine);
  const died = child.exited.then(({ code, signal: name }): Promise<EngineDeath> | EngineDeath => {
    state.hasEnded = true;
    if (state.isStopping) return new Promise(() => undefined);
    return { message: `${spec.title} ended by itself (${name ?? `exit code ${code}`})`, ...context.log.evidence() };
  });
  const server: JvmServer = {
    child,
    ports,
    died,
    isRunning: () => isRunning(child.pid),
    async kill() {
      state.isStopping = true;
      await killTrees([child.pid]);
    },
    async end() {
      state.isStopping = true;
      signal(child.pid, 'SIGTERM');
      await until(`end of ${spec.title}`, () => state.hasEnded, { deadlineMs: END_MS, signal: context.signal });
    },
  };
  return { server, state };
}

/**
 * What a server in Java writes for a while lies in its own folder and goes with it, however it ends: else libraries that it
 * unpacks, and its figures for other programs, would stay in the machine's folder when it is killed.
 */
async function leaveNothing(directory: string): Promise<string[]> {
  const scratch = join(directory, 'tmp');
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  return scratchFlags(scratch);
}

/** Flags by which a program in Java writes here what it needs for a while, and nothing where other programs look. */
export function scratchFlags(directory: string): string[] {
  return [`-Djava.io.tmpdir=${directory}`, '-XX:-UsePerfData'];
}

async function answering({ server, state }: Launched, spec: ServerSpec, context: StartContext): Promise<void> {
  const evidence = () => context.log.evidence();
  const probe = async (): Promise<boolean> => {
    if (state.hasEnded)
      throw new WorldError(`${spec.title} ended while it started`, {
        remedy: 'Its last lines say why; ./dej doctor looks at the machine.',
        ...evidence(),
      });
    return spec.probe(server.ports);
  };
  await until(`${spec.title} answering`, probe, { deadlineMs: START_MS, signal: context.signal, evidence });
}

/** The learner's environment without what makes every Java print a line or take other flags. */
export function javaEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|KAFKA_.*|CONNECT_.*)$/.test(name),
  );
  return Object.fromEntries(own);
}
