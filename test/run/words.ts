import type { FileResult } from '#test/run/file.ts';

/** What is printed when a file has ended: one line, and before it each failure in full. */
export function fileLines({ file, ms, passed, failed, skipped, left }: FileResult): string[] {
  const failures = failed.flatMap(({ name, line, error }) => [
    '',
    `FAILED ${at(file, line)}: ${name}`,
    ...error.split('\n').map((text) => `  ${text}`),
    '',
  ]);
  const counts = [
    `${passed.length} of ${passed.length + failed.length}`,
    ...(skipped.length === 0 ? [] : [`${skipped.length} skipped`]),
    ...(left === 0 ? [] : [`ended ${left} that it left running`]),
    `${(ms / 1000).toFixed(1)} s`,
  ];
  return [...failures, `${failed.length === 0 ? 'ok    ' : 'FAILED'} ${file} (${counts.join(', ')})`];
}

/** What is printed last; its last line is the count. */
export function summaryLines(results: readonly FileResult[], ms: number): string[] {
  const passed = results.flatMap(({ file, passed }) => passed.map((test) => ({ file, ...test })));
  const failed = results.flatMap(({ file, failed }) => failed.map((test) => ({ file, ...test })));
  const skipped = results.flatMap(({ file, skipped }) => skipped.map((test) => ({ file, ...test })));
  const slowest = passed.toSorted((a, b) => b.ms - a.ms).slice(0, 8);
  return [
    ...titled(
      'Took longest:',
      slowest.map((test) => `${(test.ms / 1000).toFixed(1).padStart(6)} s  ${test.file}: ${test.name}`),
    ),
    ...titled(
      'Skipped:',
      skipped.map(({ file, name, why }) => `${file}: ${name} (${why === '' ? 'no reason given' : why})`),
    ),
    ...titled(
      'Failed:',
      failed.map(({ file, name, line }) => `${at(file, line)}: ${name}`),
    ),
    '',
    `In all ${(ms / 1000).toFixed(0)} s.`,
    `${passed.length} passed, ${failed.length} failed${skipped.length === 0 ? '' : `, ${skipped.length} skipped`}`,
  ];
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function at(file: string, line: number): string {
  return line === 0 ? file : `${file}:${line}`;
}
