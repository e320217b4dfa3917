import type { GatheredLab, KeptRun, Portfolio, PortfolioLab, PortfolioStage } from '#src/commands/portfolio-data.ts';
import { shareCard } from '#src/commands/share-card.ts';
import { timelineOf } from '#src/grading/picture.ts';
import { drawTimeline } from '#src/grading/timeline-svg.ts';

/** All files of a portfolio but portfolio.json: pages without a script that need no network, and one Markdown file. */
export function portfolioPages(portfolio: Portfolio, labs: readonly GatheredLab[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { lab, files: code, runs } of labs) {
    for (const { path, text } of code) files.set(`code/${lab.id}/${path}`, text);
    for (const { stage } of lab.stages) {
      const run = runs.get(stage);
      if (run === undefined) continue;
      if (run.green.history.length > 0) files.set(picture(lab, stage, 'green'), drawn(run.green));
      if ((run.red?.history.length ?? 0) > 0 && run.red !== undefined)
        files.set(picture(lab, stage, 'red'), drawn(run.red));
    }
    files.set(`card-${lab.id}.svg`, shareCard(lab, runs));
    files.set(`lab-${lab.id}.html`, labPage(lab, code));
  }
  files.set('index.html', indexPage(portfolio));
  files.set('README.md', markdown(portfolio));
  return files;
}

function picture({ id }: PortfolioLab, stage: number, colour: 'green' | 'red'): string {
  return `pictures/${id}-stage${stage}-${colour}.svg`;
}

function drawn({ verdict, history }: KeptRun): string {
  return drawTimeline(timelineOf(verdict, history));
}

const CLAIM =
  'This is a claim that anyone can run again, and no certificate. In a clone of the journal: ./dej verify-portfolio <this folder>';
const STYLE = `:root{color-scheme:light dark;--ink:light-dark(#1d2430,#e6e9ee);--quiet:light-dark(#586171,#a4adba);--paper:light-dark(#fff,#14181e);--rule:light-dark(#d5d9e0,#333b47);--ok:light-dark(#226b41,#6cc490);--bad:light-dark(#b42318,#ff8a80);--link:light-dark(#1f5a99,#8ab9ec)}
body{font:1rem/1.6 ui-sans-serif,system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:46rem;margin:2.5rem auto;padding:0 1rem}
a{color:var(--link)}h1,h2,h3{line-height:1.25}.quiet{color:var(--quiet)}.ok{color:var(--ok);font-weight:600}.bad{color:var(--bad);font-weight:600}
img{max-width:100%;height:auto;display:block}figure{margin:1rem 0;overflow-x:auto}figcaption{color:var(--quiet);font-size:.9rem}
pre{overflow-x:auto;border:1px solid var(--rule);border-radius:6px;padding:.8rem;font:.85rem/1.5 ui-monospace,monospace}code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:var(--quiet)}dd{margin:0}blockquote{margin:.8rem 0;padding-left:1rem;border-left:3px solid var(--rule);white-space:pre-wrap}`;

function page(title: string, body: readonly string[]): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head><body><main>\n${body.join('\n')}\n</main></body></html>\n`;
}

function indexPage({ labs, insights, made, journal }: Portfolio): string {
  const built = labs.map(
    (lab) =>
      `<h3><a href="lab-${lab.id}.html">${escape(lab.title)}</a></h3><p>${escape(lab.outcome)}</p><p>${stagesWords(lab)}</p><p><img src="card-${lab.id}.svg" alt="${escape(cardWords(lab))}"></p>`,
  );
  const learned = insights.map(
    ({ day, text }) =>
      `<blockquote>${escape(text)}${day === undefined ? '' : `<br><span class="quiet">${escape(day)}</span>`}</blockquote>`,
  );
  return page('What I built, and how it was broken', [
    '<h1>What I built, and how it was broken</h1>',
    `<p class="quiet">Made on ${escape(made)} with the Data Engineering Mastery Journal ${escape(journal)}. ${escape(CLAIM)}</p>`,
    '<h2>Built</h2>',
    ...built,
    ...(learned.length === 0 ? [] : ['<h2>Learned</h2>', ...learned]),
  ]);
}

function stagesWords({ stages }: PortfolioLab): string {
  const whole = stages.filter(({ points }) => points.tried > 0 && points.survived === points.possible).length;
  const count = stages.length === 1 ? 'One stage' : `${stages.length} stages`;
  return `<span class="ok">✓ ${count} passed</span>${whole === 0 ? '' : whole === stages.length ? ' at every crash point' : `, ${whole} of them at every crash point`}`;
}

export function cardWords({ title, stages }: PortfolioLab): string {
  return `${title}: ${stages.map(({ stage, points }) => `stage ${stage} passed, ${pointsWords(points)}`).join('; ')}`;
}

export function pointsWords({ survived, tried, possible }: PortfolioStage['points']): string {
  if (tried === 0) return 'undisturbed runs only';
  return possible > tried
    ? `${survived} of ${tried} crash points survived, of ${possible}`
    : `${survived} of ${tried} crash points survived`;
}

function labPage(lab: PortfolioLab, code: GatheredLab['files']): string {
  const stages = lab.stages.map((stage) => stageSection(lab, stage));
  const listings = code.map(
    ({ path, text }) =>
      `<h3><code>${escape(path)}</code></h3><pre tabindex="0" role="region" aria-label="${escape(path)}"><code>${escape(text)}</code></pre>`,
  );
  return page(lab.title, [
    '<p><a href="index.html">All of it</a></p>',
    `<h1>${escape(lab.title)}</h1><p>${escape(lab.outcome)}</p>`,
    ...stages,
    `<h2>The program</h2><p>In ${escape(lab.language)}, run by <code>${escape(lab.run.join(' '))}</code>; hash <code>${lab.code}</code>.</p>`,
    ...listings,
  ]);
}

function stageSection(lab: PortfolioLab, stage: PortfolioStage): string {
  const { title, points, at, firstRed } = stage;
  const red =
    firstRed === undefined
      ? ''
      : `<h3>First red</h3><p><span class="bad">✗ ${escape(firstRed.anomaly)}</span> on ${escape(firstRed.at.slice(0, 10))}${firstRed.found === undefined ? '' : `: ${escape(firstRed.found)}`}</p>${replayLine(firstRed.schedule)}${firstRed.picture ? figure(picture(lab, stage.stage, 'red'), `The run that failed: ${firstRed.anomaly}`) : ''}`;
  return `<h2>Stage ${stage.stage}: ${escape(title)}</h2>${red}<h3>Green</h3><p><span class="ok">✓ passed</span> on ${escape(at.slice(0, 10))}: ${pointsWords(points)}.</p><dl>${facts(
    stage,
  )
    .map(([name, value]) => `<dt>${name}</dt><dd>${escape(value)}</dd>`)
    .join(
      '',
    )}</dl>${stage.picture ? figure(picture(lab, stage.stage, 'green'), 'An undisturbed run of the program that passed') : ''}`;
}

function facts({ level, seed, size, hash, engines }: PortfolioStage): [string, string][] {
  const versions = Object.entries(engines).map(([name, version]) => `${name} ${version}`);
  return [
    ['Level', level],
    ['Seed', String(seed)],
    ['Input', String(size)],
    ['Program', hash],
    ['Engines', versions.join(', ')],
  ];
}

function replayLine(schedule: string | undefined): string {
  return schedule === undefined ? '' : `<p><code>./dej replay '${escape(schedule)}'</code></p>`;
}

function figure(source: string, words: string): string {
  return `<figure><img src="${source}" alt="${escape(words)}, as a timeline"><figcaption>${escape(words)}</figcaption></figure>`;
}

function markdown({ labs, insights, made, journal }: Portfolio): string {
  const parts = labs.flatMap((lab) => [
    `## ${lab.title}`,
    lab.outcome,
    `![${cardWords(lab)}](card-${lab.id}.svg)`,
    ...lab.stages.map((stage) => stageMarkdown(lab, stage)),
    `The program is in [code/${lab.id}/](code/${lab.id}/), in ${lab.language}, run by \`${lab.run.join(' ')}\`; its hash is \`${lab.code}\`.`,
  ]);
  const learned = insights.map(
    ({ day, text }) => `${text.replace(/^/gm, '> ')}${day === undefined ? '' : `\n>\n> ${day}`}`,
  );
  return `${[
    '# What I built, and how it was broken',
    `Made on ${made} with the Data Engineering Mastery Journal ${journal}. ${CLAIM.replace(/\.\/dej.*/, (line) => `\`${line}\``)}`,
    ...parts,
    ...(learned.length === 0 ? [] : ['## Learned', ...learned]),
  ].join('\n\n')}\n`;
}

function stageMarkdown(lab: PortfolioLab, stage: PortfolioStage): string {
  const { firstRed, points, at } = stage;
  const versions = facts(stage).map(([name, value]) => `${name.toLowerCase()} ${value}`);
  return [
    `### Stage ${stage.stage}: ${stage.title}`,
    ...(firstRed === undefined
      ? []
      : [
          `First red on ${firstRed.at.slice(0, 10)}: ${firstRed.anomaly}${firstRed.found === undefined ? '' : ` (${firstRed.found})`}.${firstRed.schedule === undefined ? '' : ` \`./dej replay '${firstRed.schedule}'\``}`,
          ...(firstRed.picture ? [`![The run that failed](${picture(lab, stage.stage, 'red')})`] : []),
        ]),
    `Green on ${at.slice(0, 10)}: ${pointsWords(points)}; ${versions.join(', ')}.`,
  ].join('\n\n');
}

export function escape(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
