import { createContext, type Context } from '#src/commands/context.ts';
import { shown } from '#src/commands/labs.ts';
import { updateLab as update, type LabUpdate } from '#src/commands/starter-base.ts';
import { LearnerError } from '#src/error.ts';

export async function backup(
  action: string | undefined,
  name: string | undefined,
  { json = false }: { json?: boolean },
): Promise<void> {
  await within(async (context) => {
    const journal = context.journal();
    if (action === undefined) {
      const made = await journal.backUp();
      return console.log(json ? JSON.stringify(made) : `Copied ${filesWords(made)} to ${shown(made.folder, context)}`);
    }
    if (action === 'list') {
      const all = await journal.backups();
      if (json) return console.log(JSON.stringify(all));
      if (all.length === 0)
        console.log('No backup yet. One is made before the format changes; ./dej backup makes one now.');
      for (const one of all) console.log(`${one.name}  ${filesWords(one)}`);
      return;
    }
    if (action !== 'restore' || name === undefined)
      throw new LearnerError(
        action === 'restore' ? 'restore needs the name of a backup' : `there is no action ${JSON.stringify(action)}`,
        'It is ./dej backup, ./dej backup list, or ./dej backup restore <name>.',
      );
    const { saved } = await journal.restore(name);
    if (json) return console.log(JSON.stringify({ restored: name, saved }));
    console.log(`Put back from ${name}; files that it does not have stayed as they are.`);
    console.log(`What was there before is in ${shown(saved.folder, context)}`);
  });
}

export async function updateLab(lab: string, { merge = false, json = false }: { merge?: boolean; json?: boolean }) {
  await within(async (context) => {
    const done = await update({ lab, merge }, context);
    console.log(json ? JSON.stringify(done) : words(done));
  });
}

function filesWords({ files }: { readonly files: number }): string {
  return files === 1 ? 'one file' : `${files} files`;
}

const OUTCOMES = {
  merged: 'merged into yours',
  added: 'added',
  kept: 'left as yours is',
  beside: 'both of you changed the same lines: yours is as it was, the new one stands beside it as .new',
} as const;

function words({ lab, changes, merged, snapshot }: LabUpdate): string {
  if (changes.length === 0) return `The starter of ${lab} is what it was when you began.`;
  if (merged !== undefined)
    return [
      ...merged.map(({ file, outcome }) => `${file}: ${OUTCOMES[outcome]}`),
      `Yours as it was: ${snapshot ?? ''}`,
    ].join('\n');
  const told = changes.flatMap(({ file, kind, diff }) => [`${file}: ${kind}`, ...diff.map((line) => `  ${line}`)]);
  return [...told, '', `Yours is as you left it. To merge this into it: ./dej update-lab ${lab} --merge`].join('\n');
}

async function within(work: (context: Context) => Promise<void>): Promise<void> {
  const context = createContext();
  try {
    await work(context);
  } finally {
    await context.close();
  }
}
