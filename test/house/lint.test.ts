import test from 'node:test';

import { passes } from '#test/house/tool.ts';

test('the linter, which knows types, finds nothing', () => passes('eslint/bin/eslint.js', '.'));
