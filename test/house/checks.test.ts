import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

const root = ownRoot(import.meta.dirname);

/** The element that hosts an island never changes, and a region that scrolls must be reachable by keyboard. */
const IGNORED = 'state_referenced_locally:ignore,a11y_no_noninteractive_tabindex:ignore';

/** Runs a tool of node_modules; its output is the message when it finds something. */
async function passes(script: readonly string[]): Promise<void> {
  const [path = '', ...args] = script;
  const { code, stdout, stderr } = await capture([process.execPath, join(root, 'node_modules', path), ...args], {
    cwd: root,
  });
  assert.equal(code, 0, `${stdout}\n${stderr}`.trim());
}

test('every file is formatted (npm run format mends it)', () =>
  passes(['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']));

test('the linter, which knows types, finds nothing', () => passes(['eslint/bin/eslint.js', '.']));

test('the types are right', () => passes(['typescript/bin/tsc', '-p', '.']));

test('the types of the site’s components are right', () =>
  passes([
    'svelte-check/bin/svelte-check',
    '--workspace',
    'site',
    '--tsconfig',
    'tsconfig.json',
    '--threshold',
    'warning',
    '--compiler-warnings',
    IGNORED,
  ]));
