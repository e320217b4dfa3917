import type { EngineAction, EngineEvent } from '#src/commands/engines.ts';
import type { GuideRecord, Progress, saveNote } from '#src/commands/journal.ts';
import type { PlanChange, PlanSight } from '#src/commands/plan.ts';
import type { Today } from '#src/commands/today.ts';
import type { EngineName } from '#src/engines/engine.ts';
import type { EngineStatus } from '#src/engines/status.ts';
import type { RunEvent } from '#src/runner/event.ts';
import type { GuideProgress } from '#src/study/progress.ts';

/** The commands that the server is a face of. */
export interface App {
  runBlock(request: {
    guide: string;
    block: string;
    code?: string | undefined;
    signal: AbortSignal;
  }): AsyncIterable<RunEvent>;
  engines(): Promise<readonly EngineStatus[]>;
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
}
