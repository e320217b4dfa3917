import type { EngineName, Harm } from '#src/engines/engine.ts';

/** A line of a scene: an actor does something, or something is done to one. */
export type SceneStep =
  | { readonly kind: 'act'; readonly actor: string; readonly text: string; readonly line: number }
  | { readonly kind: 'order'; readonly verb: string; readonly actor: string; readonly line: number };

export interface SceneProblem {
  /** From 1, in the scene's own code. */
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
}

/** Who may play in a scene, by the form of the name, and on which engine. */
export interface ActorKind {
  readonly names: RegExp;
  readonly engine: EngineName;
  /** How a name of this kind looks, in words. */
  readonly words: string;
  /** What may be done to one: `kill A`. */
  readonly verbs: readonly string[];
  /** It is no actor but the server itself, which must be the block's own. */
  readonly isServer?: true;
}

/** What may be done to a server, as a scene says it. */
export const SERVER_VERBS: Readonly<Record<string, Harm>> = {
  ...{ crash: 'kill', restart: 'restart', pause: 'pause', resume: 'resume' },
};

export const ACTOR_KINDS: readonly ActorKind[] = [
  { names: /^[A-Z]$/, engine: 'postgres', words: 'A, B … are sessions on PostgreSQL', verbs: ['kill'] },
  {
    names: /^(consumer|producer)(-[a-z0-9]+)?$/,
    engine: 'kafka',
    words: 'consumer, consumer-2, producer … are clients of Kafka, each a process',
    verbs: ['kill', 'pause', 'resume'],
  },
  { names: /^tools$/, engine: 'kafka', words: 'tools runs Kafka’s own tools', verbs: [] },
  ...(['postgres', 'kafka'] as const).map((engine): ActorKind => {
    const names = new RegExp(`^${engine}$`);
    return { names, engine, words: `${engine} is the server itself`, verbs: Object.keys(SERVER_VERBS), isServer: true };
  }),
];

/** What may be done with any actor: `wait B` waits for the end of what B does. */
export const COMMON_VERBS = ['wait'] as const;

export function kindOf(actor: string, engines: readonly string[]): ActorKind | undefined {
  return ACTOR_KINDS.find(({ names, engine }) => names.test(actor) && engines.includes(engine));
}

/**
 * Reads `A: BEGIN`, `kill A` and the like. A line that begins with a space goes on from the one above it; empty lines and
 * those that begin with # mean nothing.
 */
export function parseScene(
  code: string,
  engines: readonly string[],
  /** The servers are the block's own. */
  own: boolean,
): { steps: SceneStep[]; problems: SceneProblem[] } {
  const steps: SceneStep[] = [];
  const problems: SceneProblem[] = [];
  for (const [i, raw] of code.split('\n').entries()) {
    const line = i + 1;
    if (raw.trim() === '' || raw.startsWith('#')) continue;
    const last = steps.at(-1);
    if (/^\s/.test(raw) && last?.kind === 'act') {
      steps[steps.length - 1] = { ...last, text: `${last.text}\n${raw.trimEnd()}` };
      continue;
    }
    const [, actor, text] = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(raw) ?? [];
    const [, verb, whom] = /^([a-z]+) ([A-Za-z][A-Za-z0-9-]*)\s*$/.exec(raw) ?? [];
    const kind = kindOf(actor ?? whom ?? '', engines);
    const verbs = kind?.isServer === true ? kind.verbs : [...COMMON_VERBS, ...(kind?.verbs ?? [])];
    if (actor === undefined && verb === undefined)
      problems.push({ line, message: `can't read ${JSON.stringify(raw)}`, remedy: 'Write `A: SELECT 1` or `kill A`.' });
    else if (kind === undefined)
      problems.push({ line, message: `nobody in this scene is called ${actor ?? whom}`, remedy: remedy(engines) });
    else if (verb !== undefined && !verbs.includes(verb))
      problems.push({ line, message: `can't ${verb} ${whom}`, remedy: `Known: ${verbs.join(', ')}.` });
    else if (kind.isServer === true && actor !== undefined)
      problems.push({ line, message: `${actor} is no actor`, remedy: `Say what is done to it: crash ${actor}.` });
    else if (kind.isServer === true && !own)
      problems.push({ line, message: `others use this ${whom} too`, remedy: 'Give the block its own: write own.' });
    else if (actor !== undefined) steps.push({ kind: 'act', actor, text: (text ?? '').trimEnd(), line });
    else steps.push({ kind: 'order', verb: verb ?? '', actor: whom ?? '', line });
  }
  return { steps, problems };
}

function remedy(engines: readonly string[]): string {
  const words = ACTOR_KINDS.filter(({ engine }) => engines.includes(engine)).map((kind) => kind.words);
  return words.length === 0
    ? `Name an engine that scenes play on: engine=${ACTOR_KINDS[0]?.engine}.`
    : `${words.join('; ')}.`;
}
