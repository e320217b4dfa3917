/** What the drawing of a run consists of; anything else in it is not ours, and is left out. */
const ELEMENTS = new Set(['svg', 'title', 'desc', 'style', 'rect', 'text', 'g', 'line', 'path', 'circle']);
const ATTRIBUTES =
  /^(xmlns|viewBox|role|aria-labelledby|id|class|style|tabindex|font-family|font-size|text-anchor|fill-opacity|x|y|x1|x2|y1|y2|cx|cy|r|rx|d|width|height)$/;

/**
 * Shows a drawing that the app made anew from a run. Labels in it are what a program printed: the app escapes them, and
 * here nothing but known shapes gets through.
 */
export function drawInto(host: HTMLElement, svg: string, onDetail: (words: string) => void): void {
  const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
  if (parsed.localName !== 'svg') return;
  clean(parsed);
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const drawing = document.importNode(parsed, true);
  // On a phone it is scrolled, not made too small to read.
  drawing.style.cssText = 'display:block;min-width:44rem';
  root.replaceChildren(drawing);
  const marks = [...drawing.querySelectorAll<SVGGElement>('g[tabindex]')];
  // One stop for the keyboard; arrows go on from mark to mark.
  for (const [index, mark] of marks.entries()) mark.setAttribute('tabindex', index === 0 ? '0' : '-1');
  const tell = ({ target }: Event): void => {
    const mark = (target as Element).closest('g[tabindex]');
    if (mark !== null) onDetail(mark.querySelector('title')?.textContent ?? '');
  };
  root.addEventListener('focusin', tell);
  root.addEventListener('pointerover', tell);
  root.addEventListener('keydown', (event) => move(event as KeyboardEvent, marks));
}

function move(event: KeyboardEvent, marks: readonly SVGGElement[]): void {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const at = marks.findIndex((mark) => mark === event.target);
  const to = by === undefined || at === -1 ? undefined : marks[at + by];
  if (to === undefined) return;
  event.preventDefault();
  marks[at]?.setAttribute('tabindex', '-1');
  to.setAttribute('tabindex', '0');
  to.focus();
}

function clean(element: Element): void {
  for (const { name } of [...element.attributes]) if (!ATTRIBUTES.test(name)) element.removeAttribute(name);
  for (const child of [...element.children]) {
    if (ELEMENTS.has(child.localName)) clean(child);
    else child.remove();
  }
}
