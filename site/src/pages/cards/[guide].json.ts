import type { APIRoute } from 'astro';

import { loadContent } from '#src/content/content.ts';

import { cardPages } from '../../guide/cards.ts';
import { ROOT } from '../../guide/root.ts';

const { guides, glossary } = await loadContent(ROOT);

export function getStaticPaths() {
  return guides.map(({ id }) => ({ params: { guide: id } }));
}

export const GET: APIRoute = async ({ params }) => {
  const guide = guides.find(({ id }) => id === params['guide']);
  return new Response(JSON.stringify(guide === undefined ? {} : await cardPages(guide, glossary)));
};
