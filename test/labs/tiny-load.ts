import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { parse } from 'yaml';

import { createContext, type Context } from '#src/commands/context.ts';
import { verifyLabs } from '#src/commands/verify-labs.ts';
import { catalogueSchema } from '#src/content/plan.ts';
import { ownRoot } from '#src/paths.ts';
import { clone } from '#test/engines/clone.ts';

const root = ownRoot(import.meta.dirname);

/** The lab that docs/authoring-a-lab.md shows, with the programs that it only names. */
export const tinyLoad = join(root, 'test', 'input', 'labs', 'tiny-load');

/** What stands in the page's block that begins so, without what it is indented by. */
export async function block(first: string): Promise<string> {
  const page = await readFile(join(root, 'docs', 'authoring-a-lab.md'), 'utf8');
  const found = [...page.matchAll(/^( *)```\w+\n([^]*?)^\1```$/gm)]
    .map(([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
    .find((text) => text.startsWith(first));
  if (found === undefined) throw new Error(`docs/authoring-a-lab.md has no block that begins with ${first}`);
  return found;
}

/** Verifies the lab in a clone of its own: what was wrong with its folder, then a line for each of these programs, or of all. */
export async function verified(t: TestContext, programs: readonly string[], quick: boolean): Promise<string[]> {
  const context = await withTinyLoad(t);
  const only = programs.length === 0 ? ['tiny-load'] : programs.map((name) => `tiny-load#${name}`);
  const told: string[] = [];
  for await (const event of verifyLabs({ only, quick }, context)) {
    if (event.type === 'problem') told.push(`${event.file}: ${event.message}`);
    if (event.type === 'program')
      told.push([`${event.program}: ${event.state}, ${event.found}`, event.text ?? ''].join('\n').trim());
  }
  return told.sort();
}

/** A clone that has this lab alone, listed as the page says. */
async function withTinyLoad(t: TestContext): Promise<Context> {
  const own = await clone(t);
  const [entry] = parse(await block('- id:')) as { readonly path: string }[];
  const { labs } = catalogueSchema.parse({ groups: [], labs: [entry] });
  const made = await mkdtemp(join(tmpdir(), 'dej-authoring-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  await mkdir(join(made, 'challenges'));
  await cp(tinyLoad, join(made, entry?.path ?? ''), { recursive: true });
  // What a grader imports is found by the package that it lies in.
  for (const part of ['package.json', 'src', 'concepts']) await symlink(join(root, part), join(made, part));
  const of = createContext({ ...own.paths, root: made });
  const real = createContext(own.paths);
  t.after(() => Promise.all([of.close(), real.close()]));
  const listed = labs.map((lab) => ({ ...lab, number: '99', written: true }));
  const content = { ...(await real.content()), labs: listed };
  return { ...of, supervisor: () => real.supervisor(), content: () => Promise.resolve(content) };
}
