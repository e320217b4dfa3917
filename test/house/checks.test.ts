import test from 'node:test';

import { passes } from '#test/house/tool.ts';

/** The element that hosts an island never changes, and a region that scrolls must be reachable by keyboard. */
const IGNORED = 'state_referenced_locally:ignore,a11y_no_noninteractive_tabindex:ignore';

test('every file is formatted (npm run format mends it)', () =>
  passes('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'));

test('the types are right', () => passes('typescript/bin/tsc', '-p', '.'));

test('the types of the site’s components are right', () => {
  const where = ['--workspace', 'site', '--tsconfig', 'tsconfig.json'];
  return passes('svelte-check/bin/svelte-check', ...where, '--threshold', 'warning', '--compiler-warnings', IGNORED);
});
