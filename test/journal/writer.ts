import { writeSync } from 'node:fs';

import { openJournal } from '#src/journal/journal.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { random } from '#src/random.ts';

/**
 * A learner who is busy: `writer.ts <name> <seed> <times>` saves events, a note, code and entries of the log in the folder of the environment, in an
 * order of its seed, and prints each thing when it is acknowledged. Whoever started it may end it at any line.
 */
const [name = '', seed = '1', times = '1'] = process.argv.slice(2);
const journal = openJournal(pathsOf(ownRoot(import.meta.dirname)));
const chance = random(Number(seed));
const guide = '03-idempotency';
const place = { guide, prompt: name, title: '03 · Idempotency', question: 'What happened?' };
const file = { guide, exercise: name, extension: 'py', starter: '' };
const texts = { note: '', code: '' };

const tell = (...words: readonly (string | number)[]): void => void writeSync(1, `${words.join(' ')}\n`);
const grown = (kind: 'note' | 'code', n: number): string =>
  `${texts[kind]}${texts[kind] === '' ? '' : '\n'}${kind} ${n}`;

async function save(n: number): Promise<void> {
  const kind = chance.pick(['events', 'events', 'review', 'note', 'code', 'log'] as const);
  tell('begin', kind, n);
  if (kind === 'events') {
    const question = (at: number) =>
      ({ kind: 'answered', guide, question: `q-${n}-${at}`, options: ['A'], right: true }) as const;
    const written = await journal.append(Array.from({ length: 1 + chance.below(3) }, (_, at) => question(at)));
    return tell('saved', kind, ...written.map(({ id }) => id));
  }
  if (kind === 'review') {
    const card = `question:${guide}/q-${n}`;
    const [written] = await journal.append([{ kind: 'reviewed', card, grade: 'good', elapsedMs: n }]);
    return tell('saved', 'events', written?.id ?? '');
  }
  if (kind === 'log') {
    const id = `${name}-${n}`;
    const words = chance.pick(['insight', 'question', 'win'] as const);
    const outcome = await journal.changeLog({ type: 'add', kind: words, id, day: '2026-01-05', text: `thought ${n}` });
    if (outcome.kind !== 'saved') throw new Error('a new entry is always saved');
    return tell('saved', kind, id);
  }
  const text = grown(kind, n);
  const base = texts[kind];
  const outcome =
    kind === 'note'
      ? await journal.saveNote({ ...place, text, base })
      : await journal.saveCode({ ...file, text, base });
  if (outcome.kind !== 'saved') throw new Error('nobody else writes here');
  texts[kind] = text;
  tell('saved', kind, n);
}

try {
  for (let n = 1; n <= Number(times); n++) await save(n);
} catch (error) {
  tell('refused', (error as Error).message);
}
