import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { helpText } from '#src/cli/main.ts';
import { generatedDocs } from '#src/commands/docs.ts';
import { ownRoot } from '#src/paths.ts';

/** `npm run docs`: makes the generated pages anew and says which changed. */
const root = ownRoot();
const pages = [...(await generatedDocs(root)), { file: 'launch/help.txt', text: helpText() }];
for (const { file, text } of pages) {
  const path = join(root, file);
  const before = await readFile(path, 'utf8').catch(() => '');
  if (before !== text) await writeFile(path, text);
  console.log(`${before === text ? 'unchanged' : 'written  '} ${file}`);
}
