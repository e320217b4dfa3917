import type { APIRoute } from 'astro';

import { loadContent } from '#src/content/content.ts';
import { loadLab } from '#src/content/lab.ts';

import { cardPages, labCardPages } from '../../guide/cards.ts';
import { ROOT } from '../../guide/root.ts';

const content = await loadContent(ROOT);
const labs = content.labs.filter(({ written }) => written);

export function getStaticPaths() {
  const names = [...content.guides.map(({ id }) => id), ...labs.map(({ id }) => `lab-${id}`)];
  return names.map((guide) => ({ params: { guide } }));
}

export const GET: APIRoute = async ({ params }) => new Response(JSON.stringify(await pagesOf(params['guide'] ?? '')));

async function pagesOf(name: string) {
  const guide = content.guides.find(({ id }) => id === name);
  if (guide !== undefined) return cardPages(guide, content);
  const lab = labs.find(({ id }) => `lab-${id}` === name);
  return lab === undefined ? {} : labCardPages(await loadLab(ROOT, lab.path), content);
}
