import { join } from 'node:path';

import { createContext } from '#src/commands/context.ts';
import { graderOf, labOf, labsProgram, type OwnProgram } from '#src/commands/labs.ts';
import { labPaths, type Lab } from '#src/content/lab.ts';
import type { Paths } from '#src/paths.ts';
import type { Grader } from '#test/grading/bench.ts';
import { loadOrders } from '#test/grading/bench.ts';
import type { Subject } from '#test/gate/runs.ts';

/** Right and wrong designs of the tiny lab, by how many orders they are given. */
export function tinySubject(grader: Grader, design: string, size: number): Subject {
  const { bench } = grader.options(design);
  return { name: `tiny, ${design}`, lab: 'tiny', stage: 2, size, bench: { ...bench, stage: loadOrders } };
}

/** Every program of every lab that must pass, at every stage that breaks something. */
export async function labSubjects({ supervisor, folder }: Grader, paths: Paths): Promise<Subject[]> {
  const context = createContext(paths);
  const subjects: Subject[] = [];
  for (const path of await labPaths(paths.root)) {
    const lab = await labOf(path, context);
    for (const own of rightPrograms(lab)) {
      const program = await labsProgram(lab, own, join(folder, 'programs', lab.id), context);
      for (const [index, { title, size }] of lab.stages.entries()) {
        const stage = await graderOf(lab, index + 1);
        const bench = { supervisor, program, stage, scratch: join(folder, 'scratch'), root: paths.root };
        const name = `${lab.id}, ${own.folder}, stage ${index + 1} (${title})`;
        subjects.push({ name, lab: lab.id, stage: index + 1, bench, size: size.quick });
      }
    }
  }
  return subjects;
}

function rightPrograms({ languages, correct }: Lab): OwnProgram[] {
  return [
    ...Object.keys(languages).map((language) => ({ folder: `solution/${language}`, language })),
    ...Object.entries(correct).map(([name, one]) => ({ folder: `correct/${name}`, ...one })),
  ];
}
