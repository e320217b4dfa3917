import { join } from 'node:path';

import { excerpts } from '#src/content/excerpt.ts';
import type { Option } from '#src/content/guide.ts';
import type { Lab } from '#src/content/lab.ts';
import { filesUnder, withoutComments, type Mistake } from '#src/content/mistakes.ts';
import { fnv1a } from '#src/random.ts';

/** A question that is made from a lab's own programs; the same words in the app, in a terminal and in a file. */
export interface MadeQuestion {
  /** Markdown, as are the options. */
  readonly text: string;
  readonly options: readonly Option[];
  readonly answer: readonly string[];
  readonly explanations: Readonly<Record<string, string>>;
}

/** Two programs that differ in a few lines, the one right and the other wrong: which one survives? */
export async function survivesQuestion(lab: Lab, mistake: Mistake): Promise<MadeQuestion> {
  const wrong = await filesUnder(join(lab.folder, 'wrong', mistake.name));
  const { language } = lab.wrong[mistake.name] ?? { language: 'python' };
  const rights = [`solution/${language}`, ...Object.keys(lab.correct).map((name) => `correct/${name}`)];
  const pairs = await Promise.all(rights.map(async (folder) => pairOf(folder, wrong, lab)));
  // The nearest design leaves the mistake itself to be seen, and little beside it.
  const [nearest] = pairs.filter(({ changed }) => changed > 0).sort((a, b) => a.changed - b.changed);
  return {
    text: `Two programs for “${stageTitle(lab, mistake)}”, shown where they differ. Which one survives?`,
    options: [
      { letter: 'A', text: nearest?.right ?? '' },
      { letter: 'B', text: nearest?.wrong ?? '' },
    ],
    answer: ['A'],
    explanations: { B: `${mistake.words} It is failed for \`${mistake.anomaly}\`.` },
  };
}

interface Pair {
  readonly right: string;
  readonly wrong: string;
  readonly changed: number;
}

async function pairOf(folder: string, wrong: Readonly<Record<string, string>>, lab: Lab): Promise<Pair> {
  const right = await filesUnder(join(lab.folder, folder), Object.keys(wrong));
  const pair = { right: '', wrong: '', changed: 0 };
  for (const [name, text] of Object.entries(wrong)) {
    const theirs = right[name];
    // A design that lacks a file is no neighbour: it would be compared with nothing.
    if (theirs === undefined) return { right: '', wrong: '', changed: 0 };
    const parts = excerpts(withoutComments(name, theirs), withoutComments(name, text));
    if (parts.changed === 0) continue;
    pair.changed += parts.changed;
    pair.right += fenced(name, parts.left);
    pair.wrong += fenced(name, parts.right);
  }
  return pair;
}

function fenced(name: string, code: string): string {
  return `\`${name}\`\n\n\`\`\`${name.endsWith('.ts') ? 'typescript' : 'python'}\n${code}\n\`\`\`\n\n`;
}

const OTHERS = 3;

/** The picture of a failing run, and mistakes that could have made it; only one of them leaves what the picture shows. */
export function pictureQuestion(lab: Lab, mistake: Mistake, mistakes: readonly Mistake[]): MadeQuestion {
  const order = ({ name }: Mistake): number => fnv1a(`${mistake.name}/${name}`);
  const apart = ({ stage }: Mistake): number => Math.abs(stage - mistake.stage);
  const others = mistakes
    .filter((one) => one.lab === lab.id && one.anomaly !== mistake.anomaly)
    .sort((a, b) => apart(a) - apart(b) || order(a) - order(b))
    .slice(0, OTHERS);
  const all = [mistake, ...others].sort((a, b) => order(a) - order(b));
  const letter = (one: Mistake): string => String.fromCharCode(65 + all.indexOf(one));
  return {
    text: `A run of “${stageTitle(lab, mistake)}”. Which mistake made this picture?`,
    options: all.map((one) => ({ letter: letter(one), text: one.words })),
    answer: [letter(mistake)],
    explanations: Object.fromEntries(
      others.map((one) => [letter(one), `That one is failed at stage ${one.stage}, for \`${one.anomaly}\`.`]),
    ),
  };
}

function stageTitle(lab: Lab, { stage }: Mistake): string {
  return lab.stages[stage - 1]?.title ?? `stage ${stage}`;
}
