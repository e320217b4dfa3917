import type { Random } from '#src/random.ts';

/** The input in another form, after which a right program leaves the same. Its name stands in the schedule's line. */
export interface Feed {
  readonly name: 'lines-twice' | 'other-order' | 'other-files';
  readonly inputs: Inputs;
}

type Inputs = Readonly<Record<string, string | Uint8Array>>;

export interface LineOptions {
  /** The first line of a file names its columns, and stays first and single. */
  readonly header?: boolean;
}

/** Every file sent twice in one: a sender that was not told that all had arrived. Files of bytes stay as they are. */
export function linesTwice(inputs: Inputs, options: LineOptions = {}): Feed {
  return { name: 'lines-twice', inputs: mapText(inputs, options, (lines) => [...lines, ...lines]) };
}

/** The lines of each file in another order, as a network or several writers bring them. */
export function otherOrder(inputs: Inputs, random: Random, options: LineOptions = {}): Feed {
  return { name: 'other-order', inputs: mapText(inputs, options, (lines) => shuffled(lines, random)) };
}

/** The same lines in the same order, cut into other files; for inputs of which all files have the same columns. */
export function otherFiles(inputs: Inputs, files: number, options: LineOptions = {}): Feed {
  const names = Object.keys(inputs).sort();
  const texts = names.filter((name) => typeof inputs[name] === 'string');
  const [first] = texts;
  if (first === undefined) return { name: 'other-files', inputs };
  const parts = texts.map((name) => parted(String(inputs[name]), options));
  const lines = parts.flatMap((part) => part.lines);
  const extension = /\.[^./]+$/.exec(first)?.[0] ?? '';
  const folder = first.slice(0, first.lastIndexOf('/') + 1);
  const size = Math.max(1, Math.ceil(lines.length / files));
  const others = Object.fromEntries(
    names.flatMap((name) => (texts.includes(name) ? [] : [[name, inputs[name] ?? '']])),
  );
  for (let at = 0; at * size < lines.length || at === 0; at++) {
    const name = `${folder}part-${String(at + 1).padStart(3, '0')}${extension}`;
    others[name] = joined(parts[0]?.head, lines.slice(at * size, (at + 1) * size));
  }
  return { name: 'other-files', inputs: others };
}

function mapText(
  inputs: Inputs,
  options: LineOptions,
  change: (lines: readonly string[]) => readonly string[],
): Inputs {
  const others: Record<string, string | Uint8Array> = {};
  for (const [name, content] of Object.entries(inputs)) {
    const { head, lines } = parted(typeof content === 'string' ? content : '', options);
    others[name] = typeof content === 'string' ? joined(head, change(lines)) : content;
  }
  return others;
}

function parted(text: string, { header = false }: LineOptions): { head: string | undefined; lines: string[] } {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return header ? { head: lines[0], lines: lines.slice(1) } : { head: undefined, lines };
}

function joined(head: string | undefined, lines: readonly string[]): string {
  return [...(head === undefined ? [] : [head]), ...lines].map((line) => `${line}\n`).join('');
}

function shuffled(lines: readonly string[], random: Random): string[] {
  const mixed = [...lines];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [mixed[at], mixed[other]] = [mixed[other] ?? '', mixed[at] ?? ''];
  }
  return mixed;
}
