import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

import { until } from '#src/deadline.ts';
import { findSet, readPins } from '#src/engines/jars.ts';
import { findJava } from '#src/engines/java.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { capture, forEachLine, start } from '#src/process.ts';

const INPUT = join(ownRoot(), 'test', 'input');
const FLAGS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx128m'];

/**
 * The address of a server that speaks MongoDB's protocol until the test's end: mongo-java-server, which is not MongoDB and
 * knows less, and keeps its documents in memory. MongoDB's own programs come by no registry of packages. Its jars, and a
 * compiler for the few lines that start it, are pinned for tests alone. Undefined where there is no Java.
 */
export async function documentServer(t: TestContext): Promise<string | undefined> {
  const paths = pathsOf(ownRoot());
  const java = await findJava(paths);
  if (java.state === 'missing') return undefined;
  const { program } = java.state === 'ready' ? java : await java.install(() => undefined);
  const [compiler, server] = await Promise.all([jarsOf('faults', 'java-clients'), jarsOf('documents', 'documents')]);
  const classes = await mkdtemp(join(tmpdir(), 'dej-documents-'));
  t.after(() => rm(classes, { recursive: true, force: true }));
  const source = join(INPUT, 'documents', 'DocumentServer.java');
  const how = ['-17', '-nowarn', '-proc:none', '-cp', server.join(delimiter), '-d', classes, source];
  const compile = ['-cp', compiler.join(delimiter), 'org.eclipse.jdt.internal.compiler.batch.Main', ...how];
  const compiled = await capture([program, ...FLAGS, ...compile], { timeoutMs: 120_000 });
  assert.equal(compiled.code, 0, compiled.stderr);
  const classPath = [classes, ...server].join(delimiter);
  const child = await start([program, ...FLAGS, '-cp', classPath, 'DocumentServer'], { group: true });
  t.after(async () => {
    child.stdin.end();
    await child.exited;
  });
  const said: string[] = [];
  let port: string | undefined;
  forEachLine(child.stdout, (line) => (port ??= line));
  forEachLine(child.stderr, (line) => said.push(line));
  const evidence = () => ({ lastLines: said.slice(-20) });
  return `mongodb://127.0.0.1:${await until('its port', () => port, { deadlineMs: 60_000, evidence })}/`;
}

async function jarsOf(folder: string, name: string): Promise<readonly string[]> {
  const set = (await readPins(join(INPUT, folder, 'jars.json')))[name];
  assert.ok(set !== undefined);
  const jars = await findSet(pathsOf(ownRoot()), name, set);
  return (jars.state === 'ready' ? jars : await jars.install(() => undefined)).paths;
}
