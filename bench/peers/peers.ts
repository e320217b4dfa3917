import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { findInterpreter } from '#src/engines/python-interpreter.ts';
import { WorldError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';
import { capture, forEachLine, start } from '#src/process.ts';

/** The Python environment with the peers, by locked versions and hashes; made once, in the cache. */
export async function peerPython(paths: Paths): Promise<string> {
  const requirements = join(paths.root, 'bench', 'peers', 'requirements.txt');
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const home = join(paths.cache, 'bench', `peers-${hash}`);
  const python = join(home, 'bin', 'python');
  if (existsSync(join(home, 'ready'))) return python;
  const interpreter = await findInterpreter();
  if (interpreter.state === 'missing') throw new WorldError(interpreter.why, { remedy: interpreter.remedy });
  console.log('Getting the peers (Jupyter and others), once …');
  await rm(home, { recursive: true, force: true });
  await capture([interpreter.path, '-m', 'venv', home]);
  const { code, stderr } = await capture([
    python,
    '-m',
    'pip',
    'install',
    '--quiet',
    '--require-hashes',
    '-r',
    requirements,
  ]);
  if (code !== 0)
    throw new WorldError('the peers could not be installed', {
      remedy: 'Check the network and try again.',
      lastLines: stderr.split('\n').slice(-20),
    });
  await writeFile(join(home, 'ready'), '');
  return python;
}

export interface Kernel {
  /** Milliseconds from the request to idle. */
  run(code: string): Promise<number>;
  stop(): Promise<void>;
}

/** In which Python a kernel runs: the peers' own, or one of ours, by the peers' packages beside its own. */
export interface KernelPlace {
  readonly interpreter: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Like startKernel, but it starts with the first cell, so that a run without cells has none. */
export function lazyKernel(paths: Paths, place?: () => Promise<KernelPlace>): Kernel {
  let kernel: Promise<Kernel> | undefined;
  return {
    run: async (code) => (await (kernel ??= startKernel(paths, place))).run(code),
    stop: async () => (await kernel)?.stop(),
  };
}

/** Where both look for packages, the first one first. */
async function packagesOf(...interpreters: readonly string[]): Promise<string> {
  const ask = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  const found = await Promise.all(interpreters.map((interpreter) => capture([interpreter, '-c', ask])));
  return found.map(({ stdout }) => stdout.trim()).join(delimiter);
}

/** A warm Jupyter kernel, with duckdb and pandas imported and a connection open. */
async function startKernel(paths: Paths, at?: () => Promise<KernelPlace>): Promise<Kernel> {
  const peers = await peerPython(paths);
  const place = await at?.();
  const program = join(paths.root, 'bench', 'peers', 'kernel.py');
  const path = place === undefined ? undefined : await packagesOf(place.interpreter, peers);
  const env = { ...process.env, ...place?.env, ...(path === undefined ? {} : { PYTHONPATH: path }) };
  const child = await start([place?.interpreter ?? peers, program], { env });
  const waiting: ((line: string) => void)[] = [];
  const lastLines: string[] = [];
  forEachLine(child.stdout, (line) => waiting.shift()?.(line));
  forEachLine(child.stderr, (line) => lastLines.push(line));
  const next = async (): Promise<string> => {
    const line = new Promise<string>((resolve) => waiting.push(resolve));
    const end = child.exited.then(() => {
      throw new WorldError('the Jupyter kernel ended', { remedy: 'Read its last lines.', lastLines });
    });
    return Promise.race([line, end]);
  };
  await next();
  return {
    async run(code) {
      const answer = next();
      child.stdin.write(`${JSON.stringify({ code })}\n`);
      return (JSON.parse(await answer) as { ms: number }).ms;
    },
    async stop() {
      child.stdin.end();
      await child.exited;
    },
  };
}
