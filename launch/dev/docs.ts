import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { generatedDocs } from '#src/commands/docs.ts';
import { ownRoot } from '#src/paths.ts';

/** `npm run docs`: makes the generated pages anew and says which changed. */
const root = ownRoot();
for (const { file, text } of await generatedDocs(root)) {
  const path = join(root, file);
  const before = await readFile(path, 'utf8').catch(() => '');
  if (before !== text) await writeFile(path, text);
  console.log(`${before === text ? 'unchanged' : 'written  '} ${file}`);
}
