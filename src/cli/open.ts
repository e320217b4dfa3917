import { join } from 'node:path';

import { openBrowser } from '#src/cli/browser.ts';
import { runBlock } from '#src/commands/run.ts';
import { changeEngine, engineLogs, engineStatus, leaveEngines, watchEngines } from '#src/commands/engines.ts';
import * as exercise from '#src/commands/exercise.ts';
import { nextHint } from '#src/commands/hint.ts';
import * as journal from '#src/commands/journal.ts';
import * as log from '#src/commands/log.ts';
import { labLive, labRuns, type LabRuns } from '#src/commands/lab-runs.ts';
import { labPicture, labSolution, labState } from '#src/commands/lab-view.ts';
import { resetLab } from '#src/commands/reset.ts';
import { startLab } from '#src/commands/start.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import { place, placement } from '#src/commands/placement.ts';
import { changePlan, plan } from '#src/commands/plan.ts';
import * as cards from '#src/commands/review.ts';
import { makePortfolio, portfolioOffer } from '#src/commands/portfolio.ts';
import { exportCards } from '#src/commands/card-export.ts';
import { search } from '#src/commands/search.ts';
import { askSaved, askSql, sqlSight } from '#src/commands/sql.ts';
import { today } from '#src/commands/today.ts';
import { LearnerError } from '#src/error.ts';
import { APP_PORT, freePort, isFree } from '#src/ports.ts';
import type { App } from '#src/server/app.ts';
import { findApp, mintAddress, originOf } from '#src/server/instance.ts';
import { mustBeLoopback, serve, type Served } from '#src/server/serve.ts';

export interface OpenOptions {
  /** False with --no-open. */
  readonly open: boolean;
  readonly port?: string;
  readonly host: string;
}

/** Starts the app and stays until Ctrl-C; when one is running already, says so and opens that. */
export async function open(options: OpenOptions): Promise<void> {
  // Wrong use is told even when nothing of it would be used, because an app is running.
  mustBeLoopback(options.host);
  const asked = portOf(options.port);
  const context = createContext();
  const running = await findApp(context.paths);
  if (running !== undefined) {
    const address = await mintAddress(context.paths, running);
    console.log(`The journal is already running (process ${running.pid}) at ${originOf(running.host, running.port)}/`);
    return present(address, options.open);
  }
  await takeHandTicks(context);
  const runs = labRuns(context);
  const port = await choosePort(asked);
  const served = await serve({
    paths: context.paths,
    site: join(context.paths.root, 'site', 'dist'),
    port,
    host: options.host,
    app: faceOf(context, runs),
    tell: console.log,
  });
  console.log(`The journal is running at ${served.address}`);
  await present(served.openAddress(), options.open);
  console.log('Ctrl-C stops it.');
  warmUp(context);
  await interrupted();
  await close(served, runs, context);
}

function portOf(asked: string | undefined): number | undefined {
  if (asked === undefined) return undefined;
  const port = Number(asked);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new LearnerError(
    `--port expects a number from 1 to 65535, not ${JSON.stringify(asked)}`,
    'For example: --port 4800',
  );
}

async function choosePort(asked: number | undefined): Promise<number> {
  if (asked === undefined) return (await isFree(APP_PORT)) ? APP_PORT : freePort();
  if (!(await isFree(asked))) throw new LearnerError(`port ${asked} is in use`, 'Choose another, or leave --port out.');
  return asked;
}

/** The address with its one-time code, which is worth printing only while nobody else reads the terminal. */
async function present(address: string, openIt: boolean): Promise<void> {
  if (openIt && (await openBrowser(address))) return;
  console.log(`Open this address once; it then remembers your browser: ${address}`);
}

/** Boxes that were ticked in an editor since the last start. A folder that can't be written must not keep the app shut. */
async function takeHandTicks(context: Context): Promise<void> {
  await journal.syncPage(context).catch((error: unknown) => {
    const { message, remedy } = journal.unsaved(error);
    console.error(`The journal's folder could not be brought up to date: ${message}. ${remedy}`);
  });
}

function faceOf(context: Context, runs: LabRuns): App {
  return {
    runBlock: ({ guide, block, code, signal }) => runBlock({ reference: `${guide}#${block}`, code, signal }, context),
    engines: () => engineStatus(context),
    watchEngines: (signal) => watchEngines(context, signal),
    changeEngine: (name, action, signal) => changeEngine({ name, action, signal }, context),
    engineLogs: (name) => engineLogs(name, context),
    guideRecord: (guide) => journal.guideRecord(guide, context),
    progress: () => journal.progress(context),
    answer: (request) => journal.answer(request, context),
    predict: (request) => journal.predict(request, context),
    checkExercise: (request) => exercise.checkExercise(request, context),
    saveExercise: (request) => exercise.saveExercise(request, context),
    resetExercise: (reference) => exercise.resetExercise(reference, context),
    saveNote: (request) => journal.saveNote(request, context),
    tick: (request) => journal.tick(request, context),
    labs: labsFace(context, runs),
    today: () => today(context),
    plan: () => plan(context),
    changePlan: (change) => changePlan(change, context),
    placement: () => placement(context),
    place: (answers) => place(answers, context),
    portfolio: () => portfolioOffer(context),
    makePortfolio: (request) => makePortfolio(request, context),
    review: {
      sight: (beyond) => cards.review(context, beyond),
      grade: (request) => cards.gradeCard(request, context),
      undo: () => cards.undoReview(context),
      set: (request) => cards.setCard(request, context),
      add: (request) => cards.addCards(request, context),
      picture: (card) => cards.reviewPicture(card, context),
      export: (format) => exportCards(format, context),
    },
    log: logFace(context),
  };
}

function logFace(context: Context): App['log'] {
  return {
    sight: () => log.log(context),
    add: (entry) => log.addToLog(entry, context),
    answer: (request) => log.answerQuestion(request, context),
    reword: (request) => log.rewordInLog(request, context),
    reopen: (id) => log.reopenQuestion(id, context),
    remove: (id) => log.removeFromLog(id, context),
    accept: (key) => log.acceptWin(key, context),
    decline: (key) => log.declineWin(key, context),
    focus: (request) => log.setFocus(request, context),
    search: (query) => search(query, context),
    sqlSight: () => sqlSight(context),
    askSaved: (name) => askSaved(name, context),
    askSql: (sql, signal) => askSql(sql, context, signal),
  };
}

function labsFace(context: Context, runs: LabRuns): App['labs'] {
  return {
    state: (lab) => labState(lab, context),
    live: (request) => labLive(request, context),
    picture: (request) => labPicture(request, context),
    solution: (request) => labSolution(request, context),
    start: (request) => startLab(request, context),
    check: (request) => runs.begin({ verb: 'check', ...request }),
    replay: (request) => runs.begin({ verb: 'replay', ...request }),
    stop: async (lab) => ({ stopped: await runs.stop(lab) }),
    hint: (request) => nextHint(request, context),
    reset: (request) => resetLab({ ...request, clock: context.clock }, context),
  };
}

/** Ready in well under a second, and small; the others take seconds and hundreds of megabytes, and wait to be asked for. */
const QUICK = ['duckdb', 'postgres', 'python'];

/** The first Run should not wait for an engine that is on this machine: the quick ones start while the page is read. */
function warmUp(context: Context): void {
  void context
    .supervisor()
    .then(async (supervisor) => {
      for (const { name, state } of await supervisor.status())
        if (state === 'installed' && QUICK.includes(name)) await supervisor.start(name);
    })
    .catch(() => undefined);
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve());
  });
}

async function close(served: Served, runs: LabRuns, context: Context): Promise<void> {
  console.log('\nStopping …');
  // A second Ctrl-C means now; what is left then is reaped by the next start.
  process.once('SIGINT', () => process.exit(130));
  await Promise.all([served.close(), runs.close()]);
  await leaveEngines(context);
  console.log('Stopped.');
}
