import { globSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

import { findInstaller } from '#src/engines/python-family.ts';
import { findInterpreter } from '#src/engines/python-interpreter.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { capture } from '#src/process.ts';

const PLACES = '{src/engines/{python,duckdb},test/input/faults}';

/**
 * `npm run pin:python`: locks what each .in file of PLACES names, with the versions and hashes for every platform.
 * A name behind it pins that file alone. uv's own lock format is not used: it writes down where it fetched from.
 */
async function main(only: readonly string[]): Promise<void> {
  const interpreter = await findInterpreter();
  if (interpreter.state === 'missing') throw new Error(`${interpreter.why}. ${interpreter.remedy}`);
  const home = join(pathsOf(ownRoot()).cache, 'python');
  await mkdir(home, { recursive: true });
  const uv = await findInstaller({ home, interpreter, signal: undefined });
  for (const path of globSync(join(ownRoot(), PLACES, '*.in')).sort()) {
    const name = basename(path, '.in');
    if (only.length > 0 && !only.includes(name)) continue;
    // What is built from source brings nothing with it: its dependencies stand in the file of its family. An extension
    // of DuckDB names DuckDB for Python, which nobody uses it with.
    const alone = name.endsWith('-source') || dirname(path).endsWith('duckdb') ? ['--no-deps'] : [];
    const how = [
      '--universal',
      '--python-version',
      '3.11',
      '--generate-hashes',
      '--no-header',
      '--no-annotate',
      ...alone,
    ];
    const argv = [uv, 'pip', 'compile', '--quiet', ...how, path, '-o', join(dirname(path), `${name}.txt`)] as const;
    const { code, stderr } = await capture(argv, { cwd: dirname(path) });
    if (code !== 0) throw new Error(`uv could not lock ${name}:\n${stderr.slice(-4000)}`);
    console.log(`written   ${relative(ownRoot(), dirname(path))}/${name}.txt`);
  }
}

await main(process.argv.slice(2));
