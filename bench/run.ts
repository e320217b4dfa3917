import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

import { replaceBetween } from '#src/content/pages.ts';
import { connect } from '#src/engines/connect.ts';
import { ownRoot, pathsOf, type Paths } from '#src/paths.ts';

import { compare, type Comparison, type Result } from './ab.ts';
import { tenBlocks, warmBlocks } from './blocks.bench.ts';
import { throughput } from './engines-kafka.bench.ts';
import { kernelBlocks } from './engines-kernel.bench.ts';
import { allUp } from './engines-memory.bench.ts';
import { firstUse, sparkBlocks, starts } from './engines.bench.ts';
import { proxyLatency } from './faults.bench.ts';
import { cellsOf, merged, rowsIn, tableText } from './figures.ts';
import { gradingBench } from './grading.bench.ts';
import { longJournal, openedJournal } from './journal.bench.ts';
import { kafkaProxyLatency } from './kafka-proxy.bench.ts';
import { labsBench } from './labs.bench.ts';
import { appCounts, type Count } from './page.bench.ts';
import { lazyKernel } from './peers/peers.ts';
import { cliStart, freshDatabase } from './programs.bench.ts';

/**
 * `npm run bench [-- word …] [-- --write] [-- --anyway]`: ours against named peers, side by side in one run. Words choose
 * by name; --write puts the figures into bench/README.md, row by row, so that others stay; --anyway judges on a busy machine too.
 */
const BUSY = 1.5;
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const writes = process.argv.includes('--write');
const wanted = (name: string): boolean =>
  words.length === 0 || words.some((word) => name.toLowerCase().includes(word.toLowerCase()));

const loadBefore = loadavg()[0] ?? 0;
const busy = loadBefore > BUSY && !process.argv.includes('--anyway');
if (busy) console.log(`The machine is busy (load ${loadBefore.toFixed(1)}): ratios are printed, but not judged.`);

const paths = ownPaths();
const { results, counts } = await compareAll();
counts.push(...(await engineCounts()));
if (['guide page', 'second npm start', 'idle app'].some(wanted)) counts.push(...(await appCounts(paths)));
if (wanted('50,000 events of the journal, opened')) counts.push(...(await openedJournal(paths.root)));
for (const count of counts) console.log(countRow(count));
if (writes) await write();

/** The clone with a state of its own, so that engines in use elsewhere have no part in it. */
function ownPaths(): Paths {
  const state = mkdtempSync(join(tmpdir(), 'dej-bench-'));
  return pathsOf(ownRoot(import.meta.dirname), { ...process.env, DEJ_STATE: state });
}

/** What the engines take, each alone on a supervisor of its own. */
async function engineCounts(): Promise<Count[]> {
  const first = wanted('first use') ? await firstUse(paths) : [];
  if (wanted('all in memory')) first.push(...(await allUp(paths)));
  if (!wanted('start of engines')) return first;
  const own = ownPaths();
  const supervisor = await connect(own);
  try {
    return [...first, ...(await starts(supervisor))];
  } finally {
    await supervisor.shutdown({ force: true });
    await rm(own.state, { recursive: true, force: true });
  }
}

async function compareAll(): Promise<{ results: Result[]; counts: Count[] }> {
  const supervisor = await connect(paths);
  const kernel = lazyKernel(paths);
  const ten = await tenBlocks(supervisor, paths);
  const grading = gradingBench(supervisor, paths);
  const labs = labsBench(supervisor, paths);
  const proxy = proxyLatency(supervisor);
  const kafkaProxy = kafkaProxyLatency(supervisor);
  const long = await longJournal(paths.root);
  const load = throughput(supervisor, paths);
  const cells = kernelBlocks(supervisor, paths);
  const comparisons: Comparison[] = [
    ...(await warmBlocks(supervisor, kernel, paths)),
    ...ten.comparisons,
    freshDatabase(supervisor),
    ...proxy.comparisons,
    ...kafkaProxy.comparisons,
    ...sparkBlocks(supervisor, paths),
    ...cells.comparisons,
    ...load.comparisons,
    cliStart(paths),
    ...long.comparisons,
    ...grading.comparisons,
    ...labs.comparisons,
  ];
  const done: Result[] = [];
  try {
    for (const comparison of comparisons.filter(({ name }) => wanted(name))) {
      const result = await compare(comparison);
      done.push(result);
      console.log(row(result));
    }
    return { results: done, counts: [...(await grading.counts(wanted)), ...(await labs.counts(wanted))] };
  } finally {
    await kernel.stop();
    await proxy.cleanUp();
    await kafkaProxy.cleanUp();
    await cells.cleanUp();
    await load.cleanUp();
    await supervisor.shutdown({ force: true });
    await ten.cleanUp();
    await grading.cleanUp();
    await labs.cleanUp();
    await long.cleanUp();
    await rm(paths.state, { recursive: true, force: true });
  }
}

function row({ name, ours, peer, unit, oursMedian, peerMedian, ratio, noise, goal, verdict }: Result): string {
  const [low, median, high] = ratio.map((value) => (value < 0.01 ? value.toPrecision(1) : value.toFixed(2)));
  return `| ${name} | ${ours} ${oursMedian.toFixed(1)} ${unit} | ${peer} ${peerMedian.toFixed(1)} ${unit} | ${median} (${low}–${high}) | ${noise.toFixed(2)} | ${goal} | ${busy ? 'machine busy' : verdict} |`;
}

function countRow({ name, value, unit, goal, goalName }: Count): string {
  const verdict = goal === undefined ? '' : value <= goal ? 'met' : 'missed';
  return `| ${name} | ${Math.round(value).toLocaleString('en')} ${unit} | ${goal === undefined ? goalName : `${goal.toLocaleString('en')} ${unit} (${goalName})`} | ${verdict} |`;
}

async function write(): Promise<void> {
  const path = join(paths.root, 'bench', 'README.md');
  const page = await readFile(path, 'utf8');
  const today = `${new Date().toISOString().slice(0, 10)}, load ${loadBefore.toFixed(1)}`;
  const dated = (row: string): string[] => [...cellsOf(row), today];
  const old = rowsIn(page.slice(page.indexOf('<!-- figures -->'), page.indexOf('<!-- /figures -->')));
  const compared = merged(old.compared, results.map(row).map(dated));
  const counted = merged(old.counted, counts.map(countRow).map(dated));
  const machine = `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${Math.round(totalmem() / 1e9)} GB, Node ${process.versions.node}`;
  const text = [
    `Measured on ${machine}; each row says when, and how busy the machine was before it.`,
    tableText({
      head: ['what', 'ours, median', 'peer, median', 'ratio (quartiles)', 'peer to itself', 'goal', '', 'measured'],
      rows: compared,
    }),
    tableText({ head: ['what', 'value', 'goal', '', 'measured'], rows: counted }),
  ].join('\n\n');
  const next = replaceBetween(page, 'figures', text);
  if (next !== undefined) await writeFile(path, next);
}
