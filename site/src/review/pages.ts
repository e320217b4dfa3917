import type { ReviewCard } from '#src/commands/review.ts';

import type { CardPage } from '../guide/cards.ts';
import { getJson } from '../islands/api.ts';

const known = new Map<string, Record<string, CardPage>>();

/** The question's page as the site has it; each guide's are fetched once. Undefined for cards that have none. */
export async function pageOf({ face }: ReviewCard): Promise<CardPage | undefined> {
  if (face.kind !== 'question') return undefined;
  const pages = known.get(face.guide);
  if (pages !== undefined) return pages[face.question];
  const reply = await getJson<Record<string, CardPage>>(`/cards/${face.guide}.json`);
  if (reply.ok) known.set(face.guide, reply.value);
  return reply.ok ? reply.value[face.question] : undefined;
}
