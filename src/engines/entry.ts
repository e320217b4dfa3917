import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { ownRoot } from '#src/paths.ts';

/** The arguments that make node run one of our programs: the bundled one where we are bundled, else its source. */
export function entry(name: 'supervisor' | 'duckdb-worker' | 'node-worker' | 'jars-child'): [string] {
  const bundled = join(ownRoot(), 'build', `${name}.mjs`);
  const isBundled = import.meta.dirname.startsWith(join(ownRoot(), 'build'));
  if (isBundled && existsSync(bundled)) return [bundled];
  const source = name === 'supervisor' ? 'supervisor-process' : name;
  return [join(ownRoot(), 'src', 'engines', `${source}.ts`)];
}

/** Changes when the supervisor's program is built anew or edited. */
export function edition(): string {
  const [path] = entry('supervisor');
  return `${path} of ${statSync(path).mtimeMs}`;
}
