import type { Heading, Html, List, Root, RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';

import { BlockReader } from '#src/content/block-reader.ts';
import { parseAnswer, parseMarker, parseOption, type Marker } from '#src/content/fence.ts';
import {
  SECTIONS,
  type Exercise,
  type Guide,
  type Option,
  type Prediction,
  type Prompt,
  type Question,
  type Section,
  type SectionTitle,
} from '#src/content/guide.ts';
import { parseMarkdown, slugger, sourceOf } from '#src/content/markdown.ts';
import type { Report } from '#src/content/problem.ts';
import { WIDGETS } from '#src/content/widgets.ts';
import { countWords } from '#src/content/words.ts';

const KEBAB = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const OPENING_WORDS = 120;
const CORE_WORDS = 1500;

/** Reads one guide. Every mistake goes to `report`; what can be read is returned all the same. */
export function parseGuide(id: string, file: string, markdown: string, report: Report): Guide {
  return new GuideReader(id, file, markdown, report).read();
}

class GuideReader {
  readonly #id: string;
  readonly #file: string;
  readonly #markdown: string;
  readonly #report: Report;
  readonly #tree: Root;
  readonly #blocks: BlockReader;
  readonly #sections: Section[] = [];
  readonly #predictions: Prediction[] = [];
  readonly #questions: Question[] = [];
  readonly #exercises: Exercise[] = [];
  readonly #prompts: Prompt[] = [];
  readonly #widgets: string[] = [];
  readonly #ids = new Map<string, number>();

  constructor(id: string, file: string, markdown: string, report: Report) {
    this.#id = id;
    this.#file = file;
    this.#markdown = markdown;
    this.#report = report;
    this.#tree = parseMarkdown(markdown);
    this.#blocks = new BlockReader(id, file, report);
  }

  read(): Guide {
    const nodes = this.#tree.children;
    const title = this.#title(nodes[0]);
    const opening = this.#opening(nodes);
    this.#readSections(nodes);
    this.#readNodes(nodes);
    const blocks = this.#blocks.finish();
    const ids = new Set(blocks.map((block) => block.id));
    for (const { block, place } of this.#predictions) {
      if (!ids.has(block))
        this.#report(
          place.line,
          `the prediction is about ${JSON.stringify(block)}, which is no block of this guide`,
          'Name the block that is run after it.',
        );
    }
    const words = countWords(this.#tree);
    if (words.core > CORE_WORDS)
      this.#report(
        1,
        `the core has ${words.core} words`,
        `Keep it within ${CORE_WORDS}: mark subsections or blocks as deep.`,
      );
    return {
      id: this.#id,
      number: this.#id.slice(0, 2),
      title,
      opening,
      sections: this.#sections,
      blocks,
      predictions: this.#predictions,
      questions: this.#questions,
      exercises: this.#exercises,
      prompts: this.#prompts,
      widgets: this.#widgets,
      words,
      place: { file: this.#file, line: 1 },
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

  #opening(nodes: readonly RootContent[]): string {
    const before = nodes.slice(
      1,
      nodes.findIndex((node) => node.type === 'heading' && node.depth === 2),
    );
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

  #readSections(nodes: readonly RootContent[]): void {
    const slug = slugger();
    const headings = nodes.filter((node): node is Heading => node.type === 'heading');
    for (const heading of headings) {
      const title = toString(heading);
      const anchor = slug(title);
      if (heading.depth !== 2) continue;
      const known = SECTIONS.find((section) => section === title);
      if (known === undefined) {
        this.#report(
          lineOf(heading),
          `${JSON.stringify(title)} is no section of a guide`,
          `Sections are: ${SECTIONS.join(' · ')}.`,
        );
        continue;
      }
      this.#sections.push({ title: known, anchor, place: { file: this.#file, line: lineOf(heading) } });
    }
    const found = this.#sections.map(({ title }) => title);
    for (const title of SECTIONS) {
      if (!found.includes(title))
        this.#report(1, `the section "${title}" is missing`, `Add "## ${title}" at its place among the eleven.`);
      if (found.indexOf(title) !== found.lastIndexOf(title))
        this.#report(this.#sectionLine(title, true), `the section "${title}" stands twice`, 'Keep one.');
    }
    const wanted = SECTIONS.filter((title) => found.includes(title));
    const order = found.filter((title, i) => found.indexOf(title) === i);
    const misplaced = order.find((title, i) => title !== wanted[i]);
    if (misplaced !== undefined)
      this.#report(
        this.#sectionLine(misplaced),
        `the section "${misplaced}" is not at its place`,
        `The order is: ${SECTIONS.join(' · ')}.`,
      );
  }

  #sectionLine(title: SectionTitle, last = false): number {
    const matches = this.#sections.filter((section) => section.title === title);
    return (last ? matches.at(-1) : matches[0])?.place.line ?? 1;
  }

  /** Walks the top level: what carries a marker is read with what follows it. */
  #readNodes(nodes: readonly RootContent[]): void {
    let deep = false;
    let heading: Heading | undefined;
    let folded = false;
    for (const [i, node] of nodes.entries()) {
      if (node.type === 'heading') {
        heading = node;
        if (node.depth <= 3) deep = false;
        const before = nodes[i - 1];
        if (node.depth === 3 && before?.type === 'html' && parseMarker(before.value)?.kind === 'deep') deep = true;
      } else if (node.type === 'code') {
        this.#blocks.take(node, { deep, folded });
      } else if (node.type === 'html') {
        folded = foldedAfter(node, folded);
        const marker = parseMarker(node.value);
        if (marker !== undefined) this.#readMarker(marker, nodes, i, { heading, deep });
        else if (/^<!--\s*(predict|quiz|widget|exercise|prompt)\b/.test(node.value)) {
          this.#report(lineOf(node), `can't read the marker ${node.value}`, 'Markers look like <!-- quiz:an-id -->.');
        }
      }
    }
  }

  #readMarker(
    marker: Marker,
    nodes: readonly RootContent[],
    i: number,
    at: { heading: Heading | undefined; deep: boolean },
  ): void {
    const node = nodes[i] as Html;
    const line = lineOf(node);
    if (marker.kind === 'deep') {
      const next = nodes[i + 1];
      if (next?.type !== 'heading' || next.depth !== 3)
        this.#report(line, 'nothing to fold follows <!-- deep -->', 'Put it right above a third-level heading.');
      return;
    }
    if (!KEBAB.test(marker.id))
      this.#report(line, `${JSON.stringify(marker.id)} is no good id`, 'Use words of a-z and 0-9 joined by hyphens.');
    switch (marker.kind) {
      case 'widget':
        if (!(WIDGETS as readonly string[]).includes(marker.id))
          this.#report(line, `there is no picture ${JSON.stringify(marker.id)}`, `Known: ${WIDGETS.join(', ')}.`);
        this.#widgets.push(marker.id);
        return;
      case 'predict':
        return this.#readPrediction(marker.id, nodes, i);
      case 'prompt':
        this.#unique('prompt', marker.id, line);
        this.#prompts.push({ id: marker.id, text: this.#textUntilMarker(nodes, i), place: { file: this.#file, line } });
        return;
      case 'exercise': {
        this.#unique('exercise', marker.id, line);
        const next = nodes[i + 1];
        if (next?.type !== 'code')
          this.#report(line, 'no block follows the exercise', 'Put the block with the hole right under its marker.');
        this.#exercises.push({ id: marker.id, block: marker.id, place: { file: this.#file, line } });
        return;
      }
      case 'quiz':
        return this.#readQuestion(marker.id, nodes, i, at);
    }
  }

  #readPrediction(block: string, nodes: readonly RootContent[], i: number): void {
    const line = lineOf(nodes[i]);
    this.#unique('prediction', block, line);
    const rest = nodes.slice(i + 1, i + 6);
    const at = rest.findIndex((node) => node.type === 'list');
    const options = at < 0 ? [] : this.#options(rest[at] as List);
    if (options.length < 2)
      this.#report(line, 'the prediction has no options', 'Give at least two, as a list "- A. …".');
    this.#predictions.push({
      block,
      text: this.#source(rest.slice(0, Math.max(0, at))),
      options,
      place: { file: this.#file, line },
    });
  }

  #readQuestion(
    id: string,
    nodes: readonly RootContent[],
    i: number,
    at: { heading: Heading | undefined; deep: boolean },
  ): void {
    const line = lineOf(nodes[i]);
    this.#unique('question', id, line);
    if (nodes[i - 1] !== at.heading || at.heading?.depth !== 3)
      this.#report(line, 'the question has no title', 'Put a third-level heading right above its marker.');
    const end = nodes.findIndex(
      (node, j) =>
        j > i &&
        ((node.type === 'heading' && node.depth <= 3) ||
          (node.type === 'html' && parseMarker(node.value)?.kind === 'quiz')),
    );
    const body = nodes.slice(i + 1, end < 0 ? nodes.length : end);
    const listAt = body.findIndex((node) => node.type === 'list');
    const detailsAt = body.findIndex((node) => node.type === 'html' && node.value.includes('<details'));
    const options = listAt < 0 ? [] : this.#options(body[listAt] as List);
    const inside = detailsAt < 0 ? [] : body.slice(detailsAt);
    const answerText = inside
      .map((node) => (node.type === 'html' ? node.value.replace(/<[^>]*>/g, '\n') : this.#source([node])))
      .join('\n\n');
    const answer = parseAnswer(answerText) ?? [];
    const explanations = this.#explanations(inside);
    this.#checkQuestion(line, options, answer, explanations);
    const block = inside.find((node) => node.type === 'code' && node.lang !== 'output');
    this.#questions.push({
      id,
      title: at.heading === undefined ? '' : toString(at.heading),
      text: this.#source(body.slice(0, Math.max(0, listAt))),
      options,
      answer,
      explanations,
      block: block?.type === 'code' ? /\bid=([a-z0-9-]+)/.exec(block.meta ?? '')?.[1] : undefined,
      deep: at.deep,
      place: { file: this.#file, line },
    });
  }

  #checkQuestion(
    line: number,
    options: readonly Option[],
    answer: readonly string[],
    explanations: Readonly<Record<string, string>>,
  ): void {
    if (options.length < 2) this.#report(line, 'the question has no options', 'Give at least two, as a list "- A. …".');
    if (answer.length === 0) this.#report(line, 'the question has no answer', 'Begin its <details> with "Answer: B".');
    const letters = options.map(({ letter }) => letter);
    for (const letter of answer)
      if (!letters.includes(letter))
        this.#report(line, `the answer ${letter} is no option`, `Options are ${letters.join(', ')}.`);
    for (const letter of letters) {
      if (!answer.includes(letter) && explanations[letter] === undefined) {
        this.#report(line, `nothing says why ${letter} is wrong`, `Add "- ${letter}: …" under the answer.`);
      }
    }
  }

  #options(list: List): Option[] {
    const options: Option[] = [];
    for (const item of list.children) {
      const option = parseOption(this.#source(item.children));
      if (option === undefined) this.#report(lineOf(item), 'this is no option', 'Write options as "- A. text".');
      else if (options.some(({ letter }) => letter === option.letter))
        this.#report(lineOf(item), `the option ${option.letter} stands twice`, 'Give each its own letter.');
      else options.push(option);
    }
    return options;
  }

  #explanations(nodes: readonly RootContent[]): Record<string, string> {
    const found: Record<string, string> = {};
    for (const node of nodes) {
      if (node.type !== 'list') continue;
      for (const item of node.children) {
        const match = /^([A-Z]):\s+([\s\S]+)$/.exec(this.#source(item.children).trim());
        if (match?.[1] !== undefined && match[2] !== undefined) found[match[1]] = match[2];
      }
    }
    return found;
  }

  #textUntilMarker(nodes: readonly RootContent[], i: number): string {
    const rest = nodes.slice(i + 1);
    const end = rest.findIndex((node) => node.type === 'heading' || node.type === 'html' || node.type === 'code');
    const text = this.#source(end < 0 ? rest : rest.slice(0, end));
    if (text === '') this.#report(lineOf(nodes[i]), 'the prompt has no text', 'Write the prompt under its marker.');
    return text;
  }

  #source(nodes: readonly RootContent[] | List['children'][number]['children']): string {
    return sourceOf(this.#markdown, nodes);
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

function lineOf(node: { position?: { start: { line: number } } | undefined } | undefined): number {
  return node?.position?.start.line ?? 1;
}
