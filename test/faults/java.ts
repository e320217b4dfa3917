import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

import { findJars, findSet, readPins, type Jars, type ReadyJars } from '#src/engines/jars.ts';
import { findJava } from '#src/engines/java.ts';
import { capture } from '#src/process.ts';
import { ownRoot, type Paths } from '#src/paths.ts';

const programs = join(ownRoot(import.meta.dirname), 'test', 'input', 'faults');

/** Short programs: what a compiler for long ones would gain is lost at each start. */
const FLAGS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-Xmx128m'];
const COMPILER = 'org.eclipse.jdt.internal.compiler.batch.Main';

export type JavaProgram = (name: string, ...words: string[]) => [string, ...string[]];

/**
 * The Java programs of these tests, compiled; gives the words that run one by its name. The runtime that learners have
 * holds no compiler, so one is fetched beside the driver of PostgreSQL, pinned like every other jar and for tests alone.
 */
export async function javaPrograms(t: TestContext, paths: Pick<Paths, 'cache'>): Promise<JavaProgram> {
  const java = await findJava(paths);
  assert.ok(java.state !== 'missing', 'no Java');
  const { program } = java.state === 'ready' ? java : await java.install(() => undefined);
  const own = (await readPins(join(programs, 'jars.json')))['java-clients'];
  assert.ok(own !== undefined);
  const fetched = await ready(await findSet(paths, 'java-clients', own));
  const kafka = await ready(await findJars(paths, 'kafka'));
  const classPath = [...fetched.paths, ...kafka.paths.filter((path) => /kafka-clients|slf4j-api/.test(path))];
  const classes = await mkdtemp(join(tmpdir(), 'dej-java-'));
  t.after(() => rm(classes, { recursive: true, force: true }));
  const words = [
    '-17',
    '-nowarn',
    '-proc:none',
    '-cp',
    classPath.join(delimiter),
    '-d',
    classes,
    ...globSync(join(programs, '*.java')),
  ];
  const compile = [program, ...FLAGS, '-cp', fetched.paths.join(delimiter), COMPILER, ...words] as const;
  const { code, stderr } = await capture(compile, { timeoutMs: 120_000 });
  assert.equal(code, 0, stderr);
  return (name, ...rest) => [program, ...FLAGS, '-cp', [classes, ...classPath].join(delimiter), name, ...rest];
}

async function ready(jars: Jars): Promise<ReadyJars> {
  return jars.state === 'ready' ? jars : jars.install(() => undefined);
}
