import { defineConfig } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import tseslint from 'typescript-eslint';

export default defineConfig(
  {
    ignores: [
      // A learner's own files are theirs to write as they like.
      'journal/**',
      'build/**',
      'build.*/**',
      'node_modules/**',
      'site/dist/**',
      'site/.astro/**',
      '.dej/**',
      'test/input/**',
      'test/output/**',
    ],
  },
  {
    files: [
      'src/**/*.ts',
      'test/**/*.ts',
      'bench/**/*.ts',
      'launch/**/*.ts',
      'site/src/**/*.ts',
      'concepts/**/*.ts',
      'challenges/**/*.ts',
      'projects/**/*.ts',
    ],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          ignoreVoid: true,
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'suite', 'describe', 'it'] },
          ],
        },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // `async` without `await` is how a function that may fail early keeps one way of failing.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,ts,svelte}'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    // Their types are svelte-check's to judge; here stays what needs none.
    files: ['site/src/**/*.svelte'],
    extends: [svelte.configs['flat/recommended']],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // Lists here are replaced as a whole, never reordered.
      'svelte/require-each-key': 'off',
      // A prop is declared with `let` in Svelte, also when it is never assigned.
      'prefer-const': 'off',
      'svelte/prefer-const': 'error',
    },
  },
);
