import { createInterface } from 'node:readline';
import { resolve } from 'node:path';

import type { ExportFlags } from '#src/cli/theirs-verbs.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import { makePortfolio, portfolioOffer } from '#src/commands/portfolio.ts';
import {
  openPortfolio,
  verifyPortfolio as verify,
  type ClaimResult,
  type ShownCode,
} from '#src/commands/portfolio-verify.ts';
import { EXIT } from '#src/exit.ts';

export async function exportPortfolio(folder: string | undefined, flags: ExportFlags): Promise<void> {
  const context = createContext();
  try {
    if (flags.list === true) return await list(flags, context);
    const made = await makePortfolio({ folder, labs: flags.lab, insights: flags.insight }, context);
    if (flags.json === true) return console.log(JSON.stringify(made));
    const { claims, labs, insights } = made;
    console.log(`${made.folder}: ${count(claims, 'claim')} of ${count(labs, 'lab')}, ${count(insights, 'insight')}`);
    console.log(`  ${made.files.join('\n  ')}`);
    console.log('Read it before you give it away: your programs go in as they are, your notes do not.');
    console.log(`Anyone with a clone can run it again: ./dej verify-portfolio ${made.folder}`);
  } finally {
    await context.close();
  }
}

async function list(flags: ExportFlags, context: Context): Promise<void> {
  const offer = await portfolioOffer(context);
  if (flags.json === true) return console.log(JSON.stringify(offer));
  for (const { id, title, stages, files, trouble } of offer.labs) {
    console.log(`${title}: --lab ${id}`);
    console.log(trouble === undefined ? `  stages ${stages.join(', ')}; ${files.join('  ')}` : `  ${trouble}`);
  }
  if (offer.labs.length === 0) console.log('No stage of a lab is passed yet: ./dej check <lab>');
  for (const { id, day, text } of offer.insights)
    console.log(`--insight ${id}  ${day ?? ''} ${text.replaceAll('\n', ' ')}`);
}

/** Exit codes: 1 where a claim does not hold, 2 where one can't be told that concerns the program shown. */
export async function verifyPortfolio(folder: string, flags: { yes?: boolean; json?: boolean }): Promise<void> {
  const path = resolve(folder);
  const { portfolio, code } = await openPortfolio(path);
  if (flags.json !== true) show(code);
  console.error('This runs the programs above on your machine, with your rights; limits stop accidents, not malice.');
  if (flags.yes !== true && !(await agreed())) {
    console.error('Nothing was run.');
    process.exitCode = EXIT.usage;
    return;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const context = createContext();
  const states = new Set<ClaimResult['state']>();
  try {
    for await (const result of verify({ folder: path, portfolio, signal: stop.signal }, context)) {
      states.add(result.state);
      console.log(flags.json === true ? JSON.stringify(result) : claimWords(result));
    }
  } finally {
    await context.close();
  }
  if (states.has('does not hold')) process.exitCode = EXIT.failed;
  else if (stop.signal.aborted || !states.has('holds')) process.exitCode = EXIT.unknown;
}

function show(code: readonly ShownCode[]): void {
  for (const { lab, run, build, files } of code) {
    console.log(`${lab}: ${[build, run].flatMap((one) => (one === undefined ? [] : [one.join(' ')])).join(', then ')}`);
    for (const { path, text } of files) console.log(`\n── ${lab}/${path}\n${plain(text).trimEnd()}`);
    console.log('');
  }
}

/** Control characters could hide from the reader what will be run. */
function plain(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '·');
}

async function agreed(): Promise<boolean> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stderr.write('Have you read it, and shall it be run? Type yes: ');
  const { done, value } = await lines.next();
  await lines.return?.();
  return done !== true && value.trim().toLowerCase() === 'yes';
}

function claimWords({ lab, stage, claim, state, why }: ClaimResult): string {
  const mark = { holds: '✓', 'does not hold': '✗', "can't be told": '?' }[state];
  return `${mark} ${lab}, stage ${stage}: ${claim}\n    ${state}: ${why}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
