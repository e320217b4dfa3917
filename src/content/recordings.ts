import { parseFence } from '#src/content/fence.ts';

/**
 * Puts what blocks printed into their output fences and leaves every other byte as it is. Blocks without an output fence
 * are left alone.
 */
export function withRecordings(markdown: string, printed: ReadonlyMap<string, string>): string {
  const lines = markdown.split('\n');
  const result: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    result.push(line);
    const open = /^(\s*)(`{3,}|~{3,})(\S+)?\s*(.*?)\r?$/.exec(line);
    if (open === null) continue;
    const [, indent = '', fence = '', language, meta] = open;
    const close = lines.findIndex(
      (other, j) => j > i && other.trimEnd().startsWith(indent + fence) && other.trim() === fence,
    );
    const end = close < 0 ? lines.length : close;
    const block = language === 'output' ? parseFence(meta)?.values.get('of') : undefined;
    const text = block === undefined ? undefined : printed.get(block);
    if (text === undefined) result.push(...lines.slice(i + 1, end));
    else if (text !== '') result.push(...text.split('\n').map((row) => indent + row));
    if (close >= 0) result.push(lines[close] ?? '');
    i = end;
  }
  return result.join('\n');
}
