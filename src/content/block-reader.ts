import type { Code } from 'mdast';

import {
  BLOCK_ATTRIBUTES,
  BLOCK_FLAGS,
  isEngine,
  KEBAB,
  list,
  OUTPUT_ATTRIBUTES,
  parseFence,
  type FenceAttributes,
} from '#src/content/fence.ts';
import type { Block, Heading, Recording } from '#src/content/guide.ts';
import { lineOf } from '#src/content/markdown.ts';
import { RULE_NAMES } from '#src/content/normalise.ts';
import type { Report } from '#src/content/problem.ts';
import { parseScene } from '#src/content/scene.ts';
import { ENGINE_NAMES, type EngineName } from '#src/engines/engine.ts';

const LANGUAGES = ['sql', 'python', 'scene', 'bash', 'json', 'typescript', 'java', 'yaml', 'javascript', 'text'];
/** What each engine understands; one that is only used by others has none. */
const LANGUAGE_OF: Readonly<Record<EngineName, string | undefined>> = {
  duckdb: 'sql',
  postgres: 'sql',
  python: 'python',
  lake: 'python',
  kafka: 'bash',
  connect: undefined,
  s3: undefined,
  node: 'typescript',
  spark: 'sql',
  pyspark: 'python',
};
const DATA = ['shop'];

/** What a fence's surroundings say of it. */
export interface Surroundings {
  readonly deep: boolean;
  readonly under: Heading;
  /** Inside an open `<details>`. */
  readonly folded: boolean;
  /** Right under the marker of an exercise. */
  readonly exercise: boolean;
}

/** Reads the fences of one guide: blocks that run, and the outputs recorded for them. */
export class BlockReader {
  readonly #guide: string;
  readonly #file: string;
  readonly #report: Report;
  readonly #blocks = new Map<string, Block>();

  constructor(guide: string, file: string, report: Report) {
    this.#guide = guide;
    this.#file = file;
    this.#report = report;
  }

  take(node: Code, surroundings: Surroundings): void {
    const line = lineOf(node);
    const fence = parseFence(node.meta);
    if (node.lang === 'mermaid') return;
    if (node.lang === null || node.lang === undefined)
      return this.#report(
        line,
        'the code names no language',
        'Put it into a fence that does, for example ```sql or ```text.',
      );
    if (node.lang.includes('{'))
      return this.#report(
        line,
        `can't read the language ${JSON.stringify(node.lang)}`,
        'Write a space before the opening brace.',
      );
    if (fence === undefined) return this.#withoutAttributes(node.lang, line);
    for (const problem of fence.problems)
      this.#report(line, problem, 'Attributes look like {id=some-id engine=duckdb norun="why"}.');
    if (node.lang === 'output') this.#takeOutput(node, fence, line, surroundings.folded);
    else this.#takeBlock(node, fence, line, surroundings);
  }

  /** All blocks in their order; what can be told only at the end is checked here. */
  finish(): Block[] {
    const blocks = [...this.#blocks.values()];
    for (const block of blocks) {
      const { id, place } = block;
      if (block.recording === undefined && mustRecord(block) && KEBAB.test(id))
        this.#report(
          place.line,
          `the block ${JSON.stringify(id)} has no recorded output`,
          `Add \`\`\`output {of=${id}} under it; ./dej verify content --record fills it.`,
        );
      if (block.recording !== undefined && (block.norun !== undefined || block.exercise))
        this.#report(
          block.recording.place.line,
          `the block ${JSON.stringify(id)} is not run, so nothing can have made this output`,
          'Take the output away, or let the block run.',
        );
    }
    this.#checkSessions(blocks);
    return blocks;
  }

  #withoutAttributes(language: string, line: number): void {
    if (language === 'output')
      this.#report(line, 'the output does not say of which block it is', 'Write {of=block-id}.');
    else if (language === 'sql' || language === 'python' || language === 'scene')
      this.#report(
        line,
        `a ${language} block neither runs nor says why not`,
        'Give it {id=… engine=…}, or {id=… norun="why"}.',
      );
  }

  #checkSessions(blocks: readonly Block[]): void {
    for (const block of blocks) {
      const first = blocks.find(({ session }) => session !== undefined && session === block.session);
      if (first === undefined || block.norun !== undefined) continue;
      if (
        first.engine !== block.engine ||
        first.data !== block.data ||
        first.scene !== block.scene ||
        first.own !== block.own
      )
        this.#report(
          block.place.line,
          `the session ${JSON.stringify(block.session)} began in line ${first.place.line} with another engine or other data, or one of the two is a scene`,
          'Blocks of a session share their state: give them the same engine and data.',
        );
    }
  }

  #takeBlock(node: Code, fence: FenceAttributes, line: number, { deep, exercise, under }: Surroundings): void {
    this.#known(fence, BLOCK_ATTRIBUTES, BLOCK_FLAGS, line);
    const value = (name: string): string | undefined => fence.values.get(name);
    const id = value('id') ?? '';
    const scene = node.lang === 'scene';
    // A scene's actors may play on several engines, none of which is the first.
    const [engine, ...others] = scene && value('engine') === undefined ? list(value('engines')) : [value('engine')];
    const beside = [...others, ...list(value('with'))];
    const block: Block = {
      guide: this.#guide,
      id,
      language: node.lang ?? '',
      engine: engine !== undefined && isEngine(engine) ? engine : undefined,
      with: beside.filter((name) => name !== undefined).filter(isEngine),
      scene,
      data: value('data'),
      own: fence.flags.has('own'),
      session: value('session'),
      deep: deep || fence.flags.has('deep'),
      under,
      exercise,
      normalise: this.#rules(value('normalise'), line),
      needs: value('needs'),
      norun: value('norun'),
      code: node.value,
      recording: undefined,
      place: { file: this.#file, line },
    };
    this.#checkId(id, line);
    this.#checkEngines(block, [engine, ...beside]);
    if (!scene && value('engines') !== undefined)
      this.#report(line, 'only a scene has engines=', 'Write engine=…, and with=… for those it uses beside it.');
    this.#checkValues(block);
    if (scene && block.engine !== undefined) this.#checkScene(block);
    this.#blocks.set(id, block);
  }

  #checkId(id: string, line: number): void {
    if (!KEBAB.test(id))
      return this.#report(
        line,
        id === '' ? 'the block has no id' : `${JSON.stringify(id)} is no good id`,
        'Give it {id=…} of words of a-z and 0-9 joined by hyphens.',
      );
    const first = this.#blocks.get(id);
    if (first !== undefined)
      this.#report(
        line,
        `the block id ${JSON.stringify(id)} stands twice, first in line ${first.place.line}`,
        'Ids are never reused: events and cards point at them.',
      );
  }

  #checkEngines(block: Block, names: readonly (string | undefined)[]): void {
    const { line } = block.place;
    for (const name of names) {
      if (name !== undefined && !isEngine(name))
        this.#report(line, `there is no engine ${JSON.stringify(name)}`, `Engines: ${ENGINE_NAMES.join(', ')}.`);
    }
    if (names[0] === undefined && block.norun === undefined)
      this.#report(line, 'the block names no engine', 'Say where it runs, engine=…, or why it can’t, norun="why".');
    const owned = ['postgres', 'connect', ...(block.scene ? ['kafka'] : [])];
    if (block.own && ![block.engine, ...block.with].some((name) => owned.includes(name ?? '')))
      this.#report(
        line,
        'own is a server of PostgreSQL, and the block uses none',
        'Leave it out, or add with=postgres.',
      );
    const { engine, language } = block;
    if (engine === undefined || block.scene || language === LANGUAGE_OF[engine]) return;
    const own = LANGUAGE_OF[engine];
    const remedy =
      own === undefined ? `Other blocks use it: write engine=python with=${engine}.` : `Its language is ${own}.`;
    this.#report(line, `${engine} does not run ${language}`, remedy);
  }

  #checkScene({ code, engine, with: others, own, place: { line } }: Block): void {
    const { problems } = parseScene(code, [engine ?? '', ...others], own);
    for (const { line: within, message, remedy } of problems) this.#report(line + within, message, remedy);
  }

  #checkValues({ language, data, session, needs, norun, place: { line } }: Block): void {
    if (!LANGUAGES.includes(language))
      this.#report(line, `${JSON.stringify(language)} is no language of a block`, `Known: ${LANGUAGES.join(', ')}.`);
    if (data !== undefined && !DATA.includes(data))
      this.#report(line, `there is no data ${JSON.stringify(data)}`, `Known: ${DATA.join(', ')}.`);
    if (session !== undefined && !KEBAB.test(session))
      this.#report(
        line,
        `${JSON.stringify(session)} is no good name of a session`,
        'Use words of a-z and 0-9 joined by hyphens.',
      );
    if (needs !== undefined && !/^[A-Z][A-Z0-9_]*$/.test(needs))
      this.#report(
        line,
        `needs=${needs} is no variable of the environment`,
        'Name the one that holds the address, like MONGODB_URL.',
      );
    if (norun?.trim() === '')
      this.#report(line, 'norun gives no reason', 'Say in a few words why the block can’t run here.');
    if (norun !== undefined && session !== undefined)
      this.#report(line, 'a block that is not run can’t be part of a session', 'Take session= away.');
  }

  #takeOutput(node: Code, fence: FenceAttributes, line: number, folded: boolean): void {
    this.#known(fence, OUTPUT_ATTRIBUTES, [], line);
    const of = fence.values.get('of') ?? '';
    const block = this.#blocks.get(of);
    if (block === undefined)
      return this.#report(
        line,
        `the output is of ${JSON.stringify(of)}, and no such block stands above it`,
        'Name the block by its id.',
      );
    if (block.recording !== undefined)
      return this.#report(line, `the block ${JSON.stringify(of)} has two outputs`, 'Keep one.');
    const recording: Recording = {
      text: node.value,
      normalise: this.#rules(fence.values.get('normalise'), line),
      folded,
      place: { file: this.#file, line },
    };
    this.#blocks.set(of, { ...block, recording });
  }

  #rules(text: string | undefined, line: number): string[] {
    const names = list(text);
    for (const name of names) {
      if (!(RULE_NAMES as string[]).includes(name))
        this.#report(line, `there is no rule ${JSON.stringify(name)}`, `Rules: ${RULE_NAMES.join(', ')}.`);
    }
    return names;
  }

  #known(fence: FenceAttributes, attributes: readonly string[], flags: readonly string[], line: number): void {
    for (const name of fence.values.keys()) {
      if (!attributes.includes(name))
        this.#report(
          line,
          `unknown attribute ${JSON.stringify(name)}`,
          `Known: ${[...attributes, ...flags].join(', ')}.`,
        );
    }
    for (const flag of fence.flags) {
      if (!flags.includes(flag))
        this.#report(
          line,
          `unknown attribute ${JSON.stringify(flag)}`,
          `Known: ${[...attributes, ...flags].join(', ')}.`,
        );
    }
  }
}

/** Not what isn't run here, waits for the learner's code, or needs a server that its author may not have had. */
function mustRecord({ norun, exercise, needs }: Block): boolean {
  return norun === undefined && !exercise && needs === undefined;
}
