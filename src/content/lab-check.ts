import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Lab } from '#src/content/lab.ts';
import { anchorsOf } from '#src/content/links.ts';
import { PICTURES } from '#src/content/mistakes.ts';

/** What is wrong with a lab's folder: the file, what, and how to mend it. */
export interface LabProblem {
  /** Relative to the clone. */
  readonly file: string;
  readonly message: string;
  readonly remedy: string;
}

export interface LabExpectations {
  /** Of the catalogue. */
  readonly title: string;
  readonly stages: readonly string[];
  /** All names that the oracle knows. */
  readonly anomalies: readonly string[];
  /** What grader.ts exports. */
  readonly exported: readonly string[];
}

const MAX_README_WORDS = 500;
const FEWEST_WRONG = 3;
const GRADING_API = '#src/grading/api.ts';
/** `import … from 'x'` over any number of lines, `import 'x'`, `export … from 'x'` and `import('x')`. */
const IMPORTED = /(?:\bfrom|\bimport\(?)\s*['"`]([^'"`\n]+)['"`]/g;
const FOLDERS = ['starter', 'solution', 'correct', 'wrong'];
const ENTRIES = ['README.md', 'lab.yaml', 'grader.ts', PICTURES, ...FOLDERS];
const LEFT_BY_TOOLS = /^(__pycache__|node_modules|\.venv|\.DS_Store|.*\.pyc)$/;

/** All that can be said of a lab without running anything. */
export function checkLab(root: string, lab: Lab, expected: LabExpectations): LabProblem[] {
  const problems: LabProblem[] = [];
  const report = (file: string, message: string, remedy: string): void =>
    void problems.push({ file: `${lab.path}/${file}`, message, remedy });
  checkTitles(lab, expected, report);
  checkReadme(lab, report);
  checkGrader(lab, expected, report);
  checkPrograms(lab, report);
  checkNames(root, lab, expected, report);
  for (const path of strays(lab))
    report(path, 'nothing of a lab is called so', 'Remove it, or declare it in lab.yaml.');
  return problems;
}

type Report = (file: string, message: string, remedy: string) => void;

function checkTitles(lab: Lab, { title, stages }: LabExpectations, report: Report): void {
  const own = lab.stages.map((stage) => stage.title);
  const use = 'Write the same in lab.yaml and in plan/catalogue.yaml.';
  if (lab.title !== title)
    report('lab.yaml', `the title is not ${JSON.stringify(title)}, as the catalogue has it`, use);
  if (own.length !== stages.length)
    report('lab.yaml', `there are ${own.length} stages, and ${stages.length} in the catalogue`, use);
  for (const [i, name] of stages.entries())
    if (own[i] !== undefined && own[i] !== name)
      report('lab.yaml', `stage ${i + 1} is not called ${JSON.stringify(name)}, as in the catalogue`, use);
}

function checkReadme(lab: Lab, report: Report): void {
  const text = textOf(join(lab.folder, 'README.md'));
  if (text === undefined) return report('README.md', 'it is missing', 'Write the brief: see docs/lab-contract.md.');
  if (!text.startsWith(`# ${lab.title}\n`))
    report('README.md', 'it does not begin with the title', `Begin with "# ${lab.title}".`);
  const count = text.split(/\s+/).filter((word) => /\w/.test(word)).length;
  if (count > MAX_README_WORDS)
    report('README.md', `it has ${count} words`, `Nobody reads more than ${MAX_README_WORDS} before the first run.`);
  for (const [i, { title }] of lab.stages.entries())
    if (!text.includes(`\n${i + 1}. **${title}.**`))
      report('README.md', `the list of stages lacks "${i + 1}. **${title}.**"`, 'Say there how the program is hurt.');
}

function checkGrader({ folder, stages }: Lab, { exported }: LabExpectations, report: Report): void {
  const due = stages.map((_, i) => `stage${i + 1}`);
  const missing = due.filter((name) => !exported.includes(name));
  const more = exported.filter((name) => !due.includes(name));
  if (missing.length > 0) report('grader.ts', `it exports no ${missing.join(', ')}`, 'One function for each stage.');
  if (more.length > 0) report('grader.ts', `it exports ${more.join(', ')}`, 'Export the stages of lab.yaml alone.');
  for (const [, from] of (textOf(join(folder, 'grader.ts')) ?? '').matchAll(IMPORTED))
    if (from !== GRADING_API)
      report('grader.ts', `it imports ${from}`, `A grader imports ${GRADING_API} alone, so that it can start nothing.`);
}

function checkPrograms(lab: Lab, report: Report): void {
  const languages = Object.keys(lab.languages);
  for (const kind of ['starter', 'solution']) same(kind, languages, lab, report);
  same('correct', Object.keys(lab.correct), lab, report);
  same('wrong', Object.keys(lab.wrong), lab, report);
  if (Object.keys(lab.correct).length === 0)
    report('lab.yaml', 'there is no other correct design', 'The oracle must not take the solution for the only way.');
  if (Object.keys(lab.wrong).length < FEWEST_WRONG)
    report(
      'lab.yaml',
      `there are fewer than ${FEWEST_WRONG} wrong programs`,
      'Show that the oracle sees the mistakes.',
    );
  for (const [name, { over }] of Object.entries({ ...lab.correct, ...lab.wrong }))
    if (over !== undefined && !existsSync(join(lab.folder, over)))
      report('lab.yaml', `${name} lies over ${over}, which is missing`, 'Name a folder of this lab.');
}

/** The folders of one kind are those that lab.yaml names. */
function same(kind: string, names: readonly string[], lab: Lab, report: Report): void {
  const found = namesIn(join(lab.folder, kind));
  for (const name of names)
    if (!found.includes(name)) report(`${kind}/${name}`, 'lab.yaml names it, and it is missing', 'Write it.');
  for (const name of found)
    if (!names.includes(name))
      report(`${kind}/${name}`, 'lab.yaml does not name it', 'Declare it there, or remove it.');
}

function checkNames(root: string, lab: Lab, { anomalies }: LabExpectations, report: Report): void {
  const known = Object.entries({ starter: lab.starter, ...lab.wrong });
  for (const [name, { stage, anomaly }] of known) {
    if (stage > lab.stages.length) report('lab.yaml', `${name} fails at stage ${stage}, which is none`, 'Correct it.');
    if (!anomalies.includes(anomaly))
      report('lab.yaml', `${name} fails with ${anomaly}, which is no anomaly`, `There are: ${anomalies.join(', ')}.`);
  }
  for (const [i, { allows, read }] of lab.stages.entries()) {
    for (const name of allows.filter((one) => !anomalies.includes(one)))
      report('lab.yaml', `stage ${i + 1} allows ${name}, which is no anomaly`, `There are: ${anomalies.join(', ')}.`);
    const [file = '', anchor = ''] = read.href.split('#');
    const text = textOf(join(root, file));
    if (text === undefined) report('lab.yaml', `stage ${i + 1} reads ${file}, which is missing`, 'Name a guide.');
    else if (!anchorsOf(text).has(anchor))
      report('lab.yaml', `stage ${i + 1} reads ${read.href}, which has no such heading`, 'Use the heading’s anchor.');
  }
}

/** Whatever lies in the folder and belongs to none of its parts. */
function strays({ folder, wrong }: Lab): string[] {
  const top = readdirSync(folder).filter((name) => !ENTRIES.includes(name));
  const left = FOLDERS.flatMap((kind) =>
    namesUnder(join(folder, kind)).flatMap((path) =>
      path.split('/').some((part) => LEFT_BY_TOOLS.test(part)) ? [`${kind}/${path}`] : [],
    ),
  );
  const loose = FOLDERS.flatMap((kind) =>
    entriesOf(join(folder, kind)).flatMap((entry) => (entry.isDirectory() ? [] : [`${kind}/${entry.name}`])),
  );
  const pictures = entriesOf(join(folder, PICTURES))
    .filter(({ name }) => !Object.keys(wrong).some((mistake) => name === `${mistake}.json`))
    .map(({ name }) => `${PICTURES}/${name}`);
  return [...top, ...left, ...loose, ...pictures];
}

function entriesOf(folder: string) {
  return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
}

function namesIn(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

function namesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true }).map((name) => String(name).replaceAll('\\', '/'));
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
