/** What each folder may import, beside node's own modules and packages. `types` may only be imported as types. */
export interface FolderRule {
  readonly folder: string;
  readonly may: readonly string[];
  readonly types?: readonly string[];
}

export const LEAVES = 'leaves';

/** The longest match of a file's folder holds. Why these cuts: ARCHITECTURE.md, "Who may import whom". */
export const IMPORTS: readonly FolderRule[] = [
  { folder: 'src', may: [LEAVES] },
  { folder: 'src/data', may: [LEAVES, 'src/data'] },
  { folder: 'src/content', may: [LEAVES, 'src/content', 'src/engines/engine.ts'] },
  { folder: 'src/engines', may: [LEAVES, 'src/engines', 'src/data'] },
  { folder: 'src/journal', may: [LEAVES, 'src/journal'] },
  { folder: 'src/study', may: [LEAVES, 'src/study', 'src/content'], types: ['src/journal'] },
  { folder: 'src/runner', may: [LEAVES, 'src/runner', 'src/engines', 'src/content'] },
  { folder: 'src/faults', may: [LEAVES, 'src/faults', 'src/engines'] },
  { folder: 'src/grading', may: [LEAVES, 'src/grading', 'src/faults', 'src/engines', 'src/content'] },
  {
    folder: 'src/exercise',
    may: [LEAVES, 'src/exercise', 'src/grading', 'src/faults', 'src/runner', 'src/engines', 'src/content'],
  },
  {
    folder: 'src/commands',
    may: [
      LEAVES,
      'src/commands',
      'src/content',
      'src/engines',
      'src/runner',
      'src/study',
      'src/journal',
      'src/data',
      'src/faults',
      'src/grading',
      'src/exercise',
    ],
  },
  {
    folder: 'src/server',
    may: [LEAVES, 'src/server', 'src/commands'],
    types: ['src/runner', 'src/engines', 'src/content', 'src/study'],
  },
  {
    folder: 'src/cli',
    may: [LEAVES, 'src/cli', 'src/commands', 'src/runner/render.ts', 'src/study'],
    types: ['src/runner', 'src/engines'],
  },
  // `open` starts the server: the one place where one face begins the other.
  { folder: 'src/cli/open.ts', may: [LEAVES, 'src/cli', 'src/commands', 'src/server'] },
  {
    folder: 'site',
    may: ['site', 'src/content', 'src/study', 'src/paths.ts', 'src/random.ts'],
    types: ['src/runner', 'src/engines', 'src/commands', 'src/server'],
  },
];

export const MAX_FILE_LINES = 400;
export const MAX_FUNCTION_LINES = 70;

/** Only these may start child processes, each for the reason given. */
export const PROCESS_FILES: Readonly<Record<string, string>> = {
  'src/process.ts': 'it is where processes live',
  'launch/make.mjs': 'it runs before TypeScript can be relied on',
  'launch/runtime.mjs': 'it runs on whatever Node the machine has',
  'launch/tasks.mjs': 'it hands over to one program and ends with it',
};
/** Only these may export without a name, each for the reason given. */
export const DEFAULT_EXPORT_FILES: Readonly<Record<string, string>> = {
  'site/astro.config.mjs': 'the site builder takes its configuration so',
  'site/src/content.config.ts': 'the site builder takes its collections so',
  'test/run/events.ts': 'node’s test runner takes a reporter so',
};
/** Only these under src/ may set timers, each for the reason given. */
export const TIMER_FILES: Readonly<Record<string, string>> = {
  'src/deadline.ts': 'it is where waiting lives',
  'src/process.ts': 'a watchdog that kills a program past its time',
  'src/engines/slot.ts': 'the idle timer of an engine',
  'src/engines/supervisor-process.ts': 'the idle timer of the supervisor',
  'src/engines/jars.ts': 'looks now and then how much of a download has arrived',
  'src/engines/python-family.ts': 'a ticker that tells how far an installation is',
};
export const BANNED_FOLDERS = ['utils', 'helpers', 'common', 'misc'];
export const MAX_README_LINES = 150;
