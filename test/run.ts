import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { ownRoot } from '#src/paths.ts';
import { ensureBrowser } from '#test/browser.ts';
import { runFile, type FileResult } from '#test/run/file.ts';
import { fileLines, summaryLines } from '#test/run/words.ts';

/**
 * What `npm test` runs: every test file in a process of its own. Light files run side by side; those with engines or a
 * browser one after the other, so that they don't slow each other past a deadline. Prints each file as it ends, failures
 * in full, what took long, and last `N passed, N failed`.
 *
 * --quick leaves out engines, servers and browser; --gate adds the long ones (test/gate); other words choose files by name.
 */
const root = ownRoot(import.meta.dirname);
const args = process.argv.slice(2);
const quick = args.includes('--quick');
const gate = args.includes('--gate');
const words = args.filter((arg) => !arg.startsWith('--'));
/** Longer than any file should take; one that hangs is ended with all that it started, and counts as failed. */
const FILE_DEADLINE_MS = (gate ? 150 : 25) * 60_000;

const HEAVY_FOLDERS = /^test\/(labs|engines|server|e2e|cli|commands|launch|gate)\//;
/** What a test imports that starts engines, a server or a browser. */
const HEAVY_IMPORTS =
  /'#test\/(grading\/bench|engines\/|server\/served|e2e\/|browser)|'#src\/engines\/(supervisor|connect)\./;
/** Begun first, because they take longest. */
const LONG = /^test\/house\//;

function chosen(): string[] {
  return globSync('test/**/*.test.ts', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .filter((file) => !/^test\/(input|output)\//.test(file))
    .filter((file) => gate || !file.startsWith('test/gate/'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
}

const stopper = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => stopper.abort(new Error(`stopped by ${name}`)));

const results: FileResult[] = [];

/** Takes files from the front until none is left; several at a time share the work. */
async function runFiles(files: readonly string[], atOnce: number): Promise<void> {
  const waiting = [...files];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined && !stopper.signal.aborted; file = waiting.shift()) {
      const result = await runFile(root, file, { deadlineMs: FILE_DEADLINE_MS, signal: stopper.signal });
      results.push(result);
      console.log(fileLines(result).join('\n'));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const began = performance.now();
const files = chosen();
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const isHeavy = (file: string): boolean => HEAVY_FOLDERS.test(file) || HEAVY_IMPORTS.test(textOf(file));
const heavy = files.filter(isHeavy);
const light = files.filter((file) => !heavy.includes(file));
const leftOut = quick ? '; those are left out by --quick' : '';
console.log(`${light.length} test files, and ${heavy.length} with engines, servers or a browser${leftOut}`);
const usesBrowser = (file: string): boolean => textOf(file).includes('#test/browser.ts');
if (!quick && heavy.some(usesBrowser)) {
  // Without one the rest is still worth running; the files that need it fail by themselves.
  const browser = await ensureBrowser(console.log).catch((error: unknown) => `none; ${String(error)}`);
  console.log(`Browser: ${browser}`);
}
await runFiles(
  light.toSorted((a, b) => Number(LONG.test(b)) - Number(LONG.test(a))),
  Math.max(2, availableParallelism()),
);
if (!quick) await runFiles(heavy, 1);
console.log(summaryLines(results, performance.now() - began).join('\n'));
const failed = results.some((result) => result.failed.length > 0);
const ran = results.some((result) => result.passed.length > 0);
process.exitCode = stopper.signal.aborted ? 130 : failed || !ran ? 1 : 0;
