import type { HistoryEvent } from '#src/faults/history.ts';
import { SHIFT } from '#src/faults/clock.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';
import { actionCauses, type ActionCause } from '#src/grading/cause-action.ts';
import { kafkaCauses, type KafkaCause } from '#src/grading/cause-kafka.ts';
import { copyCauses, slotCauses, type SlotCause } from '#src/grading/cause-replication.ts';

/** Why a program fails, as far as the recorded order of its commits and files shows it. Words: wording.ts. */
export type Cause =
  | { readonly kind: 'position-after-commit'; readonly commit: number; readonly gapMs: number | undefined }
  | { readonly kind: 'position-before-commit'; readonly commit: number; readonly gapMs: number | undefined }
  | { readonly kind: 'many-commits-per-position'; readonly commits: number }
  | {
      readonly kind: 'two-transactions';
      readonly commit: number;
      readonly first: readonly string[];
      readonly second: readonly string[];
    }
  | { readonly kind: 'emptied-first'; readonly commit: number; readonly tables: readonly string[] }
  | { readonly kind: 'no-position'; readonly commits: number }
  | { readonly kind: 'started-over' }
  | { readonly kind: 'met-itself' }
  | { readonly kind: 'gave-up' }
  | { readonly kind: 'never-began' }
  | { readonly kind: 'refused'; readonly answer: string }
  | { readonly kind: 'elsewhere'; readonly wrote: readonly string[]; readonly asked: readonly string[] }
  | { readonly kind: 'nothing-written' }
  | { readonly kind: 'own-clock' }
  | { readonly kind: 'silent' }
  | ActionCause
  | KafkaCause
  | SlotCause;

export interface Evidence {
  /** The history of an undisturbed run. */
  readonly recorded: readonly HistoryEvent[];
  /** The history of the run that failed. */
  readonly failed: readonly HistoryEvent[];
  /** The one fault that the smallest schedule is left with; undefined where the program fails undisturbed. */
  readonly fault: Fault | undefined;
  /** All of them, where there are more. */
  readonly faults?: readonly Fault[];
  readonly anomalies: readonly Anomaly[];
  /** Names of files that are results: they tell nothing about a position. */
  readonly outputs: readonly string[];
  /** Tables that are results, where it isn't known which the program keeps for itself: they hold no position. */
  readonly results?: readonly string[] | undefined;
  /** Tables that the stage made for the program. */
  readonly asked?: readonly string[];
  /** The last lines of the program's own output. */
  readonly lastLines?: readonly string[];
  /** What PostgreSQL answered where the oracle's question did not fit the program's tables. */
  readonly refused?: readonly string[];
}

interface Commit {
  readonly nth: number;
  readonly beforeMs: number;
  readonly durableMs: number;
  readonly tables: readonly string[];
  readonly emptied: readonly string[];
}

/** The likely causes, at most two; none where the order shows none: a guess would be worse than silence. */
export function likelyCauses(evidence: Evidence): Cause[] {
  const { anomalies, fault } = evidence;
  const [answer] = evidence.refused ?? [];
  if (answer !== undefined) return [{ kind: 'refused', answer }];
  if (fault === undefined) {
    if (anomalies.includes('crashed'))
      return [{ kind: neverBegan(evidence.lastLines ?? []) ? 'never-began' : 'gave-up' }];
    const missed = missedTheTables(evidence);
    if (missed !== undefined) return [missed];
    const isLost = anomalies.every((anomaly) => anomaly === 'lost') && anomalies.length > 0;
    const ofKafka = evidence.recorded.some(({ lane }) => lane === 'kafka');
    return isLost ? [{ kind: ofKafka ? 'committed-unwritten' : 'silent' }] : [];
  }
  if (fault.action === SHIFT) return [{ kind: 'own-clock' }];
  const byAction = actionCauses(evidence.faults ?? [fault], evidence.failed, anomalies);
  if (byAction.length > 0) return byAction;
  if (fault.boundary.startsWith('kafka.'))
    return lostOrRepeated(anomalies) ? kafkaCauses(evidence.recorded, fault) : [];
  if (fault.boundary === 'pg.confirm' || fault.boundary === 'pg.slot') {
    const ofSlot = slotCauses(fault, anomalies, evidence);
    if (ofSlot.length > 0) return ofSlot;
  }
  if (lostOrRepeated(anomalies) && commitsOffsets(evidence.recorded)) return kafkaCauses(evidence.recorded, fault);
  const ofCopy = copyCauses(fault, anomalies, evidence);
  if (ofCopy.length > 0) return ofCopy;
  const commits = commitsOf(evidence.recorded, 1);
  // A program of no lab that gave up has not been shown to have parted what belongs together.
  const isOwnCrash = evidence.results !== undefined && anomalies.every((anomaly) => anomaly === 'crashed');
  const byTable = isOwnCrash ? [] : tableCauses(commits, fault, evidence.results);
  if (byTable.length > 0) return byTable;
  const byFile = fileCauses(commits, evidence);
  if (byFile.length > 0) return byFile;
  const repeated = anomalies.some((anomaly) => ['duplicate', 'crashed', 'not-idempotent'].includes(anomaly));
  if (!repeated) return [];
  if (anomalies.includes('crashed')) return [{ kind: 'met-itself' }];
  if (keepsNothing(commits, positions(evidence))) return [{ kind: 'no-position', commits: commits.length }];
  const again = commitsOf(evidence.failed, fault.incarnation + 1);
  return again.length >= commits.length && commits.length > 1 ? [{ kind: 'started-over' }] : [];
}

/** Its position stands in Kafka. */
function commitsOffsets(recorded: readonly HistoryEvent[]): boolean {
  return recorded.some(({ boundary }) => boundary === 'kafka.offset');
}

function lostOrRepeated(anomalies: readonly Anomaly[]): boolean {
  return anomalies.some((anomaly) => anomaly === 'lost' || anomaly === 'duplicate');
}

/** What interpreters say of a program that they can't read or find, whatever the lab. */
export function neverBegan(lastLines: readonly string[]): boolean {
  return lastLines.some((line) =>
    /^\s*(SyntaxError|IndentationError|TabError|ModuleNotFoundError|Error: Cannot find module|Error \[ERR_MODULE_NOT_FOUND\])|can't open file '|command not found/.test(
      line,
    ),
  );
}

/** The commits of one start of the program, in the order in which they became durable. */
export function commitsOf(history: readonly HistoryEvent[], incarnation: number): Commit[] {
  const commits = new Map<number, Commit>();
  for (const event of history) {
    if (event.boundary !== 'pg.commit' || event.nth === undefined || event.incarnation !== incarnation) continue;
    const known = commits.get(event.nth);
    commits.set(event.nth, {
      nth: event.nth,
      beforeMs: event.point === 'before' ? event.atMs : (known?.beforeMs ?? event.atMs),
      durableMs: event.point === 'after-durable' ? event.atMs : (known?.durableMs ?? event.atMs),
      tables: names(event.detail?.['tables']) ?? known?.tables ?? [],
      emptied: names(event.detail?.['emptied']) ?? known?.emptied ?? [],
    });
  }
  return [...commits.values()].sort((a, b) => a.nth - b.nth);
}

function names(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
}

/** All of it is missing, because it was written to another place, or never committed. */
function missedTheTables({ anomalies, recorded, asked = [] }: Evidence): Cause | undefined {
  if (!anomalies.includes('lost') || asked.length === 0) return undefined;
  const commits = commitsOf(recorded, 1);
  if (commits.length === 0) return { kind: 'nothing-written' };
  const wrote = [...new Set(commits.flatMap(({ tables }) => tables))];
  const isElsewhere = commits.every(({ tables }) => tables.length > 0) && !wrote.some((name) => asked.includes(name));
  return isElsewhere ? { kind: 'elsewhere', wrote, asked } : undefined;
}

/** What the commits wrote, where the proxy could tell. */
function tableCauses(commits: readonly Commit[], fault: Fault, results: readonly string[] = []): Cause[] {
  if (fault.boundary !== 'pg.commit' || fault.action !== 'kill') return [];
  // Held back before commit n, the last thing that counts is commit n − 1.
  const last = fault.point === 'before' ? fault.nth - 1 : fault.nth;
  const at = commits.findIndex(({ nth }) => nth === last);
  const done = commits[at];
  const next = commits[at + 1];
  if (done === undefined || next === undefined || done.tables.length === 0 || next.tables.length === 0) return [];
  const onlyEmptied = done.emptied.filter((table) => next.tables.includes(table) && !next.emptied.includes(table));
  if (onlyEmptied.length > 0) return [{ kind: 'emptied-first', commit: done.nth, tables: onlyEmptied }];
  // Results that are written one after the other are no position beside each other.
  const isResult = (commit: Commit): boolean => commit.tables.every((table) => results.includes(bare(table)));
  if (isResult(done) && isResult(next)) return [];
  if (disjoint(done.tables, next.tables))
    return [{ kind: 'two-transactions', commit: done.nth, first: done.tables, second: next.tables }];
  const other = commits.findIndex(
    (commit, index) => index > at && disjoint(commit.tables, done.tables) && !isResult(commit),
  );
  if (other === -1) return [];
  let from = at;
  while (from > 0 && !disjoint(commits[from - 1]?.tables ?? [], done.tables)) from--;
  return [{ kind: 'many-commits-per-position', commits: other - from }];
}

/** Without its schema and its quotes. */
function bare(table: string): string {
  return table.replaceAll('"', '').replace(/^.*\./, '');
}

function disjoint(a: readonly string[], b: readonly string[]): boolean {
  return a.length > 0 && b.length > 0 && !a.some((name) => b.includes(name));
}

/** When the program's own files changed, the results left out: one that changes with the commits keeps a position. */
function positions({ recorded, outputs }: Pick<Evidence, 'recorded' | 'outputs'>): number[] {
  const times = new Map<string, number[]>();
  for (const { lane, kind, text, detail, atMs } of recorded) {
    if (lane !== 'file' || kind !== 'changed') continue;
    const file = typeof detail?.['path'] === 'string' ? detail['path'] : text;
    if (outputs.some((name) => file === name || file.endsWith(`/${name}`) || file.startsWith(`${name}/`))) continue;
    if (/\.(log|pyc|tmp)$|__pycache__|(^|\/)\.[^/]*$/.test(file)) continue;
    times.set(file, [...(times.get(file) ?? []), atMs]);
  }
  // The one that changes most often; a file that is written once at the end says nothing.
  const [most] = [...times.values()].sort((a, b) => b.length - a.length);
  return (most ?? []).sort((a, b) => a - b);
}

/**
 * A position that is saved after each commit has not changed before the first and changes once more after the last; one
 * that is saved before each commit does the opposite. Where both or neither hold, both candidates are given.
 */
function fileCauses(commits: readonly Commit[], evidence: Evidence): Cause[] {
  const changes = positions(evidence);
  const [first] = commits;
  const last = commits.at(-1);
  // A program of which nothing is known writes files of all kinds: a position would change with the commits.
  if (evidence.results !== undefined && changes.length * 2 < commits.length) return [];
  if (changes.length === 0 || first === undefined || last === undefined) return [];
  const isRepeated = evidence.anomalies.includes('duplicate') || evidence.anomalies.includes('crashed');
  if (isRepeated && changes.length * 2 <= commits.length && commits.length > 2)
    return [{ kind: 'many-commits-per-position', commits: Math.round(commits.length / changes.length) }];
  const nth = evidence.fault?.boundary === 'pg.commit' ? evidence.fault.nth : first.nth;
  const commit = commits.find((one) => one.nth === nth) ?? first;
  const later = changes.find((at) => at >= commit.durableMs);
  const earlier = changes.findLast((at) => at <= commit.beforeMs);
  const after: Cause = {
    kind: 'position-after-commit',
    commit: commit.nth,
    gapMs: later === undefined ? undefined : later - commit.durableMs,
  };
  const before: Cause = {
    kind: 'position-before-commit',
    commit: commit.nth,
    gapMs: earlier === undefined ? undefined : commit.beforeMs - earlier,
  };
  const leads = changes.some((at) => at <= first.beforeMs);
  const trails = changes.some((at) => at >= last.durableMs);
  // The order alone says which it is; a candidate that could not lead to what was found is none.
  const loses = evidence.anomalies.includes('lost');
  return [...(isRepeated && (trails || !leads) ? [after] : []), ...(loses && (leads || !trails) ? [before] : [])];
}

/** No file of its own, and never a second table beside the first. */
function keepsNothing(commits: readonly Commit[], changes: readonly number[]): boolean {
  const tables = new Set(commits.flatMap((commit) => commit.tables));
  return commits.length > 0 && changes.length === 0 && tables.size === 1;
}
