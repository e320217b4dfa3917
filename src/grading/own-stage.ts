import { LearnerError } from '#src/error.ts';
import { finding, type Finding } from '#src/grading/anomaly.ts';
import type { Stage, StagePlan, Trial } from '#src/grading/api.ts';
import { isMeant, type Compared, type Ignored } from '#src/grading/compared.ts';
import { fileState } from '#src/grading/output-files.ts';
import { compareStates, restless, settled, type OwnState } from '#src/grading/own-state.ts';
import { topicStates } from '#src/grading/topic-state.ts';
import { quote, readTables, type TableState } from '#src/grading/table-state.ts';
import { ATTACK, type Restless } from '#src/grading/wording-attack.ts';
import { nearest } from '#src/nearest.ts';

export interface OwnStageOptions {
  readonly compared: readonly Compared[];
  readonly ignored: readonly Ignored[];
  /** Compare the server's serial numbers, too. */
  readonly serials: boolean;
  /** Tables of which a reader must never see a part. */
  readonly atomic: readonly string[];
  /** A second run after the end must leave the same. */
  readonly rerun: boolean;
  /** Other clocks under which it must leave the same. */
  readonly clocks: readonly string[];
  /** How often a start that nobody disturbed may fail after a fault before the program counts as broken. */
  readonly restarts: number;
  readonly env: Readonly<Record<string, string>>;
  readonly prepare: StagePlan['prepare'];
  readonly broker: StagePlan['broker'];
}

/** The stage of a program that belongs to no lab: what it leaves undisturbed is the truth. */
export interface OwnStage {
  readonly stage: Stage;
  /**
   * Called when undisturbed runs have been recorded: from here on every run is compared with them. Says what they differ
   * in; then there is nothing to compare with.
   */
  settle(): readonly Restless[];
  /** What is compared; undefined until it is settled. */
  truth(): OwnState | undefined;
}

const OF_KAFKA = [{ boundary: 'kafka.offset' }, { boundary: 'kafka.produce' }, { boundary: 'kafka.endtxn' }];

export function ownStage(options: OwnStageOptions): OwnStage {
  const calm: OwnState[] = [];
  let truth: OwnState | undefined;
  const plan: StagePlan = {
    noun: { one: 'row', many: 'rows' },
    inputs: {},
    env: options.env,
    fill: true,
    restarts: options.restarts,
    // A stream need not go on after its last commit: what only one undisturbed run passed is no point.
    attack: [
      { boundary: 'pg.commit', byRole: options.broker?.stream !== undefined },
      ...(options.broker === undefined ? [] : OF_KAFKA),
    ],
    rerun: options.rerun,
    clocks: options.clocks,
    ...(options.prepare === undefined ? {} : { prepare: options.prepare }),
    ...(options.broker === undefined ? {} : { broker: options.broker }),
    ...(options.atomic.length === 0 ? {} : { reader: readerOf(options.atomic) }),
    judge: async (trial) => {
      const state = await stateOf(trial, options, truth === undefined);
      const seen = await partly(trial, options.atomic);
      if (truth !== undefined) return [...compareStates(truth, state), ...seen];
      calm.push(state);
      return seen;
    },
  };
  return {
    // What is compared is no position, however often it is written.
    stage: () => ({ ...plan, outputs: (truth?.files ?? []).map(({ path }) => path) }),
    truth: () => truth,
    settle() {
      const [one, other] = calm;
      if (one === undefined || other === undefined) return [];
      const found = restless(one, other);
      if (found.length === 0) truth = settled(one, other);
      options.broker?.stream?.settle();
      return found;
    },
  };
}

/** `isFirst`: what is named must be there, because a comparison of nothing would pass. */
async function stateOf(trial: Trial, options: OwnStageOptions, isFirst: boolean): Promise<OwnState> {
  const patterns = (kind: Compared['kind']): string[] =>
    options.compared.filter((one) => one.kind === kind).map(({ pattern }) => pattern);
  const { ignored, serials } = options;
  const { tables, missing, there } = await readTables(trial, { patterns: patterns('table'), ignored, serials });
  const named = patterns('topic');
  const contents = await trial.topics((name) => named.some((pattern) => isMeant(pattern, name)));
  const { topics, missing: gone } = topicStates(contents, { patterns: named, ignored });
  const globs = patterns('file');
  const outputs = globs.length === 0 ? [] : await trial.outputs();
  const files = outputs.filter(({ path }) => globs.some((glob) => isMeant(glob, path))).map(fileState);
  if (isFirst) {
    for (const name of missing) throw noTable(name, there);
    for (const name of gone)
      throw noTopic(
        name,
        contents.map((one) => one.name),
      );
    for (const glob of globs) if (!files.some(({ path }) => isMeant(glob, path))) throw noFile(glob, outputs);
    for (const one of ignored) checkIgnored(one, [...tables, ...topics]);
  }
  return { tables, topics, files };
}

function noTable(name: string, there: readonly string[]): LearnerError {
  const near = nearest(name, there);
  const all = there.length === 0 ? 'There is no table at all' : `There are ${there.slice(0, 20).join(', ')}`;
  return new LearnerError(
    `after an undisturbed run there is no table ${JSON.stringify(name)} in the database that the program was given`,
    near === undefined ? `${all}. Let the program connect by DATABASE_URL or PGHOST …` : `Did you mean ${near}?`,
  );
}

function noTopic(name: string, there: readonly string[]): LearnerError {
  const near = nearest(name, there);
  const all = there.length === 0 ? 'There is no topic at all' : `There are ${there.slice(0, 20).join(', ')}`;
  return new LearnerError(
    `after an undisturbed run there is no topic ${JSON.stringify(name)} on the Kafka that the program was given`,
    near === undefined ? `${all}. Let the program connect by KAFKA_BOOTSTRAP` : `Did you mean ${near}?`,
  );
}

function noFile(glob: string, outputs: readonly { readonly path: string }[]): LearnerError {
  const names = outputs.slice(0, 10).map(({ path }) => path);
  return new LearnerError(
    `after an undisturbed run no file of OUTPUT_DIR is called ${JSON.stringify(glob)}`,
    names.length === 0 ? 'Nothing was written to OUTPUT_DIR.' : `There are ${names.join(', ')}.`,
  );
}

function checkIgnored(
  { table, column }: Ignored,
  tables: readonly Pick<TableState, 'name' | 'rows' | 'ignored'>[],
): void {
  if (tables.some(({ ignored }) => ignored.includes(column))) return;
  throw new LearnerError(
    `--ignore ${table}.${column} means no column and no field of what is compared`,
    `There are ${tables.map(({ name, rows }) => `${name} (${Object.keys(rows[0] ?? {}).join(', ')})`).join('; ')}.`,
  );
}

/** A fingerprint and a count of each table, as a reader sees them at one moment. */
function readerOf(tables: readonly string[]): string {
  const columns = tables.flatMap((table, at) => {
    const from = table.split('.').map(quote).join('.');
    return [
      `(SELECT count(*) FROM ${from}) AS n${at}`,
      `(SELECT md5(coalesce(string_agg(h, '' ORDER BY h), '')) FROM (SELECT md5(t::text) AS h FROM ${from} t) s) AS h${at}`,
    ];
  });
  return `SELECT ${columns.join(', ')}`;
}

/** What a reader saw of a table is what stood there first, or what stands there at last. */
async function partly(trial: Trial, tables: readonly string[]): Promise<Finding[]> {
  if (tables.length === 0) return [];
  const [last] = await trial.query(readerOf(tables));
  const samples = trial.samples.flatMap(([row]) => (row === undefined ? [] : [row]));
  const [first] = samples;
  if (first === undefined || last === undefined) return [];
  return tables.flatMap((table, at) => {
    const odd = samples.find((row) => row[`h${at}`] !== first[`h${at}`] && row[`h${at}`] !== last[`h${at}`]);
    if (odd === undefined) return [];
    const count = (row: Readonly<Record<string, unknown>>): number => Number(row[`n${at}`]);
    const found = ATTACK.saw(table, count(odd), count(first), count(last));
    const missing = Math.max(1, Math.abs(count(last) - count(odd)));
    return [finding({ anomaly: 'partial-write', expected: ATTACK.whole(table), found, count: missing })];
  });
}
