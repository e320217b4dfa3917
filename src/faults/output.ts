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

/** Colours and other orders to a terminal, in the three forms that programs use. */
const ORDERS = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-_])/g;
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** What a program printed may hold anything; in our verdict it must not colour, move or overwrite what stands there. */
export function plainLine(line: string): string {
  return line.replace(/\r$/, '').replace(ORDERS, '').replace(UNSEEN, '·');
}
