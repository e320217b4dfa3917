import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { labContractPage } from '#src/commands/lab-contract.ts';
import { loadContent } from '#src/content/content.ts';
import { glossaryPage, replaceBetween, resourcesPage, roadmap } from '#src/content/pages.ts';
import { LearnerError } from '#src/error.ts';

/** The pages made from data, as they should stand in the clone. */
export async function generatedDocs(root: string): Promise<{ file: string; text: string }[]> {
  const content = await loadContent(root);
  const readme = replaceBetween(await readFile(join(root, 'README.md'), 'utf8'), 'roadmap', roadmap(content));
  if (readme === undefined)
    throw new LearnerError(
      'README.md has lost its roadmap markers',
      'Put <!-- roadmap --> and <!-- /roadmap --> where the roadmap belongs.',
    );
  return [
    { file: 'README.md', text: readme },
    { file: 'RESOURCES.md', text: resourcesPage(content) },
    { file: 'docs/lab-contract.md', text: labContractPage() },
    { file: 'GLOSSARY.md', text: glossaryPage(content) },
  ];
}
