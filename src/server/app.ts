import type { EngineAction, EngineEvent } from '#src/commands/engines.ts';
import type { ExerciseEvent, resetExercise, saveExercise } from '#src/commands/exercise.ts';
import type { Hint } from '#src/commands/hint.ts';
import type { GuideRecord, Progress, saveNote } from '#src/commands/journal.ts';
import type { ExportFormat } from '#src/commands/card-export.ts';
import type * as log from '#src/commands/log.ts';
import type { Hits } from '#src/commands/search.ts';
import type { Answer, askSaved, SqlSight } from '#src/commands/sql.ts';
import type { Placed, PlacementAnswer } from '#src/commands/placement.ts';
import type { MadePortfolio, PortfolioOffer, PortfolioRequest } from '#src/commands/portfolio.ts';
import type { PlanChange, PlanSight } from '#src/commands/plan.ts';
import type { addCards, GradeRequest, gradeCard, ReviewSight, setCard, undoReview } from '#src/commands/review.ts';
import type { Today } from '#src/commands/today.ts';
import type { ShownEvent } from '#src/commands/lab-runs.ts';
import type { LabPicture, LabSolution, LabState } from '#src/commands/lab-view.ts';
import type { Reset } from '#src/commands/reset.ts';
import type { EngineName } from '#src/engines/engine.ts';
import type { EngineStatus } from '#src/engines/status.ts';
import type { RunEvent } from '#src/runner/event.ts';
import type { PlacementResult } from '#src/study/placement.ts';
import type { GuideProgress } from '#src/study/progress.ts';

/** The commands that the server is a face of. */
export interface App {
  runBlock(request: {
    guide: string;
    block: string;
    code?: string | undefined;
    signal: AbortSignal;
  }): AsyncIterable<RunEvent>;
  /** Tries the code of an exercise, which stands as `guide#exercise`. */
  checkExercise(request: { reference: string; code: string; signal: AbortSignal }): AsyncIterable<ExerciseEvent>;
  saveExercise(request: Parameters<typeof saveExercise>[0]): ReturnType<typeof saveExercise>;
  resetExercise(reference: string): ReturnType<typeof resetExercise>;
  engines(): Promise<readonly EngineStatus[]>;
  /** The same now and whenever it changes. */
  watchEngines(signal: AbortSignal): AsyncIterable<EngineEvent>;
  changeEngine(name: EngineName, action: EngineAction, signal: AbortSignal): AsyncIterable<EngineEvent>;
  engineLogs(name: EngineName): Promise<readonly string[]>;
  guideRecord(guide: string): Promise<GuideRecord>;
  progress(): Promise<Progress>;
  answer(request: {
    guide: string;
    question: string;
    options: readonly string[];
  }): Promise<{ right: boolean; progress: GuideProgress }>;
  predict(request: { guide: string; block: string; option?: string | undefined }): Promise<{ progress: GuideProgress }>;
  saveNote(request: Parameters<typeof saveNote>[0]): ReturnType<typeof saveNote>;
  tick(request: { item: string; done: boolean }): Promise<void>;
  today(): Promise<Today>;
  plan(): Promise<PlanSight>;
  changePlan(change: PlanChange): Promise<PlanSight>;
  placement(): Promise<PlacementResult>;
  place(answers: readonly PlacementAnswer[]): Promise<Placed>;
  readonly labs: LabApp;
  readonly review: ReviewApp;
  portfolio(): Promise<PortfolioOffer>;
  makePortfolio(request: Pick<PortfolioRequest, 'labs' | 'insights'>): Promise<MadePortfolio>;
  readonly log: LogApp;
}

/** The learner's log, and questions to all that they wrote and did. */
export interface LogApp {
  sight(): Promise<log.LogSight>;
  add(entry: log.NewEntry): ReturnType<typeof log.addToLog>;
  answer(request: Parameters<typeof log.answerQuestion>[0]): ReturnType<typeof log.answerQuestion>;
  reword(request: Parameters<typeof log.rewordInLog>[0]): ReturnType<typeof log.rewordInLog>;
  reopen(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  accept(key: string): ReturnType<typeof log.acceptWin>;
  decline(key: string): Promise<void>;
  focus(request: Parameters<typeof log.setFocus>[0]): Promise<void>;
  search(query: string): Promise<Hits>;
  sqlSight(): Promise<SqlSight>;
  askSaved(name: string): ReturnType<typeof askSaved>;
  askSql(sql: string, signal: AbortSignal): Promise<Answer>;
}

/** Projects and challenges. */
export interface LabApp {
  state(lab: string): Promise<LabState>;
  /** What goes on in a lab now, until it ends; nothing where nothing does. */
  live(request: { lab: string; signal: AbortSignal }): AsyncIterable<ShownEvent>;
  picture(request: { lab: string; stage: number }): Promise<LabPicture>;
  solution(request: { lab: string; stage: number }): Promise<LabSolution>;
  start(request: { lab: string; language?: string | undefined }): Promise<unknown>;
  /** Resolves when the grading is under way. */
  check(request: { lab: string; stage?: number | undefined; level: 'quick' | 'full' }): Promise<void>;
  replay(request: { line: string }): Promise<void>;
  stop(lab: string): Promise<{ stopped: boolean }>;
  hint(request: { lab: string; stage: number }): Promise<Hint>;
  reset(request: { lab: string; language?: string | undefined }): Promise<Reset>;
}

/** What is met again. */
export interface ReviewApp {
  /** `beyond` the minutes of the day. */
  sight(beyond: boolean): Promise<ReviewSight>;
  grade(request: GradeRequest): ReturnType<typeof gradeCard>;
  undo(): ReturnType<typeof undoReview>;
  set(request: Parameters<typeof setCard>[0]): Promise<void>;
  add(request: Parameters<typeof addCards>[0]): ReturnType<typeof addCards>;
  picture(card: string): Promise<LabPicture>;
  export(format: ExportFormat): Promise<string>;
}
