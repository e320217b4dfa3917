import type { Progress } from '#src/engines/engine.ts';

/** Shows what takes time: on a terminal one line that changes, elsewhere each new thing once. */
export function progressLine(stream: NodeJS.WriteStream): { show(progress: Progress): void; clear(): void } {
  let shown = false;
  let last = '';
  return {
    show({ what, doneBytes, totalBytes }) {
      const size = sizeWords(doneBytes, totalBytes);
      if (stream.isTTY) {
        // A line that wraps could not be taken back.
        stream.write(`\r\x1b[K${fitting(`${what}${size} …`, stream.columns)}`);
        shown = true;
      } else if (what !== last)
        stream.write(`${what}${totalBytes === undefined ? '' : ` (${megabytes(totalBytes)})`} …\n`);
      last = what;
    },
    clear() {
      if (shown) stream.write('\r\x1b[K');
      shown = false;
    },
  };
}

function fitting(line: string, columns: number): string {
  return line.length < columns || columns < 20 ? line : `${line.slice(0, columns - 2)}…`;
}

function sizeWords(doneBytes: number | undefined, totalBytes: number | undefined): string {
  if (totalBytes === undefined) return '';
  return doneBytes === undefined
    ? ` (${megabytes(totalBytes)})`
    : ` (${megabytes(doneBytes)} of ${megabytes(totalBytes)})`;
}

/** Bytes in words, in decimal megabytes as download pages count them. */
export function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${Math.round(bytes / 1e6)} MB`;
}
