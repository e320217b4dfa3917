import assert from 'node:assert/strict';
import { join } from 'node:path';

import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

const root = ownRoot(import.meta.dirname);

/** Runs a tool of node_modules; its output is the message when it finds something. */
export async function passes(path: string, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await capture([process.execPath, join(root, 'node_modules', path), ...args], {
    cwd: root,
  });
  assert.equal(code, 0, `${stdout}\n${stderr}`.trim());
}
