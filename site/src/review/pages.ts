import type { ReviewCard } from '#src/commands/review.ts';

import type { CardPage } from '../guide/cards.ts';
import { getJson } from '../islands/api.ts';

const known = new Map<string, Record<string, CardPage>>();

/** The card's page as the site has it; each guide's and each lab's are fetched once. Undefined for cards that have none. */
export async function pageOf({ face }: ReviewCard): Promise<CardPage | undefined> {
  if (face.kind === 'mended') return undefined;
  const { file, key } = face.page;
  const pages = known.get(file);
  if (pages !== undefined) return pages[key];
  const reply = await getJson<Record<string, CardPage>>(`/cards/${file}.json`);
  if (reply.ok) known.set(file, reply.value);
  return reply.ok ? reply.value[key] : undefined;
}
