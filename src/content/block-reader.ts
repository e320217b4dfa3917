import type { Code } from 'mdast';

import {
  BLOCK_ATTRIBUTES,
  BLOCK_FLAGS,
  isEngine,
  list,
  OUTPUT_ATTRIBUTES,
  parseFence,
  type FenceAttributes,
} from '#src/content/fence.ts';
import type { Block, Recording } from '#src/content/guide.ts';
import { RULE_NAMES } from '#src/content/normalise.ts';
import type { Report } from '#src/content/problem.ts';
import { ENGINE_NAMES } from '#src/engines/engine.ts';

const KEBAB = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const LANGUAGES = ['sql', 'python', 'scene', 'bash', 'json', 'typescript', 'java', 'yaml', 'javascript', 'text'];
const DATA = ['shop'];

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

  take(node: Code, context: { deep: boolean; folded: boolean }): void {
    const line = node.position?.start.line ?? 1;
    const fence = parseFence(node.meta);
    if (node.lang === 'mermaid') return;
    if (node.lang === null || node.lang === undefined) {
      this.#report(line, 'the fence names no language', 'Write it after the opening marks, for example ```sql.');
      return;
    }
    if (fence === undefined) {
      if (node.lang === 'output')
        this.#report(line, 'the output does not say of which block it is', 'Write {of=block-id}.');
      else if (node.lang === 'sql' || node.lang === 'python' || node.lang === 'scene') {
        this.#report(
          line,
          `a ${node.lang} block neither runs nor says why not`,
          'Give it {id=… engine=…}, or {id=… norun="why"}.',
        );
      }
      return;
    }
    for (const problem of fence.problems)
      this.#report(line, problem, 'Attributes look like {id=some-id engine=duckdb norun="why"}.');
    if (node.lang === 'output') this.#takeOutput(node, fence, line, context.folded);
    else this.#takeBlock(node, fence, line, context.deep);
  }

  /** All blocks in their order; what can be told only at the end is checked here. */
  finish(): Block[] {
    for (const block of this.#blocks.values()) {
      const { line } = block.place;
      if (block.recording === undefined && block.norun === undefined) {
        this.#report(
          line,
          `the block ${JSON.stringify(block.id)} has no recorded output`,
          `Add \`\`\`output {of=${block.id}} under it; ./dej verify content --record fills it.`,
        );
      }
    }
    return [...this.#blocks.values()];
  }

  #takeBlock(node: Code, fence: FenceAttributes, line: number, deep: boolean): void {
    this.#known(fence, BLOCK_ATTRIBUTES, BLOCK_FLAGS, line);
    const language = node.lang ?? '';
    if (!LANGUAGES.includes(language))
      this.#report(line, `${JSON.stringify(language)} is no language of a block`, `Known: ${LANGUAGES.join(', ')}.`);
    const value = (name: string): string | undefined => fence.values.get(name);
    const id = value('id') ?? '';
    if (!KEBAB.test(id))
      this.#report(
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
    const engine = value('engine');
    const norun = value('norun');
    const scene = language === 'scene';
    const others = [...list(value('with')), ...list(value('engines'))];
    for (const name of engine === undefined ? others : [engine, ...others]) {
      if (!isEngine(name))
        this.#report(line, `there is no engine ${JSON.stringify(name)}`, `Engines: ${ENGINE_NAMES.join(', ')}.`);
    }
    if (engine === undefined && norun === undefined && !(scene && value('engines') !== undefined)) {
      this.#report(line, 'the block names no engine', 'Say where it runs, engine=…, or why it can’t, norun="why".');
    }
    const data = value('data');
    if (data !== undefined && !DATA.includes(data))
      this.#report(line, `there is no data ${JSON.stringify(data)}`, `Known: ${DATA.join(', ')}.`);
    this.#blocks.set(id, {
      guide: this.#guide,
      id,
      language,
      engine: engine !== undefined && isEngine(engine) ? engine : undefined,
      with: list(value('with')).filter(isEngine),
      scene,
      engines: list(value('engines')),
      data,
      session: value('session'),
      deep: deep || fence.flags.has('deep'),
      normalise: this.#rules(value('normalise'), line),
      needs: value('needs'),
      norun,
      code: node.value,
      recording: undefined,
      place: { file: this.#file, line },
    });
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
