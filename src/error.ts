/** The learner (or author) gave us something we can't use. Says what was expected, what came, and what to do. */
export class LearnerError extends Error {
  override readonly name = 'LearnerError';
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** Something outside our control failed: an engine, the network, the disk. Names the log when there is one. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
  readonly remedy: string;
  /** The last lines that the failing program printed, newest last. */
  readonly lastLines: readonly string[];
  readonly logPath: string | undefined;
  constructor(
    message: string,
    options: { remedy: string; lastLines?: readonly string[]; logPath?: string | undefined; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.remedy = options.remedy;
    this.lastLines = options.lastLines ?? [];
    this.logPath = options.logPath;
  }
}

/** A state that our own code promised never to reach. */
export class Bug extends Error {
  override readonly name = 'Bug';
}

/** What a face (CLI or server) shows of any error: never a stack trace, always what to do next. */
export interface ErrorReport {
  readonly kind: 'learner' | 'world' | 'bug';
  readonly message: string;
  readonly remedy: string;
  readonly lastLines: readonly string[];
  readonly logPath: string | undefined;
}

export function reportOf(error: unknown): ErrorReport {
  if (error instanceof LearnerError) {
    return { kind: 'learner', message: error.message, remedy: error.remedy, lastLines: [], logPath: undefined };
  }
  if (error instanceof WorldError) {
    const { message, remedy, lastLines, logPath } = error;
    return { kind: 'world', message, remedy, lastLines, logPath };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    kind: 'bug',
    message: `This is our mistake: ${message}`,
    remedy: 'Please report it with what you did before it; DEJ_DEBUG=1 prints the stack.',
    lastLines: [],
    logPath: undefined,
  };
}
