import type { Block, Guide } from '#src/content/guide.ts';
import { LearnerError } from '#src/error.ts';
import { nearest } from '#src/nearest.ts';

/** `03-idempotency#double-load`, `03#double-load` or `idempotency#double-load`. */
export function findBlock(guides: readonly Guide[], reference: string): { guide: Guide; block: Block } {
  const [guideName = '', blockId = ''] = reference.split('#');
  const guide = findGuide(guides, guideName);
  const block = guide.blocks.find(({ id }) => id === blockId);
  if (block !== undefined) return { guide, block };
  const ids = guide.blocks.map(({ id }) => id);
  const near = nearest(blockId, ids);
  throw new LearnerError(
    blockId === ''
      ? `${reference} names a guide, not a block of it`
      : `guide ${guide.id} has no block ${JSON.stringify(blockId)}`,
    near === undefined
      ? `Its blocks: ${ids.join(', ')}.`
      : `Did you mean ${guide.id}#${near}? Its blocks: ${ids.join(', ')}.`,
  );
}

export function findGuide(guides: readonly Guide[], name: string): Guide {
  const number = /^\d$/.test(name) ? `0${name}` : name;
  const guide = guides.find(({ id }) => id === number || id.startsWith(`${number}-`) || id.slice(3) === number);
  if (guide !== undefined) return guide;
  const ids = guides.map(({ id }) => id);
  const near = nearest(
    name,
    ids.flatMap((id) => [id, id.slice(3)]),
  );
  throw new LearnerError(
    `there is no written guide ${JSON.stringify(name)}`,
    near === undefined ? `Written so far: ${ids.join(', ')}.` : `Did you mean ${near}?`,
  );
}
