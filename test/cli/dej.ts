import { join } from 'node:path';

import { ownRoot } from '#src/paths.ts';
import { capture, type Captured } from '#src/process.ts';

const root = ownRoot(import.meta.dirname);

/** Runs `./dej` as a person does, on a state of the test's own. */
export function dej(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Captured> {
  return capture(['sh', join(root, 'dej'), ...args], { cwd: root, env: { ...process.env, ...env } });
}
