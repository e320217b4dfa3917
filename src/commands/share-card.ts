import type { GatheredLab, PortfolioLab, PortfolioStage } from '#src/commands/portfolio-data.ts';
import { timelineOf } from '#src/grading/picture.ts';
import { drawTimeline } from '#src/grading/timeline-svg.ts';
import { short } from '#src/grading/timeline.ts';
import { wrap } from '#src/grading/verdict-text.ts';

const WIDTH = 1200;
const HEIGHT = 630;
const PICTURE = { x: 40, y: 190, width: 1120, height: 340 };

/** One picture for a post: the first red, the final green, the timeline between them, and the line that shows it again. */
export function shareCard(lab: PortfolioLab, runs: GatheredLab['runs']): string {
  const stage = tellingStage(lab);
  const run = runs.get(stage.stage);
  const shown = run?.red !== undefined && run.red.history.length > 0 ? run.red : run?.green;
  const drawing =
    shown === undefined || shown.history.length === 0
      ? ''
      : nested(drawTimeline(timelineOf(shown.verdict, shown.history)));
  const line = stage.firstRed?.schedule;
  const { points } = stage;
  const green = `✓ Green on ${stage.at.slice(0, 10)}: ${points.tried === 0 ? 'passed' : `${points.survived} of ${points.tried} crash points survived`}`;
  const red =
    stage.firstRed === undefined
      ? ''
      : `✗ First red on ${stage.firstRed.at.slice(0, 10)}: ${stage.firstRed.found ?? stage.firstRed.anomaly}`;
  const title = `${lab.title} · stage ${stage.stage}`;
  const again = line === undefined ? [] : wrap(`./dej replay '${line}'`, 110);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="card-t card-d" font-family="ui-sans-serif, system-ui, sans-serif">
<title id="card-t">${escape(title)}</title>
<desc id="card-d">${escape([red, green].filter((one) => one !== '').join('. '))}</desc>
<style>:root{color-scheme:light dark}.card-paper{fill:light-dark(#f7f8fa,#0f1318)}.card-ink{fill:light-dark(#1d2430,#e6e9ee)}.card-quiet{fill:light-dark(#586171,#a4adba)}.card-red{fill:light-dark(#b42318,#ff8a80)}.card-green{fill:light-dark(#226b41,#6cc490)}</style>
<rect class="card-paper" width="${WIDTH}" height="${HEIGHT}"/>
<text class="card-ink" x="40" y="66" font-size="34" font-weight="700">${escape(short(title, 60))}</text>
<text class="card-red" x="40" y="112" font-size="23" font-weight="600">${escape(short(red, 92))}</text>
<text class="card-green" x="40" y="${red === '' ? 112 : 150}" font-size="23" font-weight="600">${escape(short(green, 92))}</text>
${drawing}
${again.map((text, i) => `<text class="card-ink" x="40" y="${566 + i * 22}" font-size="17" font-family="ui-monospace, monospace">${escape(text)}</text>`).join('\n')}
<text class="card-quiet" x="40" y="612" font-size="16">Data Engineering Mastery Journal · build, break, fix, repeat · anyone can run it again</text>
</svg>
`;
}

/** The stage that was broken first and mended later says more than one that was green at once. */
function tellingStage({ stages }: PortfolioLab): PortfolioStage {
  const mended = stages.findLast(({ firstRed }) => firstRed?.schedule?.includes('@') === true);
  return (mended ?? stages.findLast(({ firstRed }) => firstRed !== undefined) ?? stages.at(-1)) as PortfolioStage;
}

/** The timeline keeps its own proportions inside the card. */
function nested(svg: string): string {
  const { x, y, width, height } = PICTURE;
  return svg
    .replace('<svg ', `<svg x="${x}" y="${y}" width="${width}" height="${height}" preserveAspectRatio="xMinYMin meet" `)
    .replaceAll('tabindex="0" ', '')
    .trim();
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
