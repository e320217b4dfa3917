import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Command, CommanderError } from 'commander';

import { describeAttack } from '#src/cli/attack-verb.ts';
import { endWithReader } from '#src/cli/closed.ts';
import { EXIT } from '#src/exit.ts';
import type { ExerciseFlags } from '#src/cli/exercise.ts';
import { describeLabs, whole } from '#src/cli/lab-verbs.ts';
import { describeTheirs } from '#src/cli/theirs-verbs.ts';
import { describeLog } from '#src/cli/log-verbs.ts';
import { describeStudy } from '#src/cli/study-verbs.ts';
import type { OpenOptions } from '#src/cli/open.ts';
import { LearnerError, reportOf } from '#src/error.ts';
import { nearest } from '#src/nearest.ts';
import { ownRoot } from '#src/paths.ts';

interface Json {
  readonly json?: boolean;
}

/** Runs one command line. What a verb needs is loaded by the verb, so that a small one starts in no time. */
export async function main(args: readonly string[]): Promise<void> {
  endWithReader();
  const program = describe();
  try {
    refuseUnknownVerb(program, args);
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = fail(error);
  }
}

/** A verb that isn't there, or the second word of one, gets the nearest that is. */
function refuseUnknownVerb(command: Command, [word, ...rest]: readonly string[], said = './dej'): void {
  const verbs = command.commands.flatMap((one) => [one.name(), ...one.aliases()]);
  if (verbs.length === 0 || word === undefined || word.startsWith('-') || word === 'help') return;
  const chosen = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
  if (chosen !== undefined) return refuseUnknownVerb(chosen, rest, `${said} ${word}`);
  const near = nearest(word, verbs);
  const remedy = near === undefined ? `Verbs: ${verbs.join(', ')}.` : `Did you mean ${said} ${near}?`;
  throw new LearnerError(`there is no verb ${JSON.stringify(word)}${said === './dej' ? '' : ` of ${said}`}`, remedy);
}

const ABOUT =
  'Learn data engineering by breaking real pipelines: build, break, fix, repeat. What you write lies in journal/ of ' +
  'this folder, or where DEJ_JOURNAL says: plain files, and yours.';

function describe(): Command {
  const program = new Command('./dej')
    .description(ABOUT)
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'show this, or the help of a verb')
    .helpCommand('help [verb]', 'show the help of a verb')
    .showHelpAfterError()
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  program
    .command('open')
    .description('start the app, or find the running one, and open it in the browser')
    .option('--no-open', 'print the address only')
    .option('--port <number>', 'listen on this port')
    .option('--host <address>', 'a loopback address: 127.0.0.1, ::1 or localhost', '127.0.0.1')
    .action(async (options: OpenOptions) => (await import('#src/cli/open.ts')).open(options));
  program
    .command('run <block>')
    .description('run a block of a guide on its engine, for example: run 03-idempotency#double-load')
    .option('--json', 'print events, one JSON value a line')
    .action(async (block: string, options: Json) => (await import('#src/cli/run.ts')).run(block, options));
  describeStudy(program);
  describeLog(program);
  program
    .command('exercise <exercise>')
    .description('try your code of a guide’s exercise, for example: exercise 03-idempotency#payment-handler')
    .option('--hint <number>', 'show this hint instead, from 1', whole)
    .option('--json', 'print events, one JSON value a line')
    .action(async (reference: string, options: ExerciseFlags) =>
      (await import('#src/cli/exercise.ts')).exercise(reference, options),
    );
  describeLabs(program);
  describeTheirs(program);
  describeAttack(program);
  const verify = program.command('verify').description('check what the project promises').exitOverride();
  verify
    .command('content [guides...]')
    .description('check every guide, run every block on its engine and compare with its recording')
    .option('--record', 'write what the blocks print into the guides')
    .option('--json', 'print results, one JSON value a line')
    .action(async (guides: string[], options: Json & { record?: boolean }) =>
      (await import('#src/cli/verify.ts')).verifyContent(guides, options),
    );
  verify
    .command('labs [labs...]')
    .description('check every lab, or one program (lab#wrong/name): right ones pass, wrong ones fail by their name')
    .option('--quick', 'fewer crash points, in minutes')
    .option('--record', 'keep the pictures of wrong programs, for review')
    .option('--json', 'print results, one JSON value a line')
    .action(async (labs: string[], options: Json & { quick?: boolean; record?: boolean }) =>
      (await import('#src/cli/verify.ts')).verifyLabs(labs, options),
    );
  program
    .command('engines [action] [engine]')
    .description('list the engines, or: install, start, stop, clear, logs <engine>; stop alone stops all; clear old')
    .option('--json', 'print JSON')
    .action(async (action: string | undefined, engine: string | undefined, options: Json) =>
      (await import('#src/cli/engines.ts')).engines(action, engine, options),
    );
  program
    .command('doctor')
    .description('look at this machine: what is there, what is missing, and what to do')
    .option('--json', 'print JSON')
    .action(async (options: Json) => (await import('#src/cli/doctor.ts')).doctor(options));
  for (const command of [...program.commands, ...verify.commands])
    command.exitOverride().configureOutput({ outputError: () => undefined });
  return program;
}

/** What `./dej --help` says; launch.mjs prints it from launch/help.txt, where nothing has been made yet. */
export function helpText(): string {
  return describe().configureHelp({ helpWidth: 80 }).helpInformation();
}

function version(): string {
  const { version: found } = JSON.parse(readFileSync(join(ownRoot(), 'package.json'), 'utf8')) as { version: string };
  return found;
}

/** Says what went wrong and what to do, and gives the exit code for it. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.passed;
    if (error.code === 'commander.help') return EXIT.usage;
    console.error(`${error.message.replace(/^error: /, '')}\nSee ./dej --help.`);
    return EXIT.usage;
  }
  const report = reportOf(error);
  console.error(report.message);
  for (const line of report.lastLines) console.error(`  | ${line}`);
  if (report.logPath !== undefined) console.error(`Log: ${report.logPath}`);
  console.error(report.remedy);
  if (process.env['DEJ_DEBUG'] === '1' && error instanceof Error) console.error(error.stack);
  return report.kind === 'learner' ? EXIT.usage : EXIT.unknown;
}
