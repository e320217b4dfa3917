import { finding, MAX_WITNESSES, type Anomaly, type Finding, type Noun } from '#src/grading/anomaly.ts';
import { canonicalCell, type Row } from '#src/grading/canonical.ts';
import { compareRows } from '#src/grading/oracle.ts';
import * as words from '#src/grading/wording-found.ts';

/** A record of the input that belongs in the table. */
export interface GoodRecord {
  /** As it stands in the input. */
  readonly raw: string;
  readonly row: Row;
}

/** A record of the input that belongs in quarantine. */
export interface BadRecord {
  readonly raw: string;
  readonly reason: string;
  /** What it would be called in the table, where a program lets it in: several where it is a whole file. */
  readonly keys?: readonly string[];
}

export interface Conservation {
  readonly noun: Noun;
  readonly good: readonly GoodRecord[];
  readonly bad: readonly BadRecord[];
  /** The column that says which thing a row is about. */
  readonly key: string;
  /** The rows of the table, and the rows (`raw`, `reason`) of the quarantine. */
  readonly loaded: readonly Row[];
  readonly parked: readonly Row[];
  /** Where it is not a table and a quarantine. */
  readonly places?: words.Places;
}

/** The worst first: what is gone, then what is there too often, then what is there and wrong. */
const GRAVITY: readonly Anomaly[] = [
  'lost',
  'not-parked',
  'duplicate',
  'corrupted',
  'wrongly-parked',
  'wrong-reason',
  'phantom',
];

/** Input = loaded ⊎ parked: every record of the input is in exactly one of the two places, once, and unchanged. */
export function compareParted(of: Conservation): Finding[] {
  const { noun, good, bad } = of;
  const expected = words.partedWords(good.length, bad.length, noun, of.places);
  const told = [...tableFindings(of), ...quarantineFindings(of)].map((one) => ({ ...one, expected }));
  return told.toSorted((a, b) => GRAVITY.indexOf(a.anomaly) - GRAVITY.indexOf(b.anomaly));
}

/** The good rows one by one; a bad record that was let in is told as what it is. */
function tableFindings({ good, bad, key, loaded, parked, noun, places }: Conservation): Finding[] {
  const told = teller(places);
  const due = new Set(good.map(({ row }) => canonicalCell(row[key])));
  const there = new Set(loaded.map((row) => canonicalCell(row[key])));
  const names = new Map(bad.flatMap((one) => (one.keys ?? []).map((name) => [canonicalCell(name), one] as const)));
  const isLetIn = (row: Row): boolean => {
    const name = canonicalCell(row[key]);
    return !due.has(name) && names.has(name);
  };
  const letIn = loaded.filter(isLetIn).map((row) => names.get(canonicalCell(row[key]))?.raw ?? '');
  const keptOut = new Set(parked.map(({ raw }) => String(raw)));
  const parkedGood = good.filter(({ raw }) => keptOut.has(raw));
  const inBoth = parkedGood.filter(({ row }) => there.has(canonicalCell(row[key])));
  const only = parkedGood.filter(({ row }) => !there.has(canonicalCell(row[key])));
  const isKeptOut = new Set(only);
  return [
    ...compareRows({
      noun,
      truth: good.filter((one) => !isKeptOut.has(one)).map(({ row }) => row),
      found: loaded.filter((row) => !isLetIn(row)),
      key: [key],
    }),
    ...told('not-parked', 'let-in', letIn),
    ...told('duplicate', 'in-both', raws(inBoth)),
    ...told('wrongly-parked', 'kept-out', raws(only)),
  ];
}

function quarantineFindings({ good, bad, key, loaded, parked, places }: Conservation): Finding[] {
  const told = teller(places);
  const goodRaws = new Set(good.map(({ raw }) => raw));
  const found = new Map<string, string[]>();
  for (const { raw, reason } of parked) {
    const text = String(raw);
    if (!goodRaws.has(text)) found.set(text, [...(found.get(text) ?? []), String(reason)]);
  }
  const there = new Set(loaded.map((row) => canonicalCell(row[key])));
  const missing: string[] = [];
  const reasons: string[] = [];
  const twice: string[] = [];
  for (const { raw, reason, keys = [] } of bad) {
    const stored = found.get(raw);
    found.delete(raw);
    if (stored === undefined) {
      if (!keys.some((name) => there.has(canonicalCell(name)))) missing.push(raw);
      continue;
    }
    if (stored.length > 1) twice.push(raw);
    const [other] = stored.filter((one) => one !== reason);
    if (other !== undefined) reasons.push(words.reasonWords(raw, reason, other));
  }
  // What is there under a text that nobody sent, while a text that was sent is missing, is that record, altered.
  const strange = [...found.keys()];
  const altered = strange.slice(0, missing.length);
  return [
    ...told('not-parked', 'nowhere', missing.slice(altered.length)),
    ...told('duplicate', 'parked-twice', twice),
    ...told('corrupted', 'altered', altered),
    ...told('wrong-reason', 'reason', reasons, (text) => text),
    ...told('phantom', 'invented', strange.slice(missing.length)),
  ];
}

function raws(records: readonly { readonly raw: string }[]): string[] {
  return records.map(({ raw }) => raw);
}

/** Makes findings that speak of these places. */
function teller(places: words.Places | undefined) {
  return (
    anomaly: Anomaly,
    kind: words.Parting,
    texts: readonly string[],
    show: (text: string) => string = words.quoted,
  ): Finding[] => {
    const count = texts.length;
    if (count === 0) return [];
    const witnesses = texts.slice(0, MAX_WITNESSES).map(show);
    return [finding({ anomaly, expected: '', found: words.partingWords(kind, count, places), count, witnesses })];
  };
}
