import type { LogTail } from '#src/engines/log.ts';
import type { Paths } from '#src/paths.ts';

/** The engines of this version. Later ones come through the same interface. */
export const ENGINE_NAMES = [
  'duckdb',
  'postgres',
  'python',
  'lake',
  'kafka',
  'connect',
  's3',
  'node',
  'spark',
  'pyspark',
] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** Told while something long goes on: what, and how far in bytes where that is known. */
export interface Progress {
  readonly what: string;
  readonly doneBytes?: number | undefined;
  readonly totalBytes?: number | undefined;
}
export type OnProgress = (progress: Progress) => void;

/** It can't be had here; the remedy says what the learner can do. */
export interface Missing {
  readonly state: 'missing';
  readonly why: string;
  readonly remedy: string;
}

/** It can be fetched: nothing is asked, its size is shown. */
export interface Available {
  readonly state: 'available';
  /** What will be downloaded, in bytes, about. */
  readonly downloadBytes: number;
  install(onProgress: OnProgress, signal?: AbortSignal): Promise<Installed>;
}

/** It is on this machine and can start. */
export interface Installed {
  readonly state: 'installed';
  readonly version: string;
  readonly diskBytes: number;
  start(context: StartContext): Promise<Running>;
}

/** It answers. What it owns ends with `stop`. */
export interface Running {
  readonly state: 'running';
  readonly version: string;
  /** Where the learner's own one is, which is used instead of one of ours. */
  readonly at?: string | undefined;
  /** The processes at the top of its trees. */
  pids(): number[];
  /** A clean place to run one block in; ready ones are kept ahead. Rejects when the engine has died. */
  sandbox(request: SandboxRequest, onProgress: OnProgress): Promise<Sandbox>;
  /** Resolves with the reason when the engine ends without being told to. */
  readonly died: Promise<EngineDeath>;
  /** Ends every process and removes what belongs to this start. */
  stop(): Promise<void>;
}

export interface EngineDeath {
  readonly message: string;
  readonly lastLines: readonly string[];
  readonly logPath: string | undefined;
}

export interface StartContext {
  readonly paths: Paths;
  /** A folder for this start alone, which exists and is removed after it. */
  readonly directory: string;
  /** The engine's own log. */
  readonly log: LogTail;
  /** Marks every process (see process.ts), so that a later start can reap what a crash left. */
  readonly marker: string;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** A place on another engine that this one stands on; the other stays up while it is held. */
  lease(engine: EngineName, request: SandboxRequest): Promise<Sandbox>;
}

export interface SandboxRequest {
  /** The named part of the shared data set that must be there, for example `shop`. */
  readonly data: string | undefined;
  /** Extensions of the engine that the block loads; fetched when they are not there yet. */
  readonly extensions?: readonly string[] | undefined;
  /** A whole server for this place alone, whose administrator it is; PostgreSQL and Kafka have it. */
  readonly own?: boolean | undefined;
  /** A database on the learner's own server of MongoDB's protocol; Python's blocks have it. */
  readonly documents?: boolean | undefined;
}

/** Where a block's code is sent. A socket path reaches a worker that speaks the protocol of worker.ts. */
export type Address =
  | {
      readonly kind: 'worker';
      readonly engine: EngineName;
      readonly socketPath: string;
      readonly directory: string;
      /** Variables of the block beside the usual ones. */
      readonly env?: Readonly<Record<string, string>> | undefined;
    }
  | {
      readonly kind: 'postgres';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
      /** How the connection is kept private, as in a URL of PostgreSQL; not at all where this is left out. */
      readonly sslmode?: string | undefined;
      /** A file of certificates that the server's own is checked against. */
      readonly sslrootcert?: string | undefined;
    }
  /** A service that programs reach by what stands in these variables; a worker runs the blocks of its own, if it has any. */
  | {
      readonly kind: 'service';
      readonly engine: EngineName;
      readonly env: Readonly<Record<string, string>>;
      readonly worker?: { readonly socketPath: string; readonly directory: string } | undefined;
    };

/**
 * What is done to a server: `kill` ends all of its processes at once, `rewind` is an end without a checkpoint, `restart` one in
 * order, and after each it starts again at the same address. `pause` stops it in the midst of what it does until `resume`.
 * `mark` remembers where the replication slots are, which is where a `rewind` finds them.
 */
export type Harm = 'kill' | 'rewind' | 'mark' | 'restart' | 'pause' | 'resume';

export interface Sandbox {
  readonly address: Address;
  /** Where it is, when that is not where whoever asked would look for it: a sentence. */
  readonly note?: string | undefined;
  /** Does this to the server, where it is this place's own; resolves when it answers again, or stands still. */
  readonly harm?: ((how: Harm) => Promise<void>) | undefined;
  /** Ends what runs in it and throws it away. */
  close(): Promise<void>;
}

/** One engine. `find` looks, quickly and without changing anything. */
export interface Engine {
  readonly name: EngineName;
  readonly title: string;
  /** One sentence for the engines page. */
  readonly purpose: string;
  find(): Promise<Missing | Available | Installed>;
  /** Removes what was fetched and prepared for it; there is none where it came with our own packages. */
  readonly clear?: (() => Promise<void>) | undefined;
}
