import type { Context } from '#src/commands/context.ts';
import { faceOf, type Face } from '#src/commands/card-face.ts';
import { deckOf } from '#src/study/deck.ts';
import type { Card } from '#src/study/cards.ts';
import { standing } from '#src/study/undone.ts';

export type ExportFormat = 'tsv' | 'csv';

/**
 * The learner's cards as a text file that Anki imports (docs.ankiweb.net/importing/text-files.html). Its first lines say
 * how it is to be read; the first column is the card's id, so that a second import renews cards instead of doubling them.
 * Schedules stay here: two programs that plan the same cards would only disturb each other.
 */
export async function exportCards(format: ExportFormat, context: Context): Promise<string> {
  const content = await context.content();
  const events = standing((await context.journal().read()).events);
  const cards = [...deckOf({ content, events, zone: context.zone }).values()].filter(({ suspended }) => !suspended);
  const rows = await Promise.all(
    cards.map(async ({ card }) => {
      const { front, back } = sides(card, await faceOf(card, context));
      return [card.id, front, back, `data-engineering ${card.topic}`];
    }),
  );
  const separator = format === 'tsv' ? '\t' : ',';
  return [
    `#separator:${format === 'tsv' ? 'Tab' : 'Comma'}`,
    '#html:true',
    '#guid column:1',
    '#tags column:4',
    `#columns:${['id', 'front', 'back', 'tags'].join(separator)}`,
    ...rows.map((row) => row.map((field) => quoted(field, separator)).join(separator)),
    '',
  ].join('\n');
}

function quoted(field: string, separator: string): string {
  return field.includes('"') || field.includes('\n') || field.includes(separator) || field.startsWith('#')
    ? `"${field.replaceAll('"', '""')}"`
    : field;
}

function sides(card: Card, face: Face): { front: string; back: string } {
  if (face.kind === 'mended') {
    const front = html(
      `${card.title}\n\nIt was red here: ${face.anomaly}. What had gone wrong, and what holds it off?`,
    );
    return {
      front,
      back: html([face.remedy ?? '', face.read?.words ?? ''].filter((part) => part !== '').join('\n\n')),
    };
  }
  if (face.kind === 'takeaway') return { front: html(face.cue), back: html(face.text) };
  const run = (face.run ?? []).map((line) => `- ${line}`);
  const options = face.options.map(({ letter, text }) => `${letter}. ${text}`).join('\n');
  const reasons = Object.entries(face.explanations).map(([letter, why]) => `${letter}: ${why}`);
  const output = face.output === undefined ? [] : [`\`\`\`\n${face.output}\n\`\`\``];
  return {
    front: html([face.text, ...(run.length === 0 ? [] : [run.join('\n')]), options].join('\n\n')),
    back: html([`Answer: ${face.answer.join(', ')}`, ...output, reasons.join('\n')].join('\n\n')),
  };
}

/** Markdown as far as a card needs it: fences and code stay readable, the rest is text. */
function html(markdown: string): string {
  const parts = markdown.trim().split(/^```[^\n]*\n([\s\S]*?)^```[^\S\n]*$/m);
  return parts
    .map((part, i) =>
      i % 2 === 1
        ? `<pre>${escape(part.trimEnd())}</pre>`
        : escape(part.trim())
            .replace(/`([^`\n]+)`/g, '<code>$1</code>')
            .replaceAll('\n', '<br>'),
    )
    .join('');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
