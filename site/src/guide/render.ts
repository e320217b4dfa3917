import type { Heading, Html, List, RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';

import type { Content } from '#src/content/content.ts';
import { parseFence, parseMarker } from '#src/content/fence.ts';
import type { Block, Guide, Prediction } from '#src/content/guide.ts';
import { parseMarkdown, slugger } from '#src/content/markdown.ts';
import type { EngineName } from '#src/engines/engine.ts';

import { diagram } from './diagram.ts';
import { exerciseCell } from './exercise.ts';
import { highlight } from './highlight.ts';
import { escape, Links, nodesToHtml } from './html.ts';
import { proofs } from './proofs.ts';

export interface RenderedGuide {
  readonly html: string;
  /** For the page's table of contents. */
  readonly headings: { depth: number; slug: string; text: string }[];
}

const ENGINE_TITLES: Record<EngineName, string> = {
  duckdb: 'DuckDB',
  postgres: 'PostgreSQL',
  python: 'Python',
  lake: 'Python for lakes',
  spark: 'Apache Spark',
  pyspark: 'Python for Spark',
  kafka: 'Kafka’s tools',
  connect: 'Kafka Connect',
  s3: 'S3',
  node: 'TypeScript',
};

/** A guide's page: the same text as its Markdown, its blocks, questions and pictures as elements that come alive. */
export function renderGuide(guide: Guide, markdown: string, content: Content): Promise<RenderedGuide> {
  return new GuidePage(guide, markdown, content).render();
}

class GuidePage {
  readonly #guide: Guide;
  readonly #nodes: readonly RootContent[];
  readonly #links: Links;
  readonly #exercises: Content['exercises'];
  /** Where the concept is proved, at the end of its section. */
  readonly #proofs: string;
  readonly #slug = slugger();
  readonly #headings: RenderedGuide['headings'] = [];
  readonly #out: string[] = [];
  /** Elements that are open, innermost last: what closes them. */
  readonly #open: { until: 2 | 3; close: string }[] = [];

  constructor(guide: Guide, markdown: string, content: Content) {
    this.#guide = guide;
    this.#nodes = parseMarkdown(markdown).children;
    this.#links = new Links(content.glossary);
    this.#exercises = content.exercises;
    this.#proofs = proofs(guide.id, content.labs);
  }

  async render(): Promise<RenderedGuide> {
    for (let i = 0; i < this.#nodes.length;) i = await this.#take(i);
    this.#close(2);
    return { html: this.#out.join('\n') + this.#links.definitions(), headings: this.#headings };
  }

  /** Renders the node at `i` and what belongs to it; gives the index of the next one. */
  async #take(i: number): Promise<number> {
    const node = this.#nodes[i];
    if (node === undefined) return i + 1;
    if (node.type === 'heading') return this.#heading(node, i);
    if (node.type === 'html') return this.#html(node, i);
    if (node.type === 'code') {
      await this.#code(i);
      return i + 1;
    }
    if (node.type === 'blockquote' && i < 3)
      this.#out.push(`<div class="opening">${nodesToHtml(node.children, this.#links)}</div>`);
    else this.#out.push(nodesToHtml([node], this.#links));
    return i + 1;
  }

  #heading(node: Heading, i: number): number {
    const text = toString(node);
    const slug = this.#slug(text);
    if (node.depth === 1) {
      // The title is the page's own; links to its anchor, as a code host makes it, still arrive.
      this.#out.push(`<span id="${slug}"></span>`);
      return i + 1;
    }
    if (node.depth <= 3) this.#close(node.depth as 2 | 3);
    if (node.depth === 2 && text === 'Personal Learning Journal') this.#out.push(this.#proofs);
    this.#headings.push({ depth: node.depth, slug, text });
    const inner = nodesToHtml(node.children, this.#links);
    const before = this.#nodes[i - 1];
    const isDeep = before?.type === 'html' && parseMarker(before.value)?.kind === 'deep';
    this.#out.push(
      `<h${node.depth} id="${slug}">${inner}${isDeep ? ' <span class="badge">deep</span>' : ''}</h${node.depth}>`,
    );
    if (isDeep) this.#fold('More on this, for the second lap', 3);
    if (node.depth === 2 && text === 'External Resources') this.#fold('What to read next', 2);
    if (node.depth === 2 && text === 'Key Takeaways')
      this.#fold(`${numberWord(this.#countTakeaways(i))} lines worth remembering`, 2, 'takeaways');
    return i + 1;
  }

  #countTakeaways(i: number): number {
    const next = this.#nodes[i + 1];
    return next?.type === 'list' ? next.children.length : 0;
  }

  #fold(summary: string, until: 2 | 3, name = ''): void {
    this.#out.push(`<details class="${`fold ${name}`.trim()}"><summary>${summary}</summary>`);
    this.#open.push({ until, close: '</details>' });
  }

  #close(depth: 2 | 3): void {
    while (this.#open.length > 0 && (this.#open.at(-1)?.until ?? 2) >= depth)
      this.#out.push(this.#open.pop()?.close ?? '');
  }

  async #html(node: Html, i: number): Promise<number> {
    const marker = parseMarker(node.value);
    switch (marker?.kind) {
      case 'predict':
        // It is asked by the block that follows.
        return this.#indexAfterList(i);
      case 'widget':
        this.#out.push(
          `<concept-picture data-name="${marker.id}"><p class="only-static">An interactive picture stands here when the page runs in the app.</p></concept-picture>`,
        );
        return i + 1;
      case 'quiz':
        return this.#question(marker.id, i);
      case 'prompt':
        return this.#prompt(marker.id, i);
      case 'deep':
      case 'exercise':
      case undefined:
        // Folds of a code host (<details>) are made anew by the elements here.
        return i + 1;
    }
  }

  #indexAfterList(i: number): number {
    const at = this.#nodes.findIndex((node, j) => j > i && node.type === 'list');
    return at < 0 ? i + 1 : at + 1;
  }

  #prompt(id: string, i: number): number {
    const end = this.#nodes.findIndex(
      (node, j) => j > i && (node.type === 'heading' || node.type === 'html' || node.type === 'code'),
    );
    const body = this.#nodes.slice(i + 1, end < 0 ? this.#nodes.length : end);
    this.#out.push(
      `<journal-prompt data-guide="${this.#guide.id}" data-prompt="${id}"><div class="prompt-text" id="prompt-${id}">${nodesToHtml(body, this.#links)}</div></journal-prompt>`,
    );
    return i + 1 + body.length;
  }

  async #code(i: number): Promise<void> {
    const node = this.#nodes[i];
    if (node?.type !== 'code' || node.lang === 'output') return;
    if (node.lang === 'mermaid') return void this.#out.push(diagram(node.value));
    const id = parseFence(node.meta)?.values.get('id');
    const block = this.#guide.blocks.find((one) => one.id === id);
    if (block === undefined) return void this.#out.push(await highlight(node.value, node.lang ?? 'text'));
    const exercise = this.#exercises.find((one) => block.exercise && one.guide === block.guide && one.id === block.id);
    const about = { engine: engineOf(block), links: this.#links };
    this.#out.push(exercise === undefined ? await this.#cell(block) : await exerciseCell(exercise, block, about));
  }

  /** A block: readable as it is, with its recording; the island adds what needs the app. */
  async #cell(block: Block): Promise<string> {
    const prediction = this.#guide.predictions.find((one) => one.block === block.id);
    const engine = engineOf(block);
    const attributes = [
      `id="block-${block.id}"`,
      `data-guide="${this.#guide.id}"`,
      `data-block="${block.id}"`,
      `data-language="${block.language}"`,
      `data-engine="${escape(engine)}"`,
      `data-runs="${block.norun === undefined}"`,
      `data-predicts="${prediction !== undefined}"`,
    ].join(' ');
    const folded = prediction !== undefined || block.recording?.folded === true;
    return [
      `<run-cell ${attributes}>`,
      prediction === undefined ? '' : this.#predictionForm(prediction),
      `<div class="cell"><div class="cell-head"><span class="cell-engine">${escape(engine)}</span><span class="cell-name">${block.id}</span></div>`,
      `<div class="cell-code">${await highlight(block.code, block.language)}</div>`,
      block.norun === undefined ? staticButtons(block.id) : '',
      '<div class="cell-live"></div>',
      block.norun === undefined ? '' : `<p class="cell-note">Not run here: ${escape(block.norun)}</p>`,
      this.#recording(block, folded),
      '</div></run-cell>',
    ].join('');
  }

  #recording(block: Block, folded: boolean): string {
    if (block.recording === undefined) return '';
    const text = block.recording.text === '' ? 'This block prints nothing.' : escape(block.recording.text);
    return `<details class="cell-recording"${folded ? '' : ' open'}><summary>Recorded output</summary><pre tabindex="0" role="region" aria-label="Recorded output of ${block.id}"><code>${text}</code></pre></details>`;
  }

  #predictionForm({ block, text, options }: Prediction): string {
    const rows = options.map(({ letter, text: option }) => {
      const inner = inline(option, this.#links);
      return `<label class="option"><input type="radio" name="predict-${block}" value="${letter}"><span class="letter">${letter}</span><span>${inner}</span></label>`;
    });
    return `<fieldset class="prediction"><legend>Predict first</legend>${inline(text, this.#links, true)}${rows.join('')}</fieldset>`;
  }

  async #question(id: string, i: number): Promise<number> {
    const question = this.#guide.questions.find((one) => one.id === id);
    if (question === undefined) return i + 1;
    const next = this.#nodes.findIndex(
      (node, j) =>
        j > i &&
        ((node.type === 'heading' && node.depth <= 3) ||
          (node.type === 'html' && parseMarker(node.value)?.kind === 'quiz')),
    );
    const end = next < 0 ? this.#nodes.length : next;
    const several = question.answer.length > 1;
    const options = question.options.map(({ letter, text }) => {
      const control = `<input type="${several ? 'checkbox' : 'radio'}" name="quiz-${id}" value="${letter}">`;
      const why = question.explanations[letter];
      const explanation = why === undefined ? '' : `<span class="why" hidden>${inline(why, this.#links)}</span>`;
      return `<div class="option-row" data-letter="${letter}"><label class="option">${control}<span class="letter">${letter}</span><span>${inline(text, this.#links)}</span></label>${explanation}</div>`;
    });
    this.#out.push(
      `<quiz-question data-guide="${this.#guide.id}" data-question="${id}" data-answer="${question.answer.join(',')}"><form><fieldset><legend class="sr-only">${escape(question.title)}</legend>${inline(question.text, this.#links, true)}${options.join('')}</fieldset><div class="quiz-bar"></div></form>`,
    );
    // In the app the letters are shown in another order, and each explanation stands at its option.
    this.#out.push(
      `<details class="answer"><summary>Answer</summary><p class="answer-letters">Answer: ${question.answer.join(', ')}</p>`,
    );
    for (let j = i + 1; j < end; j++) {
      const node = this.#nodes[j];
      if (node?.type === 'code') await this.#code(j);
      else if (node !== undefined && isAfterDetails(this.#nodes, i, j) && !isAnswerLine(node))
        this.#out.push(node.type === 'html' ? '' : this.#answerPart(node));
    }
    this.#out.push('</details></quiz-question>');
    return end;
  }

  #answerPart(node: RootContent): string {
    const html = nodesToHtml([node], this.#links);
    return isExplanations(node) ? `<div class="answer-why">${html}</div>` : html;
  }
}

function engineOf(block: Block): string {
  const engines = block.engine === undefined ? [] : [block.engine, ...block.with];
  return engines.map((name) => ENGINE_TITLES[name]).join(' with ');
}

/** What a block offers before its code is loaded; see `RunStub`. */
function staticButtons(id: string): string {
  const button = (action: string, look: string, name: string): string =>
    `<button type="button" class="${look}" data-action="${action}" aria-label="${name} block ${id}">${name}</button>`;
  return `<div class="cell-bar cell-buttons">${button('run', 'primary', 'Run')}${button('edit', 'quiet', 'Edit')}</div>`;
}

/** Markdown of an option or a sentence; without its paragraph, unless `blocks` is set. */
function inline(markdown: string, links: Links, blocks = false): string {
  const { children } = parseMarkdown(markdown);
  const [only] = children;
  // Rendered one by one, its parts would stand on lines of their own, and a full stop apart from its word.
  if (!blocks && children.length === 1 && only?.type === 'paragraph')
    return nodesToHtml([only], links).replace(/^<p>|<\/p>$/g, '');
  return nodesToHtml(children, links);
}

function isAfterDetails(nodes: readonly RootContent[], from: number, at: number): boolean {
  return nodes.slice(from, at).some((node) => node.type === 'html' && node.value.includes('<details'));
}

/** The list "- A: why A is wrong". */
function isExplanations(node: RootContent): boolean {
  return node.type === 'list' && node.children.every((item) => /^[A-Z]:\s/.test(toString(item)));
}

function isAnswerLine(node: RootContent | List): boolean {
  return node.type === 'paragraph' && /^Answer: [A-Z]/.test(toString(node));
}

function numberWord(n: number): string {
  return ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine'][n] ?? String(n);
}
