/** What a program printed: the beginning and the end of it, whatever its length. */
export interface Output {
  /** False once lines are too many to be told one by one. */
  add(line: string): boolean;
  last(count: number): readonly string[];
  text(): string;
}

const HEAD_LINES = 1000;
const TAIL_LINES = 1000;

export function keepOutput(): Output {
  const head: string[] = [];
  let tail: string[] = [];
  let dropped = 0;
  return {
    add(line) {
      if (head.length < HEAD_LINES) {
        head.push(line);
        return true;
      }
      tail.push(line);
      // Cut now and then instead of at every line.
      if (tail.length > 2 * TAIL_LINES) {
        dropped += tail.length - TAIL_LINES;
        tail = tail.slice(-TAIL_LINES);
      }
      return false;
    },
    last: (count) => [...head, ...tail].slice(-count),
    text: () => {
      const gap = dropped === 0 ? [] : [`… ${dropped} lines are left out here …`];
      return [...head, ...gap, ...tail, ''].join('\n');
    },
  };
}
