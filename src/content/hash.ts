import { createHash } from 'node:crypto';

import type { Takeaway } from '#src/content/cues.ts';
import type { Block, Prediction, Question } from '#src/content/guide.ts';

/**
 * 16 hexadecimal digits that change when what is asked changes: the words, the options, the answer. An event keeps them,
 * so that an answer to an older wording is known as one. Explanations don't count: mending one changes no answer.
 */
export function questionHash({ text, options, answer }: Question): string {
  return hash([text, options.map(({ letter, text: words }) => [letter, words]), answer]);
}

export function takeawayHash({ cue, text }: Takeaway): string {
  return hash([cue, text]);
}

export function predictionHash({ text, options }: Prediction): string {
  return hash([text, options.map(({ letter, text: words }) => [letter, words])]);
}

export function blockHash({ engine, code }: Block): string {
  return hash([engine ?? '', code]);
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
