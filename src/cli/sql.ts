import type { SqlFlags } from '#src/cli/log-verbs.ts';
import { createContext } from '#src/commands/context.ts';
import { csvOf, recordsOf } from '#src/commands/sql-formats.ts';
import { askSaved, askSql, sqlSight, type Answer, type SqlSight } from '#src/commands/sql.ts';
import { LearnerError } from '#src/error.ts';
import { renderTable } from '#src/runner/render.ts';

/** Asks the learner's own events; without a question, says what can be asked. */
export async function sql(words: readonly string[], { saved, json, csv }: SqlFlags): Promise<void> {
  const text = words.join(' ').trim();
  if (text !== '' && saved !== undefined)
    throw new LearnerError('a question of your own and a saved one were given', 'Ask one of them.');
  const context = createContext();
  try {
    if (text === '' && saved === undefined) {
      const sight = await sqlSight(context);
      return console.log(json === true ? JSON.stringify(sight) : sightText(sight));
    }
    const known = saved === undefined ? undefined : await askSaved(saved, context);
    const answer = known ?? (await askSql(text, context));
    if (json === true) return console.log(JSON.stringify(answer.tables.flatMap(recordsOf)));
    if (csv === true) return void process.stdout.write(answer.tables.map(csvOf).join('\n'));
    if (known !== undefined) console.log(`${known.question.title}\n${known.question.says}\n`);
    console.log(answerText(answer));
  } finally {
    await context.close();
  }
}

function answerText({ tables }: Answer): string {
  return tables.map((table) => renderTable({ type: 'table', ...table })).join('\n\n') || 'It returned no rows.';
}

function sightText({ saved, tables }: SqlSight): string {
  return [
    'Saved questions: ./dej sql --saved <name>',
    ...saved.map(({ id, title }) => `  ${id.padEnd(18)} ${title}`),
    '',
    'Tables: ./dej sql "FROM answers LIMIT 5"',
    ...tables.map(
      ({ name, about, columns }) => `  ${name.padEnd(12)} ${about}\n  ${' '.repeat(12)} ${columns.join(', ')}`,
    ),
  ].join('\n');
}
