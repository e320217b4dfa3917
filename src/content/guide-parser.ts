import type { Heading, Html, RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';

import { BlockReader } from '#src/content/block-reader.ts';
import { KEBAB, parseFence, parseMarker, type Marker } from '#src/content/fence.ts';
import type { Block, Exercise, Guide, Prediction, Prompt, Question } from '#src/content/guide.ts';
import { holeOf } from '#src/content/hole.ts';
import { lineOf, slugger, sourceOf } from '#src/content/markdown.ts';
import type { Page } from '#src/content/page.ts';
import { checkPlacement } from '#src/content/placement.ts';
import type { Report } from '#src/content/problem.ts';
import { readPrediction, readQuestion } from '#src/content/questions.ts';
import { readSections } from '#src/content/sections.ts';
import { WIDGETS } from '#src/content/widgets.ts';
import { countWords, isDeep } from '#src/content/words.ts';

const OPENING_WORDS = 120;
const CORE_WORDS = 1500;

/** Reads one guide. Every mistake goes to `report`; what can be read is returned all the same. */
export function parseGuide(id: string, page: Page, report: Report): Guide {
  return new GuideReader(id, page, report).read();
}

/** Where in the guide the walk is. */
interface Position {
  readonly heading: Heading | undefined;
  readonly section: string;
  readonly deep: boolean;
}

class GuideReader {
  readonly #id: string;
  readonly #page: Page;
  readonly #nodes: readonly RootContent[];
  readonly #report: Report;
  readonly #blocks: BlockReader;
  readonly #predictions: Prediction[] = [];
  readonly #questions: Question[] = [];
  readonly #exercises: Exercise[] = [];
  readonly #prompts: Prompt[] = [];
  readonly #widgets: string[] = [];
  readonly #ids = new Map<string, number>();

  constructor(id: string, page: Page, report: Report) {
    this.#id = id;
    this.#page = page;
    this.#nodes = page.tree.children;
    this.#report = report;
    this.#blocks = new BlockReader(id, page.file, report);
  }

  read(): Guide {
    const title = this.#title(this.#nodes[0]);
    const opening = this.#opening();
    const sections = readSections(this.#page, this.#report);
    checkPlacement(this.#page, this.#report);
    this.#walk();
    const blocks = this.#blocks.finish();
    for (const prediction of this.#predictions) this.#checkPrediction(prediction, blocks);
    const words = countWords(this.#page.tree);
    if (words.core > CORE_WORDS)
      this.#report(
        1,
        `the core has ${words.core} words`,
        `Keep it within ${CORE_WORDS}: mark third-level subsections as deep.`,
      );
    return {
      id: this.#id,
      number: this.#id.slice(0, 2),
      title,
      opening,
      sections,
      blocks,
      predictions: this.#predictions,
      questions: this.#questions,
      exercises: this.#exercises,
      prompts: this.#prompts,
      widgets: this.#widgets,
      words,
      place: { file: this.#page.file, line: 1 },
    };
  }

  #title(first: RootContent | undefined): string {
    const text = first?.type === 'heading' && first.depth === 1 ? toString(first) : '';
    const match = /^(\d\d) · (.+)$/.exec(text);
    if (match === null || match[1] !== this.#id.slice(0, 2)) {
      this.#report(
        1,
        'the guide does not begin with its number and title',
        `Begin with "# ${this.#id.slice(0, 2)} · Title".`,
      );
    }
    return match?.[2] ?? this.#id;
  }

  #opening(): string {
    const first = this.#nodes.findIndex((node) => node.type === 'heading' && node.depth === 2);
    const before = this.#nodes.slice(1, first < 0 ? this.#nodes.length : first);
    const quote = before.find((node) => node.type === 'blockquote');
    if (quote === undefined) {
      this.#report(
        2,
        'the guide has no opening question',
        'Put a question from a working day, as a quotation, under the title.',
      );
      return '';
    }
    const words = countWords({ type: 'root', children: before }).all;
    if (words > OPENING_WORDS)
      this.#report(lineOf(quote), `the opening has ${words} words`, `Keep it within ${OPENING_WORDS}.`);
    return toString(quote);
  }

  /** Goes through the top level: what carries a marker is read with what follows it. */
  #walk(): void {
    let at: Position = { heading: undefined, section: '', deep: false };
    let folded = false;
    let under = { title: '', anchor: '' };
    const slug = slugger();
    for (const [i, node] of this.#nodes.entries()) {
      if (node.type === 'heading') {
        under = { title: toString(node), anchor: slug(toString(node)) };
        const section = node.depth === 2 ? toString(node) : at.section;
        const deep = node.depth > 3 ? at.deep : node.depth === 3 && isDeep(this.#nodes[i - 1]);
        at = { heading: node, section, deep };
        this.#checkAsked(node, i, section);
      } else if (node.type === 'code') {
        const before = this.#nodes[i - 1];
        const exercise = before?.type === 'html' && parseMarker(before.value)?.kind === 'exercise';
        this.#blocks.take(node, { deep: at.deep, folded, exercise, under });
      } else if (node.type === 'html') {
        folded = foldedAfter(node, folded);
        const marker = parseMarker(node.value);
        if (marker !== undefined) this.#readMarker(marker, i, at);
      }
    }
  }

  /** A question whose marker was forgotten would be text that nobody grades. */
  #checkAsked(heading: Heading, i: number, section: string): void {
    if (section !== 'Quiz Questions' || heading.depth !== 3) return;
    const next = this.#nodes[i + 1];
    if (next?.type !== 'html' || !/^<!--\s*quiz/.test(next.value))
      this.#report(
        lineOf(heading),
        `the question ${JSON.stringify(toString(heading))} has no marker`,
        'Put <!-- quiz:an-id --> right under its heading.',
      );
  }

  #readMarker({ kind, id }: Marker, i: number, at: Position): void {
    const line = lineOf(this.#nodes[i]);
    if (kind !== 'deep' && !KEBAB.test(id))
      this.#report(line, `${JSON.stringify(id)} is no good id`, 'Use words of a-z and 0-9 joined by hyphens.');
    switch (kind) {
      case 'deep':
        return this.#checkDeep(i);
      case 'widget':
        if (!(WIDGETS as readonly string[]).includes(id))
          this.#report(line, `there is no picture ${JSON.stringify(id)}`, `Known: ${WIDGETS.join(', ')}.`);
        this.#widgets.push(id);
        return;
      case 'predict':
        this.#unique('prediction', id, line);
        this.#predictions.push(readPrediction(id, this.#page, i, this.#report));
        return;
      case 'prompt':
        this.#unique('prompt', id, line);
        this.#prompts.push({ id, text: this.#promptText(i), place: { file: this.#page.file, line } });
        return;
      case 'exercise':
        this.#unique('exercise', id, line);
        return this.#readExercise(id, i);
      case 'quiz':
        this.#unique('question', id, line);
        if (at.section !== 'Quiz Questions')
          this.#report(line, 'the question stands outside the section "Quiz Questions"', 'Move it there.');
        this.#questions.push(readQuestion(id, this.#page, i, at, this.#report));
    }
  }

  #checkDeep(i: number): void {
    const next = this.#nodes[i + 1];
    if (next?.type !== 'heading' || next.depth !== 3)
      this.#report(
        lineOf(this.#nodes[i]),
        'nothing to fold follows <!-- deep -->',
        'Put it right above a third-level heading.',
      );
  }

  #readExercise(id: string, i: number): void {
    const line = lineOf(this.#nodes[i]);
    const next = this.#nodes[i + 1];
    if (next?.type !== 'code')
      this.#report(line, 'no block follows the exercise', 'Put the block with the hole right under its marker.');
    else if (parseFence(next.meta)?.values.get('id') !== id)
      this.#report(line, `the block under the exercise is not ${JSON.stringify(id)}`, `Give it {id=${id} engine=…}.`);
    else if (holeOf(next.value) === undefined)
      this.#report(
        lineOf(next),
        'the exercise has no hole',
        'Put what the learner writes between comments "▼ yours" and "▲".',
      );
    this.#exercises.push({ id, block: id, place: { file: this.#page.file, line } });
  }

  #checkPrediction({ block: id, place: { line } }: Prediction, blocks: readonly Block[]): void {
    const block = blocks.find((one) => one.id === id);
    if (block === undefined)
      this.#report(
        line,
        `the prediction is about ${JSON.stringify(id)}, which is no block of this guide`,
        'Name the block that is run after it.',
      );
    else if (block.place.line < line)
      this.#report(
        line,
        `the prediction stands below its block ${JSON.stringify(id)}`,
        'Ask before the block, not after.',
      );
    else if (block.recording?.folded === false)
      this.#report(
        block.recording.place.line,
        `the output of ${JSON.stringify(id)} is seen before the prediction is made`,
        'Put it into <details><summary>Output</summary> … </details>, with empty lines around the fence.',
      );
  }

  #promptText(i: number): string {
    const rest = this.#nodes.slice(i + 1);
    const end = rest.findIndex((node) => node.type === 'heading' || node.type === 'html' || node.type === 'code');
    const text = sourceOf(this.#page.markdown, end < 0 ? rest : rest.slice(0, end));
    if (text === '')
      this.#report(lineOf(this.#nodes[i]), 'the prompt has no text', 'Write the prompt under its marker.');
    return text;
  }

  #unique(kind: string, id: string, line: number): void {
    const key = `${kind} ${id}`;
    const first = this.#ids.get(key);
    if (first === undefined) this.#ids.set(key, line);
    else
      this.#report(
        line,
        `the ${kind} ${JSON.stringify(id)} stands twice, first in line ${first}`,
        'Ids are never reused: events and cards point at them.',
      );
  }
}

/** An output inside an open `<details>` is folded on a code host. */
function foldedAfter(node: Html, before: boolean): boolean {
  const opens = node.value.lastIndexOf('<details');
  const closes = node.value.lastIndexOf('</details>');
  if (opens < 0 && closes < 0) return before;
  return opens > closes;
}
