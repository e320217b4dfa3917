import type { Difference, Noun } from '#src/grading/anomaly.ts';

/** Numbers, and what comparing rows found, as the learner reads it. A part of wording.ts. */

// Things and numbers

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

export function countOf(value: number, noun: Noun): string {
  return `${number(value)} ${value === 1 ? noun.one : noun.many}`;
}

export function times(value: number): string {
  return `×${number(value)}`;
}

export function plural(value: number, word: string): string {
  return `${number(value)} ${word}${value === 1 ? '' : 's'}`;
}

// What was found

/** `most` is how often the most frequent duplicate stands there. */
export function foundWords(anomaly: Difference, total: number, count: number, noun: Noun, most = 2): string {
  const all = countOf(total, noun);
  const few = number(count);
  switch (anomaly) {
    case 'duplicate':
      return `${all}, ${few} of them ${most === 2 ? 'twice' : 'more than once'}`;
    case 'lost':
      return `${all}; ${few} ${count === 1 ? 'is' : 'are'} missing`;
    case 'phantom':
      return `${all}, ${few} of them ${count === 1 ? 'was' : 'were'} never in the input`;
    case 'stale':
      return `${all}, ${few} of them in an older version`;
    case 'corrupted':
      return `${all}, ${few} of them with other values`;
    case 'reordered':
      return `${all}; ${few} ${count === 1 ? 'stands' : 'stand'} out of order`;
  }
}

/** `o-2041 ×2, o-2042 ×2, o-2043 ×2 … and 17 more`: all of five, the first three of more. */
export function witnessWords(witnesses: readonly string[], count: number): string {
  if (count <= witnesses.length) return witnesses.join(', ');
  const shown = witnesses.slice(0, 3);
  return `${shown.join(', ')} … and ${number(count - shown.length)} more`;
}

const VALUE_LENGTH = 14;

/** Two values that differ, as short as they can stand in a line and still be told apart: `0007…` and `…8126`. */
export function partedWords(one: string, other: string): [string, string] {
  const short = (text: string, from: number): string => {
    const part = text.slice(from, from + VALUE_LENGTH);
    return `${from > 0 ? '…' : ''}${part}${from + VALUE_LENGTH < text.length ? '…' : ''}` || "''";
  };
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  const from = same < VALUE_LENGTH - 2 ? 0 : same - 2;
  return [short(one, from), short(other, from)];
}

export function crashWords(
  code: number | null,
  signal: string | null,
  due: number,
): { expected: string; found: string } {
  const found = code === null ? `ended by ${signal ?? 'a signal'}` : `ended with exit code ${code}`;
  return { expected: `your program ends with exit code ${due}`, found };
}

export function leftWords(code: number | null, signal: string | null): { expected: string; found: string } {
  const found = code === null ? `ended by ${signal ?? 'a signal'}` : `ended by itself with exit code ${code}`;
  return { expected: 'your program runs until it is told to stop', found };
}

export function unfinishedWords(seconds: number): { expected: string; found: string } {
  return {
    expected: 'your program ends, as it did undisturbed',
    found: `still running after ${seconds1(seconds)}`,
  };
}

export function seconds1(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}

/** A hole in numbers that should follow each other. */
export function gapWords(count: number, noun: Noun): { expected: string; found: string } {
  return {
    expected: `the numbers of ${noun.many} follow each other without a hole`,
    found: `${plural(count, 'number')} ${count === 1 ? 'is' : 'are'} missing in between`,
  };
}

/** What cannot be taken belongs where somebody looks at it. */
export function parkedWords(due: number, missing: number, noun: Noun): { expected: string; found: string } {
  return {
    expected: `${countOf(due, noun)} that can't be taken, each set aside once`,
    found: `${number(due - missing)} set aside; ${number(missing)} ${missing === 1 ? 'is' : 'are'} missing`,
  };
}

/** `whole` are the counts that a reader may see. */
export function partialWords(
  states: number,
  whole: readonly string[],
  noun: Noun,
): { expected: string; found: string } {
  return {
    expected: `a reader sees ${whole.join(' or ')} ${noun.many} at any time`,
    found: `a reader saw a part of them, at ${plural(states, 'moment')}`,
  };
}

/** Of a program's own output, between the first and the last of them. */
export function linesLikeIt(count: number): string {
  return `… ${plural(count, 'line')} like it`;
}
