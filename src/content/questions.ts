import type { Heading, Html, List, RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';

import { parseAnswer, parseFence, parseMarker, parseOption } from '#src/content/fence.ts';
import type { Option, Prediction, Question } from '#src/content/guide.ts';
import { lineOf, sourceOf } from '#src/content/markdown.ts';
import type { Page } from '#src/content/page.ts';
import type { Report } from '#src/content/problem.ts';

/** The question below the quiz marker at `nodes[i]`, up to the next one or the next heading. */
export function readQuestion(
  id: string,
  page: Page,
  i: number,
  at: { heading: Heading | undefined; deep: boolean },
  report: Report,
): Question {
  const nodes = page.tree.children;
  const line = lineOf(nodes[i]);
  if (nodes[i - 1] !== at.heading || at.heading?.depth !== 3)
    report(line, 'the question has no title', 'Put a third-level heading right above its marker.');
  const body = until(nodes, i, endsQuestion);
  const detailsAt = body.findIndex((node) => node.type === 'html' && node.value.includes('<details'));
  const asked = detailsAt < 0 ? body : body.slice(0, detailsAt);
  const inside = detailsAt < 0 ? [] : until(body, detailsAt, closesDetails);
  const listAt = asked.findIndex((node) => node.type === 'list');
  const options = listAt < 0 ? [] : readOptions(page, asked[listAt] as List, report);
  const answer = inside[0] === undefined ? undefined : parseAnswer(sourceOf(page.markdown, [inside[0]]));
  const explanations = readExplanations(page, inside);
  const block = inside.find((node) => node.type === 'code' && node.lang !== 'output');
  const question: Question = {
    id,
    title: at.heading === undefined ? '' : toString(at.heading),
    text: sourceOf(page.markdown, listAt < 0 ? asked : asked.slice(0, listAt)),
    options,
    answer: answer ?? [],
    explanations,
    block: block?.type === 'code' ? parseFence(block.meta)?.values.get('id') : undefined,
    deep: at.deep,
    place: { file: page.file, line },
  };
  checkQuestion(question, report);
  return question;
}

function checkQuestion({ options, answer, explanations, place: { line } }: Question, report: Report): void {
  if (options.length < 2) {
    report(line, 'the question has no options', 'Give at least two, as a list "- A. …".');
    return;
  }
  if (answer.length === 0)
    report(line, 'the question has no answer', 'Begin its <details> with "Answer: B", after an empty line.');
  const letters = options.map(({ letter }) => letter);
  for (const letter of answer)
    if (!letters.includes(letter))
      report(line, `the answer ${letter} is no option`, `Options are ${letters.join(', ')}.`);
  for (const letter of Object.keys(explanations))
    if (!letters.includes(letter))
      report(line, `a word is said on ${letter}, which is no option`, `Options are ${letters.join(', ')}.`);
  if (answer.length === 0) return;
  for (const letter of letters)
    if (!answer.includes(letter) && explanations[letter] === undefined)
      report(line, `nothing says why ${letter} is wrong`, `Add "- ${letter}: …" under the answer.`);
}

/** The prediction below the marker at `nodes[i]`, asked before the block is run. */
export function readPrediction(block: string, page: Page, i: number, report: Report): Prediction {
  const nodes = page.tree.children;
  const line = lineOf(nodes[i]);
  const body = until(nodes, i, (node) => node.type === 'heading' || node.type === 'html' || node.type === 'code');
  const listAt = body.findIndex((node) => node.type === 'list');
  const options = listAt < 0 ? [] : readOptions(page, body[listAt] as List, report);
  if (options.length < 2) report(line, 'the prediction has no options', 'Give at least two, as a list "- A. …".');
  const text = sourceOf(page.markdown, body.slice(0, Math.max(0, listAt)));
  if (text === '' && options.length >= 2)
    report(line, 'the prediction asks nothing', 'Write its question between the marker and the options.');
  return { block, text, options, place: { file: page.file, line } };
}

function readOptions(page: Page, list: List, report: Report): Option[] {
  const options: Option[] = [];
  for (const item of list.children) {
    const option = parseOption(sourceOf(page.markdown, item.children));
    if (option === undefined) report(lineOf(item), 'this is no option', 'Write options as "- A. text".');
    else if (options.some(({ letter }) => letter === option.letter))
      report(lineOf(item), `the option ${option.letter} stands twice`, 'Give each its own letter.');
    else options.push(option);
  }
  return options;
}

function readExplanations(page: Page, nodes: readonly RootContent[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const node of nodes) {
    if (node.type !== 'list') continue;
    for (const item of node.children) {
      const match = /^([A-Z]):\s+([\s\S]+)$/.exec(sourceOf(page.markdown, item.children).trim());
      if (match?.[1] !== undefined && match[2] !== undefined) found[match[1]] = match[2];
    }
  }
  return found;
}

/** The nodes after `nodes[i]`, up to the first for which `ends` holds. */
function until(nodes: readonly RootContent[], i: number, ends: (node: RootContent) => boolean): readonly RootContent[] {
  const end = nodes.findIndex((node, j) => j > i && ends(node));
  return nodes.slice(i + 1, end < 0 ? nodes.length : end);
}

function endsQuestion(node: RootContent): boolean {
  return (node.type === 'heading' && node.depth <= 3) || (node.type === 'html' && isQuiz(node));
}

function isQuiz(node: Html): boolean {
  return parseMarker(node.value)?.kind === 'quiz';
}

function closesDetails(node: RootContent): boolean {
  return node.type === 'html' && node.value.includes('</details>');
}
