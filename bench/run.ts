import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

import { replaceBetween } from '#src/content/pages.ts';
import { connect } from '#src/engines/connect.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';

import { compare, type Comparison, type Result } from './ab.ts';
import { tenBlocks, warmBlocks } from './blocks.bench.ts';
import { appCounts, type Count } from './page.bench.ts';
import { startKernel } from './peers/peers.ts';
import { cliStart, freshDatabase } from './programs.bench.ts';

/**
 * `npm run bench [-- word …] [-- --write]`: ours against named peers, side by side in one run. Words choose comparisons by
 * name; --write puts the figures into bench/README.md.
 */
const BUSY = 1.5;
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const wanted = (name: string): boolean => words.length === 0 || words.some((word) => name.includes(word));

const root = ownRoot(import.meta.dirname);
const state = await mkdtemp(join(tmpdir(), 'dej-bench-'));
const paths = pathsOf(root, { ...process.env, DEJ_STATE: state });
if ((loadavg()[0] ?? 0) > BUSY)
  console.log(`The machine is busy (load ${loadavg()[0]?.toFixed(1)}): ratios are printed, but don't trust a verdict.`);

const supervisor = await connect(paths);
const kernel = await startKernel(paths);
const ten = await tenBlocks(supervisor, paths);
const comparisons: Comparison[] = [
  ...(await warmBlocks(supervisor, kernel, paths)),
  ...ten.comparisons,
  freshDatabase(supervisor),
  cliStart(paths),
];
const results: Result[] = [];
try {
  for (const comparison of comparisons.filter(({ name }) => wanted(name))) {
    const result = await compare(comparison);
    results.push(result);
    console.log(row(result));
  }
} finally {
  await kernel.stop();
  await supervisor.shutdown({ force: true });
  await ten.cleanUp();
  await rm(state, { recursive: true, force: true });
}
const counts = wanted('page') || wanted('start') || wanted('memory') ? await appCounts(paths) : [];
for (const count of counts) console.log(countRow(count));
if (process.argv.includes('--write')) await write();

function row({ name, ours, peer, unit, oursMedian, peerMedian, ratio, noise, goal, met, load }: Result): string {
  const [low, median, high] = ratio.map((value) => value.toFixed(2));
  const verdict = load > BUSY * availableParallelism() ? 'machine busy' : met ? 'met' : 'missed';
  return `| ${name} | ${ours} ${oursMedian.toFixed(1)} ${unit} | ${peer} ${peerMedian.toFixed(1)} ${unit} | ${median} (${low}–${high}) | ${noise.toFixed(2)} | ${goal} | ${verdict} |`;
}

function countRow({ name, value, unit, goal, goalName }: Count): string {
  const verdict = goal === undefined ? '' : value <= goal ? 'met' : 'missed';
  return `| ${name} | ${Math.round(value).toLocaleString('en')} ${unit} | ${goal === undefined ? goalName : `${goal.toLocaleString('en')} ${unit} (${goalName})`} | ${verdict} |`;
}

async function write(): Promise<void> {
  const path = join(root, 'bench', 'README.md');
  const machine = `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${Math.round(totalmem() / 1e9)} GB, Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(1)} at the end`;
  const text = [
    `Measured on ${new Date().toISOString().slice(0, 10)}; ${machine}.`,
    '| what | ours, median | peer, median | ratio (quartiles) | peer to itself | goal | |\n|---|---|---|---|---|---|---|\n' +
      results.map(row).join('\n'),
    '| what | value | goal | |\n|---|---|---|---|\n' + counts.map(countRow).join('\n'),
  ].join('\n\n');
  const page = replaceBetween(await readFile(path, 'utf8'), 'figures', text);
  if (page !== undefined) await writeFile(path, page);
}
