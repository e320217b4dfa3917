import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { within } from '#src/deadline.ts';
import { pathsOf, type Paths } from '#src/paths.ts';
import { freePort } from '#src/ports.ts';
import type { App } from '#src/server/app.ts';
import { serve, type Served } from '#src/server/serve.ts';

export interface TestServer {
  readonly served: Served;
  readonly paths: Paths;
  readonly port: number;
  readonly host: string;
  /** The session's cookie, got as a browser gets it. */
  readonly cookie: string;
  /** Runs that the app was asked for. */
  readonly runs: { guide: string; block: string; code?: string | undefined; aborted: boolean }[];
  /** What else it was asked for, with what was sent along. */
  readonly told: unknown[];
}

/** A server with a small site and an app that does nothing. */
export async function startServer(
  t: TestContext,
  options: { folder?: string; port?: number; host?: '127.0.0.1' | '::1' } = {},
): Promise<TestServer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'dej-server-')));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const site = join(folder, 'site');
  await mkdir(join(site, 'page'), { recursive: true });
  await writeFile(join(site, 'index.html'), '<h1>Home</h1><script>1</script>');
  const pixel = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';
  await writeFile(join(site, 'pixel.svg'), pixel);
  await mkdir(join(site, '_astro'), { recursive: true });
  await writeFile(join(site, '_astro', 'a.123.js'), '1;');
  await writeFile(join(site, '404.html'), '<h1>No such page</h1>');
  await writeFile(join(site, 'page', 'index.html'), `<h1>${'A page. '.repeat(200)}</h1>`);
  await writeFile(join(site, 'csp.json'), JSON.stringify({ scriptHashes: ['sha256-x'] }));
  await writeFile(join(folder, 'outside.txt'), 'private');
  await symlink(join(folder, 'outside.txt'), join(site, 'link.txt')).catch(() => undefined);
  const { app, runs, told } = appThatTells();
  const paths = pathsOf(folder, { DEJ_STATE: join(folder, 'state') });
  const port = options.port ?? (await freePort());
  const served = await serve({ paths, site, port, host: options.host ?? '127.0.0.1', app });
  t.after(() => served.close());
  const host = `127.0.0.1:${port}`;
  const entered = await fetch(served.openAddress());
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { served, paths, port, host, cookie, runs, told };
}

/** An app that does nothing, and keeps what it was asked for. */
export function appThatTells(): { app: App } & Pick<TestServer, 'runs' | 'told'> {
  const part = { done: 0, total: 1 };
  const quiz = { right: 0, total: 1 };
  const progress = { core: part, deep: part, quiz, missing: ['run it'], done: false, by: undefined };
  const runs: TestServer['runs'] = [];
  const told: unknown[] = [];
  const takes =
    <T>(answer: T) =>
    (request: unknown): Promise<T> => {
      told.push(request);
      return Promise.resolve(answer);
    };
  const app: App = {
    async *runBlock({ guide, block, code, signal }) {
      const entry = { guide, block, code, aborted: false };
      runs.push(entry);
      yield { type: 'text', text: 'hello\n' };
      if (block === 'endless') {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        entry.aborted = true;
        return;
      }
      if (block === 'broken') throw new Error('no such file /very/private/path/of/the/machine.txt');
      yield { type: 'exit', state: 'ok', elapsedMs: 1, matchesRecording: true };
    },
    engines: () => Promise.resolve([]),
    async *watchEngines() {
      yield { type: 'status', engines: [] };
    },
    async *changeEngine() {
      yield { type: 'status', engines: [] };
    },
    engineLogs: () => Promise.resolve(['line']),
    guideRecord: () =>
      Promise.resolve({
        answers: {},
        predictions: {},
        ran: {},
        exercises: {},
        notes: {},
        codes: {},
        skippable: [],
        progress,
        problems: [],
      }),
    progress: () => Promise.resolve({ folder: 'journal', events: 0, guides: {}, held: {}, labs: {}, problems: [] }),
    answer: takes({ right: true, progress }),
    predict: takes({ progress }),
    async *checkExercise({ reference: block, code, signal }) {
      runs.push({ guide: '', block, code, aborted: signal.aborted });
      yield { type: 'verdict', verdict: { state: 'passed', elapsedMs: 1 }, text: 'Passed' };
    },
    saveExercise: takes({ kind: 'saved', text: 'code' } as const),
    resetExercise: takes({ kept: undefined }),
    saveNote: takes({ kind: 'saved', text: 'words' } as const),
    tick: takes(undefined),
    labs: labsThatTell(takes),
    today: () => Promise.resolve(TODAY),
    plan: () => Promise.resolve(PLAN),
    changePlan: takes(PLAN),
    placement: () => Promise.resolve({ taken: false, topics: [] }),
    place: takes({ taken: true, topics: [], answers: {} }),
    review: reviewThatTells(told),
    log: logThatTells(takes),
    portfolio: () => Promise.resolve({ folder: 'f', made: false, labs: [], insights: [] }),
    makePortfolio: takes({ folder: 'f', files: [], labs: 0, claims: 0, insights: 0 }),
  };
  return { app, runs, told };
}

type Takes = <T>(answer: T) => (request: unknown) => Promise<T>;

function logThatTells(takes: Takes): App['log'] {
  const part = { text: '', href: undefined, set: false, choices: [], value: undefined };
  const focus = { week: part, concept: part, project: part };
  const question = { id: 'first', title: 'First', says: 'so', sql: 'SELECT 1' };
  return {
    sight: () => Promise.resolve({ file: 'journal/log.md', focus, entries: [], offers: [] }),
    add: takes({ id: 'first' }),
    answer: takes({ id: 'first' }),
    reword: takes({ kind: 'saved', text: 'words' } as const),
    reopen: takes(undefined),
    remove: takes(undefined),
    accept: takes({ id: 'first' }),
    decline: takes(undefined),
    focus: takes(undefined),
    search: () => Promise.resolve({ hits: [], total: 0 }),
    sqlSight: () => Promise.resolve({ saved: [], tables: [] }),
    askSaved: () => Promise.resolve({ question, tables: [] }),
    askSql: takes({ tables: [] }),
  };
}

const settings = {
  start: '2026-01-05',
  days: [1],
  minutes: 60,
  review: 10,
  reflow: undefined,
  first: [],
  begun: false,
};
const PLAN: Awaited<ReturnType<App['plan']>> = {
  today: '2026-01-05',
  settings,
  hours: { first: 0, second: 0 },
  weeks: [],
  week: undefined,
  second: [],
  ends: { first: undefined, second: undefined },
  dueToday: [],
  thisWeek: [],
  behind: [],
  next: undefined,
  milestones: [],
};
const REVIEW: Awaited<ReturnType<App['review']['sight']>> = {
  day: '2026-01-05',
  cards: [],
  due: 0,
  soon: 0,
  done: 0,
  minutes: 10,
  minutesDone: 0,
  minutesLeft: 0,
  total: 0,
  suspended: [],
  offers: [],
  last: undefined,
};
const TODAY: Awaited<ReturnType<App['today']>> = {
  day: '2026-01-05',
  words: 'Monday, 5 January',
  begun: false,
  placed: false,
  next: undefined,
  week: undefined,
  dueToday: [],
  thisWeek: [],
  behind: [],
  review: { due: 0, now: 0, minutes: 0 },
  milestones: [],
  groups: [],
  activity: { from: '2026-01-05', counts: [0] },
  problems: [],
};

function labsThatTell(takes: <T>(answer: T) => (request: unknown) => Promise<T>): App['labs'] {
  const progress = { stages: [], passed: 0, total: 1, whole: 0, current: 1, done: false, by: undefined };
  const empty = { copy: undefined, running: undefined, verdicts: {}, hints: {}, problems: [] };
  return {
    state: (lab) => Promise.resolve({ lab, languages: ['python'], progress, ...empty }),
    async *live() {
      yield { type: 'ended' };
    },
    picture: () => Promise.resolve({ svg: '<svg xmlns="http://www.w3.org/2000/svg"/>', list: [] }),
    solution: () => Promise.resolve({ language: 'python', files: [], why: undefined, spoils: false }),
    start: takes({}),
    check: takes(undefined),
    replay: takes(undefined),
    stop: takes({ stopped: true }),
    hint: takes({ lab: 'tiny', stage: 1, title: 'One', rung: 1, of: 3, text: 'words' }),
    reset: takes({ folder: 'f', snapshot: 's' }),
  };
}

function reviewThatTells(told: unknown[]): App['review'] {
  const tells = <T>(request: unknown, answer: T): Promise<T> => {
    told.push(request);
    return Promise.resolve(answer);
  };
  return {
    sight: () => Promise.resolve(REVIEW),
    grade: (request) => tells(request, { grade: 'good' } as const),
    undo: () => {
      told.push('undo');
      return Promise.resolve({ card: 'question:x/y' });
    },
    set: (request) => tells(request, undefined),
    add: (request) => tells(request, { added: 1 }),
    picture: () => Promise.resolve({ svg: '<svg xmlns="http://www.w3.org/2000/svg"/>', list: [] }),
    export: () => Promise.resolve('#separator:Tab\n'),
  };
}

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends bytes as they are, since a client library would mend what a test wants to break. */
export function raw(port: number, text: string, address = '127.0.0.1'): Promise<RawAnswer> {
  const answered = new Promise<RawAnswer>((resolve, reject) => {
    const socket = connect(port, address);
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', ...rest] = answer.split('\r\n\r\n');
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0), head, body: rest.join('\r\n\r\n') });
    });
    socket.write(text);
  });
  return within('the answer', answered, { deadlineMs: 20_000 });
}

/** One request, written out. Headers given as undefined are left out. */
export function request(line: string, headers: Record<string, string | undefined>, body = ''): string {
  const all: Record<string, string | undefined> = {
    connection: 'close',
    ...headers,
    ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  };
  const rows = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`);
  return `${line} HTTP/1.1\r\n${rows.join('\r\n')}\r\n\r\n${body}`;
}
