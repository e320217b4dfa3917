import type { HistoryEvent } from '#src/faults/history.ts';
import type { KafkaRecord } from '#src/faults/kafka-hands.ts';
import type { HttpLog } from '#src/faults/http-ledger.ts';
import type { HttpSourceOptions } from '#src/faults/http-source.ts';
import type { Finding, Noun } from '#src/grading/anomaly.ts';
import type { Row } from '#src/grading/canonical.ts';
import type { AttackRule } from '#src/grading/enumerate.ts';
import type { Feed } from '#src/grading/feeds.ts';
import type { BrokerPlan } from '#src/grading/broker-scene.ts';
import type { KafkaFed, KafkaPlan } from '#src/grading/kafka-scene.ts';
import type { TopicContent } from '#src/grading/topic-state.ts';
import type { StreamPlan } from '#src/grading/stream.ts';
import type { Exit } from '#src/process.ts';
import type { Random } from '#src/random.ts';

export type { CaseFinding, ExerciseBench, ExerciseCase, ExercisePlace, Play } from '#src/grading/exercise-case.ts';
export { killsOf } from '#src/grading/exercise-kills.ts';
export { faultWords } from '#src/grading/wording.ts';
export { finding, type Anomaly, type Finding, type Noun } from '#src/grading/anomaly.ts';
export { canonicalCell, canonicalRow, type Row } from '#src/grading/canonical.ts';
export { compareParted, type BadRecord, type Conservation, type GoodRecord } from '#src/grading/conservation.ts';
export { BESIDES_KILLS, type AttackRule } from '#src/grading/attack-rule.ts';
export { linesTwice, otherFiles, otherOrder, type Feed } from '#src/grading/feeds.ts';
export { gaps, notParked, partialWrites } from '#src/grading/oracle-more.ts';
export { compareRows, type Comparison } from '#src/grading/oracle.ts';
export { compareReport, type ReportComparison } from '#src/grading/report.ts';
export { judgeRequests, neverSettled, mostRetries, type RequestRules } from '#src/grading/requests.ts';
export { neverBack, neverFalls, onlySees } from '#src/grading/seen.ts';
export {
  confirmedSince,
  LOG_END,
  logPosition,
  SLOT_IS_IDLE,
  SLOT_IS_READ,
  slotIsReadSince,
} from '#src/grading/slot-state.ts';
export { passedOn } from '#src/grading/latency.ts';
export { contentOf, headerOf, outOfOrder, type Content } from '#src/grading/kafka-records.ts';
export { STREAM } from '#src/grading/wording-kafka.ts';
export { SLOT } from '#src/grading/wording-replication.ts';
export { ASKED, DELIVERY } from '#src/grading/wording-found.ts';
export { mutated, type FileMutation } from '#src/faults/files.ts';
export type { KafkaRecord } from '#src/faults/kafka-hands.ts';
export type { KafkaFed, KafkaFeed, KafkaPlan } from '#src/grading/kafka-scene.ts';
export type { StreamDriver, StreamPlan } from '#src/grading/stream.ts';
export type { HistoryEvent } from '#src/faults/history.ts';
export type { HttpLog, HttpRequestNote } from '#src/faults/http-ledger.ts';
export type { HttpPayment, HttpSourceOptions } from '#src/faults/http-source.ts';
export type { HttpTrouble } from '#src/faults/http-troubles.ts';
export type { Random } from '#src/random.ts';

/**
 * All that a grader.ts may import. That of a lab exports `stage1`, `stage2`, … of the type `Stage`; each makes inputs
 * and their truth from a seed and a size, and judges what a program left behind. It starts nothing and waits for nothing.
 * That of a guide's exercise exports `cases`; see `ExerciseCase`.
 */
export type Stage = (input: StageInput) => StagePlan | Promise<StagePlan>;

export interface StageInput {
  readonly seed: number;
  /** How many things (orders, payments) the input holds. */
  readonly size: number;
  /** Seeded with `seed`; fork it for each kind of thing. */
  readonly random: Random;
}

export interface StagePlan {
  readonly noun: Noun;
  /** The files of INPUT_DIR: path below it, content. */
  readonly inputs: Readonly<Record<string, string | Uint8Array>>;
  /** Other forms of the input after which the result must be the same; see `linesTwice`, `otherOrder`, `otherFiles`. */
  readonly feeds?: readonly Feed[];
  /**
   * Other clocks of the machine under which the result must be the same: `+1d`, `-20y`. Tried from level full on, where
   * the program's language allows it.
   */
  readonly clocks?: readonly string[];
  /** SQL that is run before the first start, as the learner's role. */
  readonly tables?: readonly string[];
  /** Whatever else is needed before the first start. */
  readonly prepare?: (place: Prepared) => Promise<void>;
  /** What the HTTP source holds and how it misbehaves; its address comes as PAYMENTS_URL. */
  readonly http?: HttpSourceOptions;
  /** Beside DATABASE_URL, INPUT_DIR, OUTPUT_DIR and what the lab declares. */
  readonly env?: Readonly<Record<string, string>>;
  /** The program runs until it is told to stop: how it is fed, and when it is. */
  readonly stream?: StreamPlan;
  /** The program reads and writes topics of Kafka until it is told to stop; its address comes as KAFKA_BOOTSTRAP. */
  readonly kafka?: KafkaPlan;
  /** A program of no lab has a whole broker for each run, with topics by the names that it is used to. */
  readonly broker?: BrokerPlan;
  /** Each run has a PostgreSQL server of its own, for slots and for faults of the server; none of the learner's own will do. */
  readonly ownServer?: boolean;
  /** Which boundaries are attacked; where it is empty, only undisturbed runs are judged. */
  readonly attack?: readonly AttackRule[];
  /** `{NAME}` in the program's arguments and in `env` stands for what it is given as NAME. */
  readonly fill?: boolean;
  /** How often, after a fault, a start that nobody disturbed may fail and is begun again. */
  readonly restarts?: number;
  /** The exit code of a program that did right; 0 where it isn't given. */
  readonly expectedExit?: number;
  /** Other exit codes to which the contract gives a meaning: ending so is no crash. */
  readonly codes?: readonly number[];
  /** A second undisturbed run must leave the same: it is judged again. */
  readonly rerun?: boolean;
  /** A query that a concurrent reader asks after every commit of the program. */
  readonly reader?: string;
  /** Further runs in the same place, after the first one was right; only where no fault is tried. */
  readonly then?: readonly FollowUp[];
  /** Files below OUTPUT_DIR that are results; another file that changes with the commits is taken for a position. */
  readonly outputs?: readonly string[];
  /** Called when the program has ended by itself with the expected exit code. No finding means: right. */
  judge(trial: Trial): Promise<readonly Finding[]> | readonly Finding[];
  /** What was measured, a sentence each; asked of an undisturbed run that was right, told with a pass, and never judged. */
  readonly figures?: (trial: Trial) => Promise<readonly string[]> | readonly string[];
}

/** A place in which the program will be run. */
export interface Prepared {
  /** Absolute folders: where the program is started, INPUT_DIR, OUTPUT_DIR. */
  readonly cwd: string;
  readonly inputs: string;
  readonly outputs: string;
  /** What leads to the engines themselves, and not to what stands before them: DATABASE_URL, PGHOST … */
  readonly env: Readonly<Record<string, string>>;
  query(sql: string): Promise<unknown>;
}

/** The program is run once more on other inputs, which take the place of the former ones. */
export interface FollowUp {
  /** What is done, as the verdict says it after "We did". */
  readonly did: string;
  readonly inputs: StagePlan['inputs'];
  readonly expectedExit?: number;
  judge(trial: Trial): Promise<readonly Finding[]> | readonly Finding[];
}

/** One run of the learner's program under one schedule, ended and quiet: to be looked at. */
export interface Trial {
  /** Asks the learner's database directly; rows in the order in which PostgreSQL gives them, numerics as text. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** What a reader of committed records sees in a topic, by partition and offset; the topic by its name in the plan. */
  records(topic: string): Promise<readonly KafkaRecord[]>;
  /** What was written to a topic while the program ran (`later` and `last` of its plan), and when that was. */
  fed(topic: string): readonly KafkaFed[];
  /** All topics of a broker that belongs to the run alone, with the records of those that are meant. */
  topics(isMeant: (name: string) => boolean): Promise<readonly TopicContent[]>;
  /** A file below OUTPUT_DIR as text; undefined where there is none. */
  output(path: string): Promise<string | undefined>;
  /** All files below OUTPUT_DIR, sorted by path; those that are links or very large are left out. */
  outputs(): Promise<readonly { readonly path: string; readonly bytes: Buffer }[]>;
  /** One for each start, the last one being the end. */
  readonly exits: readonly Exit[];
  readonly history: readonly HistoryEvent[];
  /** What the HTTP source wrote down itself. */
  readonly http: HttpLog | undefined;
  /** What the concurrent reader saw, oldest first, repetitions left out. */
  readonly samples: readonly (readonly Row[])[];
}
