import {
  finding,
  type CaseFinding,
  type ExerciseBench,
  type ExerciseCase,
  type ExercisePlace,
  type Play,
} from '#src/grading/api.ts';

const LAMPS = 800;
const ROWS = 8;

/**
 * What each place begins with: two tables, and what the shop does while they are copied. Each call moves lamps, so that a
 * torn copy has too many or too few, and writes down the moment, and whether another session held a snapshot.
 */
const TABLES = `
  CREATE TABLE berlin (id int PRIMARY KEY, lamps int NOT NULL) WITH (autovacuum_enabled = off);
  CREATE TABLE lyon (id int PRIMARY KEY, lamps int NOT NULL) WITH (autovacuum_enabled = off);
  INSERT INTO berlin SELECT n, 100 FROM generate_series(1, 4) n;
  INSERT INTO lyon SELECT n, 100 FROM generate_series(1, 4) n;
  CREATE TABLE call (n serial, at timestamptz NOT NULL, held boolean NOT NULL);
  CREATE PROCEDURE goes_on() LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO call (at, held) SELECT clock_timestamp(), EXISTS (
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL);
    UPDATE berlin SET lamps = lamps - 5;
    UPDATE lyon SET lamps = lamps + 5;
  END $$;
`;

export const cases: readonly ExerciseCase[] = [
  { id: 'one-moment', title: 'Lamps are moved while the tables are copied', play: oneMoment },
  { id: 'as-of', title: 'The copy says of which moment it is', play: asOf },
  { id: 'released', title: 'No snapshot is open while the file is made', play: released },
  { id: 'again', title: 'Copied again, later', play: again },
  { id: 'killed-fetching', title: 'Killed while a table is copied', play: (bench) => killed(bench, 'fetch') },
  { id: 'killed-converting', title: 'Killed while the file is made', play: (bench) => killed(bench, 'convert') },
];

async function oneMoment(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const { play } = await copied(bench);
  return sound(
    play,
    'moved 20 lamps from Berlin to Lyon each time the shop went on',
    'The tables were read at two moments: a move between them is seen at one end only.',
  );
}

async function asOf(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const { place, play } = await copied(bench);
  const told = seen(play)?.asOf ?? 'nothing';
  const [row] = await place.query(
    `SELECT min(at) > '${told}' AS before_first, min(at) - interval '1 minute' < '${told}' AS fresh FROM call`,
  );
  if (row?.['before_first'] === true && row['fresh'] === true) return undefined;
  return wrong({
    anomaly: 'wrong-report',
    did: 'moved lamps right after the first table was copied, and compared as_of with that moment',
    expected: 'as_of before the first move',
    found: `as_of ${told}, which is not`,
    likely:
      'That moment belongs to the end of the work, or to another clock, and not to the snapshot that the rows are of.',
  });
}

async function released(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const { place } = await copied(bench);
  const [row] = await place.query('SELECT held FROM call ORDER BY n DESC LIMIT 1');
  if (row?.['held'] === false) return undefined;
  return wrong({
    anomaly: 'over-budget',
    did: 'looked, while convert worked, whether somebody held a snapshot',
    expected: 'no snapshot is open while the file is made',
    found: 'yours was open',
    likely:
      'The transaction that read the tables goes on while the file is made. As long as it is open, no dead row of the shop can be removed.',
  });
}

async function again(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const { place, play: first } = await copied(bench);
  const second = await place.run();
  const did = 'ran your program twice';
  const found = sound(second, did, 'The second copy was added to the first, or is not of one moment.');
  if (found !== undefined) return found;
  const [before, after] = [seen(first)?.asOf ?? '', seen(second)?.asOf ?? ''];
  if (Date.parse(after) > Date.parse(before)) return undefined;
  return wrong({
    anomaly: 'stale',
    did,
    expected: 'a later as_of from the second run',
    found: `${after} after ${before}`,
    likely: 'A copy was there already, and the second run left it as it was.',
  });
}

async function killed(bench: ExerciseBench, where: 'fetch' | 'convert'): Promise<CaseFinding | undefined> {
  const { place, play: first } = await copied(bench);
  await place.write('die', where);
  await place.run({ mayFail: true });
  await place.write('die', 'no more');
  const did = `made one copy, ended your program in ${where} while it made the next, and read the copy`;
  await place.write('only-read', '');
  const read = await place.run({ mayFail: true });
  const old = seen(first)?.asOf;
  if (seen(read) === undefined || seen(read)?.asOf !== old) {
    return wrong({
      anomaly: 'partial-write',
      did,
      expected: `the old copy, as of ${old ?? 'the first run'}`,
      found: seen(read) === undefined ? 'no copy that can be read' : `a copy as of ${seen(read)?.asOf ?? ''}`,
      likely: 'The new copy is made at the place of the old one. Until it is whole, there is neither.',
    });
  }
  return sound(read, did, 'What was read is not the old copy.');
}

/** A place in which the program has made its first copy. */
async function copied(bench: ExerciseBench): Promise<{ place: ExercisePlace; play: Play }> {
  const place = await bench.place({ sql: TABLES });
  return { place, play: await place.run() };
}

interface Seen {
  readonly lamps: number;
  readonly rows: number;
  readonly asOf: string;
}

/** What the program says of its copy: the last line of its own. */
function seen({ lines }: Play): Seen | undefined {
  const found = lines.map((line) => /^lamps (\d+) rows (\d+) as of (\S+)$/.exec(line.trim())).findLast(Boolean);
  if (found === null || found === undefined) return undefined;
  return { lamps: Number(found[1]), rows: Number(found[2]), asOf: found[3] ?? '' };
}

function sound(play: Play, did: string, likely: string): CaseFinding | undefined {
  const copy = seen(play);
  const expected = `${LAMPS} lamps in ${ROWS} rows`;
  if (copy?.lamps === LAMPS && copy.rows === ROWS) return undefined;
  const found = copy === undefined ? 'no copy that can be read' : `${copy.lamps} lamps in ${copy.rows} rows`;
  if (copy !== undefined && copy.rows > ROWS) return wrong({ anomaly: 'duplicate', did, expected, found, likely });
  if (copy !== undefined && copy.rows < ROWS) return wrong({ anomaly: 'lost', did, expected, found, likely });
  return wrong({ anomaly: 'corrupted', did, expected, found, likely });
}

function wrong(of: Omit<CaseFinding, 'count' | 'witnesses'>): CaseFinding {
  const { anomaly, expected, found, did, likely } = of;
  return { ...finding({ anomaly, expected, found, count: 1 }), did, likely };
}
