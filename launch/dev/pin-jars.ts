import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Jar } from '#src/engines/jars-fetch.ts';
import { digest, PINS, readPins, type JarSet } from '#src/engines/jars.ts';
import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

/** Those of the engines, and those that only tests use. */
const PLACES = [
  PINS,
  ...['faults', 'documents'].map((folder) => join(ownRoot(), 'test', 'input', folder, 'jars.json')),
];

/**
 * `npm run pin:jars`: resolves what the roots of each set in PLACES need, by Maven, which checks what it fetches, and
 * writes their sizes and hashes down. A name behind it pins that set alone.
 */
async function main(only: readonly string[]): Promise<void> {
  for (const place of PLACES) await pin(place, only);
}

async function pin(place: string, only: readonly string[]): Promise<void> {
  const pins = { ...(await readPins(place)) };
  for (const [name, set] of Object.entries(pins)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const jars = await resolve(set);
    pins[name] = { ...set, jars };
    const bytes = jars.reduce((sum, jar) => sum + jar.bytes, 0);
    console.log(`${name}: ${jars.length} jars, ${(bytes / 1e6).toFixed(1)} MB`);
  }
  await writeFile(place, `${JSON.stringify(pins, undefined, 2)}\n`);
}

async function resolve({ roots, without = [] }: JarSet): Promise<Jar[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-pins-'));
  try {
    await writeFile(join(folder, 'pom.xml'), project(roots));
    const out = join(folder, 'list.txt');
    const flags = [`-DoutputFile=${out}`, '-DoutputAbsoluteArtifactFilename=true', '-DincludeScope=runtime'];
    const { code, stdout } = await capture(['mvn', '-q', '-B', 'dependency:list', ...flags, '-f', folder]);
    if (code !== 0) throw new Error(`Maven could not resolve ${roots.join(', ')}:\n${stdout.slice(-4000)}`);
    // group:artifact:jar[:classifier]:version:scope:path, and behind the path the name of its module.
    const line = /^\s*(\S+?):([^:\s]+):jar:(?:([^:\s]+):)?([^:\s]+):(?:compile|runtime):(\/\S+\.jar)/gm;
    const found = [...(await readFile(out, 'utf8')).matchAll(line)].filter(
      ([, group, artifact]) => !without.includes(`${group}:${artifact}`),
    );
    const jars = found.map(async ([, group = '', artifact = '', classifier, version = '', path = '']): Promise<Jar> => {
      const coordinates = [group, artifact, version, ...(classifier === undefined ? [] : ['jar', classifier])];
      return { coordinates: coordinates.join(':'), bytes: (await stat(path)).size, sha256: await digest(path) };
    });
    return (await Promise.all(jars)).sort((a, b) => (a.coordinates < b.coordinates ? -1 : 1));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function project(roots: readonly string[]): string {
  const dependencies = roots.map((root) => {
    const [group, artifact, version] = root.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
    <groupId>pins</groupId><artifactId>pins</artifactId><version>1</version>
    <dependencies>${dependencies.join('\n')}</dependencies></project>`;
}

await main(process.argv.slice(2));
