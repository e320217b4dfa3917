import type { EngineAction, EngineEvent } from '#src/commands/engines.ts';
import type { EngineName } from '#src/engines/engine.ts';
import type { EngineStatus } from '#src/engines/status.ts';
import type { RunEvent } from '#src/runner/event.ts';

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
}
