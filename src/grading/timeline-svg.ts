import { description, short, type Bar, type LaneName, type Mark, type Timeline } from '#src/grading/timeline.ts';
import { wrap } from '#src/grading/verdict-text.ts';
import { LABELS } from '#src/grading/wording.ts';
import { LANES, PICTURE } from '#src/grading/wording-picture.ts';

const WIDTH = 960;
const LEFT = 180;
const RIGHT = 930;
const TOP = 122;
const LANE_HEIGHT = 72;
/** The ends of slots stay inside the lanes. */
const PAD = 28;

/** Light and dark in one file: after the wish of whoever looks, or of the page that it stands in. */
const STYLE = `:root{color-scheme:light dark}svg{--paper:light-dark(#fff,#14181e);--ink:light-dark(#1d2430,#e6e9ee);--quiet:light-dark(#616a77,#98a2b0);--rule:light-dark(#e3e6ea,#2a313b);--run:light-dark(#3b6ea8,#7fb0e6);--ok:light-dark(#2f7d4f,#6cc490);--fault:light-dark(#a34b06,#f0b35a);--broken:light-dark(#b42318,#ff8a80);--brokenfill:light-dark(#fdecea,#3a1d1b)}
.paper{fill:var(--paper)}text{fill:var(--ink)}.quiet{fill:var(--quiet)}.small{font-size:11.5px}.rule{stroke:var(--rule)}.strong{font-weight:600}.run{fill:var(--run)}.still{fill:var(--paper)}.on{fill:var(--paper);font-size:12px}
.faultt{fill:var(--fault);font-weight:600;font-size:12px}.bolt{fill:var(--fault)}.cross{stroke:var(--fault);stroke-width:2.5;fill:none}.okt{fill:var(--ok);font-weight:600}.brokent{fill:var(--broken);font-weight:600}
.ok{stroke:var(--ok);fill:var(--paper);stroke-width:2}.bad{stroke:var(--broken);fill:var(--brokenfill);stroke-width:2}.held{stroke:var(--quiet);fill:var(--paper);stroke-width:2;stroke-dasharray:3 3}
.num{font-weight:600;text-anchor:middle;font-size:12px}.mid{text-anchor:middle}.msg{stroke:var(--quiet);stroke-width:1.25;fill:none}.lost{stroke:var(--fault);stroke-dasharray:4 3}.tick{stroke:var(--paper);stroke-width:2}
.band{fill:var(--brokenfill)}.edge{stroke:var(--broken);stroke-width:1.25}.code{font-family:ui-monospace,monospace;font-size:12px}g:focus{outline:2px solid var(--run)}`;

/** The timeline as one self-contained file: no script, nothing fetched, every text escaped, size bounded. */
export function drawTimeline(timeline: Timeline): string {
  const { lanes, title, subtitle } = timeline;
  const bottom = TOP + (lanes.length - 1) * LANE_HEIGHT + 20;
  const feet = footer(timeline, bottom + 34);
  const height = bottom + 34 + feet.height;
  const place = placeOf(timeline);
  const isShared = timeline.bars.some(({ row }) => row === 1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="t d" ` +
      'font-family="ui-sans-serif, system-ui, sans-serif" font-size="13">',
    `<title id="t">${escape(title)}</title>`,
    `<desc id="d">${escape(description(timeline))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}" rx="6"/>`,
    `<text x="24" y="34" font-size="17" class="strong">${escape(short(title, 100))}</text>`,
    `<text x="24" y="55" class="quiet">${escape(short(subtitle, 140))}</text>`,
    ...band(timeline, place, bottom),
    ...lanes.map((lane, index) => laneHead(lane, TOP + index * LANE_HEIGHT)),
    ...timeline.bars.map((bar) => drawBar(bar, place, isShared)),
    ...timeline.marks.map((mark) => drawMark(mark, place)),
    ...feet.parts,
    '</svg>',
    '',
  ].join('\n');
}

interface Place {
  /** The middle of a slot. */
  readonly x: (slot: number) => number;
  readonly y: (lane: LaneName) => number;
  /** The width of a slot. */
  readonly step: number;
}

function placeOf({ lanes, slots }: Timeline): Place {
  const step = (RIGHT - LEFT - 2 * PAD) / Math.max(1, slots - 1);
  return {
    step,
    x: (slot) => round(LEFT + PAD + slot * step),
    y: (lane) => TOP + lanes.indexOf(lane) * LANE_HEIGHT,
  };
}

function laneHead(lane: LaneName, y: number): string {
  const { name, says } = LANES[lane];
  return (
    `<text x="24" y="${y - 2}" class="strong">${name}</text>` +
    `<text x="24" y="${y + 14}" class="quiet small">${says}</text>` +
    `<line class="rule" x1="${LEFT}" x2="${RIGHT}" y1="${y}" y2="${y}"/>`
  );
}

function band({ band: span }: Timeline, { x }: Place, bottom: number): string[] {
  if (span === undefined) return [];
  const from = x(span.from);
  const to = x(span.to);
  const height = bottom - 78;
  const line = (at: number): string => `<line class="edge" x1="${at}" x2="${at}" y1="78" y2="${78 + height}"/>`;
  return [
    `<rect class="band" x="${from}" y="78" width="${round(to - from)}" height="${height}"/>${line(from)}${line(to)}`,
  ];
}

/** Two that are alive at once share the lane; where one stood still, its bar is hollow. */
function drawBar({ from, to, row, label, detail, still }: Bar, { x, y }: Place, isShared: boolean): string {
  const left = x(from);
  const width = Math.max(4, round(x(to) - left));
  const [top, height] = isShared ? [y('program') - 15 + (row ?? 0) * 16, 14] : [y('program') - 10, 20];
  const words =
    width > 60 ? `<text class="on" x="${round(left + 7)}" y="${top + height / 2 + 4}">${escape(label)}</text>` : '';
  const hollow =
    still === undefined
      ? ''
      : `<rect class="still" x="${x(still.from)}" y="${top + 1.5}" width="${Math.max(2, round(x(still.to) - x(still.from)))}" height="${height - 3}"/>` +
        (x(still.to) - x(still.from) > 60
          ? `<text class="small" x="${round(x(still.from) + 6)}" y="${top + height / 2 + 4}">${escape(PICTURE.still)}</text>`
          : '');
  return focusable(
    detail,
    `<rect class="run" x="${left}" y="${top}" width="${width}" height="${height}" rx="3"/>${words}${hollow}`,
  );
}

function drawMark(mark: Mark, place: Place): string {
  return focusable(mark.detail, shapeOf(mark, place));
}

function shapeOf({ shape, lane, slot, label, broken, untold }: Mark, { x, y, step }: Place): string {
  const at = x(slot);
  const line = y(lane);
  const program = y('program');
  switch (shape) {
    case 'durable':
    case 'held': {
      const reach = round(Math.min(26, step * 0.4));
      const down = `<path class="msg" d="M${round(at - reach)},${program + 10} L${at},${line - 13}"/>`;
      const up = shape === 'held' ? '' : answer(at, line - 13, program + 10, reach, untold === true);
      const ring = broken === true ? `<circle class="bad" cx="${at}" cy="${line}" r="15" fill-opacity="0"/>` : '';
      const kind = shape === 'held' ? 'held' : broken === true ? 'bad' : 'ok';
      const size = label.length > 2 ? ' style="font-size:9px"' : '';
      return `${down}${up}${ring}<circle class="${kind}" cx="${at}" cy="${line}" r="11"/><text class="num"${size} x="${at}" y="${line + 4.5}">${escape(label)}</text>`;
    }
    case 'file':
      return (
        `<rect class="ok" x="${at - 6}" y="${line - 8}" width="12" height="16" rx="2"/>` +
        (step > 40 ? `<text class="quiet small mid" x="${at}" y="${line + 24}">${escape(label)}</text>` : '')
      );
    case 'line':
      return `<line class="tick" x1="${at}" x2="${at}" y1="${line + 2}" y2="${line + 9}"/>`;
    case 'killed':
      return (
        `<path class="cross" d="M${at - 6},${line - 12} l12,24 m0,-24 l-12,24"/>` +
        `<text class="faultt" x="${at + 9}" y="${line - 16}">${escape(label)}</text>`
      );
    case 'fault':
      return bolt(at, line, label);
    case 'elided':
      return `<text class="quiet mid" x="${at}" y="${line + 4}">${escape(label)}</text>`;
    case 'oracle': {
      const [mark, kind] = broken === true ? ['✗', 'brokent'] : ['✓', 'okt'];
      return `<text class="${kind}" text-anchor="end" x="${RIGHT}" y="${line - 6}">${mark} ${escape(label)}</text>`;
    }
  }
}

/** The line back to the program; one that never arrives breaks off in a cross. */
function answer(at: number, from: number, to: number, reach: number, untold: boolean): string {
  if (!untold) return `<path class="msg" d="M${at},${from} L${round(at + reach)},${to}"/>`;
  const [x, y] = [round(at + reach * 0.45), round(from + (to - from) * 0.45)];
  return `<path class="msg lost" d="M${at},${from} L${x},${y}"/><path class="cross" d="M${x - 4},${y - 4} l8,8 m0,-8 l-8,8"/>`;
}

function bolt(at: number, line: number, label: string): string {
  // Far to the right the words stand before the lightning, so that they stay inside.
  const isLate = at > WIDTH - 220;
  const text = isLate
    ? `<text class="faultt" text-anchor="end" x="${at - 12}" y="${line + 4}">${escape(label)}</text>`
    : `<text class="faultt" x="${at + 14}" y="${line + 4}">${escape(label)}</text>`;
  return `<path class="bolt" d="M${at - 3},${line - 12} l7,0 l-4,9 l6,0 l-11,15 l3,-11 l-6,0 z"/>${text}`;
}

function footer({ likely, schedule, marks }: Timeline, top: number): { parts: string[]; height: number } {
  const parts: string[] = [];
  let y = top;
  for (const [index, cause] of likely.entries()) {
    parts.push(`<text x="24" y="${y}" class="strong">${index === 0 ? LABELS.likely : LABELS.or}</text>`);
    for (const line of wrap(cause, 118)) {
      parts.push(`<text x="84" y="${y}">${escape(line)}</text>`);
      y += 19;
    }
    y += 5;
  }
  if (schedule !== undefined) {
    parts.push(
      `<text x="24" y="${y}" class="strong">${LABELS.again}</text>`,
      `<text x="84" y="${y}" class="code">${escape(`./dej replay '${schedule}'`)}</text>`,
    );
    y += 24;
  } else if (likely.length === 0 && !marks.some(({ shape }) => shape === 'fault')) {
    parts.push(`<text x="24" y="${y}" class="quiet">${PICTURE.calm}</text>`);
    y += 24;
  }
  return { parts, height: y - top };
}

/** Reachable by keyboard, and says what it is. */
function focusable(detail: string, inside: string): string {
  return `<g tabindex="0" role="img"><title>${escape(detail)}</title>${inside}</g>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** XML 1.0 has no control characters at all, so what a program printed loses them before it is escaped. */
function escape(text: string): string {
  const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff\u202a-\u202e\u2066-\u2069]/g, ' ')
    .toWellFormed()
    .replace(/[&<>"]/g, (character) => named[character] ?? '');
}
