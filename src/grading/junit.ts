import { formatSchedule } from '#src/faults/schedule.ts';
import type { Ran } from '#src/grading/trial.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import { CALM, faultWords } from '#src/grading/wording.ts';

/** More runs than these are not listed one by one; the counts hold all. */
const MAX_CASES = 2000;

/** The verdict as build servers read it: a case for each run under a fault, and one for the verdict itself. */
export function junit(verdict: Verdict, runs: readonly Ran[]): string {
  const name = verdict.own?.command ?? `${verdict.lab} ${verdict.stage}`;
  const cases = runs.slice(0, MAX_CASES).map((ran) => caseOf(ran, verdict));
  const failures = runs.filter(({ findings }) => findings.length > 0).length;
  const whole = verdictCase(verdict);
  const counts = [
    `tests="${cases.length + 1}"`,
    `failures="${Math.min(failures, cases.length) + (verdict.state === 'failed' ? 1 : 0)}"`,
    `errors="${verdict.state === 'unknown' || verdict.state === 'not-exercised' ? 1 : 0}"`,
    `time="${seconds(verdict.elapsedMs)}"`,
  ].join(' ');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escaped(name)}" ${counts} timestamp="${verdict.startedAt.replace(/\.\d+Z$/, '')}">`,
    ...[...cases, whole].map((lines) => `    ${lines}`),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function caseOf({ schedule, findings, elapsedMs }: Ran, { own }: Verdict): string {
  const [fault] = schedule.faults;
  const name = schedule.faults.length === 0 ? CALM : schedule.faults.map(faultWords).join('; ');
  const head = `<testcase classname="${escaped(own?.command ?? schedule.lab)}" name="${escaped(name)}" time="${seconds(elapsedMs)}"`;
  if (findings.length === 0 || fault === undefined) return `${head}/>`;
  const message = findings.map(({ anomaly, found }) => `${anomaly}: ${found}`).join('; ');
  const again = `./dej replay '${formatSchedule(schedule)}'`;
  return `${head}><failure type="${findings[0]?.anomaly ?? ''}" message="${escaped(message)}">${escaped(again)}</failure></testcase>`;
}

function verdictCase(verdict: Verdict): string {
  const { own, lab, state, elapsedMs, findings, why = '', remedy = '', schedule, points } = verdict;
  const name = `verdict: ${points.survived} of ${points.tried} crash points survived, ${points.possible} possible`;
  const head = `<testcase classname="${escaped(own?.command ?? lab)}" name="${escaped(name)}" time="${seconds(elapsedMs)}"`;
  if (state === 'passed') return `${head}/>`;
  if (state !== 'failed')
    return `${head}><error type="${state}" message="${escaped(why)}">${escaped(remedy)}</error></testcase>`;
  const [main] = findings;
  const lines = [
    ...verdict.did,
    `expected ${main?.expected ?? ''}`,
    `found ${main?.found ?? ''}`,
    ...verdict.likely,
    ...(schedule === undefined ? [] : [`./dej replay '${schedule}'`]),
  ];
  return `${head}><failure type="${main?.anomaly ?? ''}" message="${escaped(main?.found ?? '')}">${escaped(lines.join('\n'))}</failure></testcase>`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** XML has no way to write most control characters. */
function escaped(text: string): string {
  const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text
    .replace(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '·')
    .replace(/[&<>"]/g, (sign) => signs[sign] ?? sign);
}
