import { parseFence } from '#src/content/fence.ts';
import { parseMarkdown } from '#src/content/markdown.ts';

/**
 * Puts what blocks printed into their output fences and leaves every other byte as it is; only where a printed line
 * would end the fence, the fence itself is made longer. Blocks without an output fence are left alone.
 */
export function withRecordings(markdown: string, printed: ReadonlyMap<string, string>): string {
  // A byte order mark is no part of what positions count.
  const start = markdown.startsWith('\uFEFF') ? 1 : 0;
  let result = '';
  let copied = 0;
  for (const node of parseMarkdown(markdown).children) {
    if (node.type !== 'code' || node.lang !== 'output' || node.position === undefined) continue;
    const text = printed.get(parseFence(node.meta)?.values.get('of') ?? '');
    if (text === undefined || text === node.value) continue;
    const from = start + (node.position.start.offset ?? 0);
    const to = start + (node.position.end.offset ?? 0);
    result += markdown.slice(copied, from) + withText(markdown.slice(from, to), node.position.start.column - 1, text);
    copied = to;
  }
  return result + markdown.slice(copied);
}

/** One fence, indented by some columns, with another text between its first and last line. */
function withText(source: string, columns: number, text: string): string {
  const newline = source.includes('\r\n') ? '\r\n' : '\n';
  const lines = source.split(newline);
  const [first = '', last = ''] = [lines[0], lines.at(-1)];
  const fence = /^(?:`+|~+)/.exec(first)?.[0] ?? '';
  if (lines.length < 2 || !last.trim().startsWith(fence)) return source;
  const closing = [...text.matchAll(/^ {0,3}(`{3,}|~{3,})[ \t]*$/gm)].map(([, run = '']) => run);
  const longest = Math.max(0, ...closing.filter((run) => run.startsWith(fence)).map((run) => run.length));
  const more = longest === 0 ? '' : fence.charAt(0).repeat(longest + 1 - fence.length);
  const indent = ' '.repeat(columns);
  const rows = text === '' ? [] : text.split('\n').map((row) => (row === '' ? '' : indent + row));
  return [more + first, ...rows, last.replace(/(?=[`~])/, more)].join(newline);
}
