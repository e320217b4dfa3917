import { ENGINE_NAMES, type EngineName } from '#src/engines/engine.ts';

/** What stands behind a fence's language: `{id=double-load engine=duckdb data=shop deep norun="why"}`. */
export interface FenceAttributes {
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}

/** Ids of blocks, questions, prompts. */
export const KEBAB = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** Attributes of a fence that runs, and of one that records. */
export const BLOCK_ATTRIBUTES = [
  'id',
  'engine',
  'engines',
  'with',
  'data',
  'session',
  'normalise',
  'needs',
  'norun',
] as const;
export const BLOCK_FLAGS = ['deep', 'own'] as const;
export const OUTPUT_ATTRIBUTES = ['of', 'normalise'] as const;

/** Reads a fence's attributes; undefined when it has none, which is an ordinary fence. */
export function parseFence(meta: string | null | undefined): FenceAttributes | undefined {
  const text = meta?.trim() ?? '';
  const inside = /^\{(.*)\}$/.exec(text)?.[1];
  if (inside === undefined) {
    return text.startsWith('{')
      ? { values: new Map(), flags: new Set(), problems: ['the attributes have no closing brace'] }
      : undefined;
  }
  const values = new Map<string, string>();
  const flags = new Set<string>();
  const problems: string[] = [];
  const token = /\s*(?:([a-z][a-z-]*)=(?:"([^"]*)"|([^\s"]+))|([a-z][a-z-]*))(?=\s|$)/y;
  let at = 0;
  while (inside.slice(at).trim() !== '') {
    token.lastIndex = at;
    const match = token.exec(inside);
    if (match === null) {
      problems.push(`can't read ${JSON.stringify(inside.slice(at).trim())}`);
      break;
    }
    const [whole, name, quoted, bare, flag] = match;
    if (flag !== undefined) flags.add(flag);
    else if (name !== undefined) {
      if (values.has(name)) problems.push(`${name} stands twice`);
      values.set(name, quoted ?? bare ?? '');
    }
    at += whole.length;
  }
  return { values, flags, problems };
}

export function isEngine(name: string): name is EngineName {
  return (ENGINE_NAMES as readonly string[]).includes(name);
}

/** A list in one attribute: `with=postgres,duckdb`. */
export function list(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(',').filter((part) => part !== '');
}

/** Comments that mean something in a guide: `<!-- quiz:id -->`, `<!-- deep -->` … */
export const MARKER_KINDS = ['predict', 'quiz', 'widget', 'exercise', 'prompt', 'deep'] as const;
export type MarkerKind = (typeof MARKER_KINDS)[number];

export interface Marker {
  readonly kind: MarkerKind;
  /** Empty for `deep`. */
  readonly id: string;
}

/** The marker that an HTML comment holds; undefined for any other comment or HTML. */
export function parseMarker(html: string): Marker | undefined {
  const match = /^<!--\s*([a-z]+)(?::([^\s]+))?\s*-->$/.exec(html.trim());
  const kind = MARKER_KINDS.find((known) => known === match?.[1]);
  if (match === null || kind === undefined) return undefined;
  if ((kind === 'deep') !== (match[2] === undefined)) return undefined;
  return { kind, id: match[2] ?? '' };
}

/** The letters after `Answer:` in a question's `<details>`. */
export function parseAnswer(text: string): string[] | undefined {
  const match = /^\s*Answer:\s*([A-Z](?:\s*,\s*[A-Z])*)\s*$/m.exec(text);
  return match?.[1]?.split(/\s*,\s*/);
}

/** `A. text` → letter and text; undefined for a list item that is no option. */
export function parseOption(text: string): { letter: string; text: string } | undefined {
  const match = /^([A-Z])\.\s+([\s\S]+)$/.exec(text.trim());
  return match === null ? undefined : { letter: match[1] ?? '', text: match[2] ?? '' };
}
