import { renderMermaidSVG } from 'beautiful-mermaid';

import { escape } from './html.ts';

let count = 0;

/** A Mermaid diagram as SVG in the page's own colours, drawn at build time; its source is its text for who can't see it. */
export function diagram(source: string): string {
  const id = `d${++count}-`;
  const svg = renderMermaidSVG(source, {
    bg: 'var(--sl-color-bg)',
    fg: 'var(--sl-color-white)',
    line: 'var(--sl-color-gray-2)',
    accent: 'var(--sl-color-text-accent)',
    muted: 'var(--sl-color-gray-2)',
    surface: 'var(--journal-surface)',
    border: 'var(--sl-color-gray-3)',
    transparent: true,
  })
    // Fonts come from the page; nothing is fetched.
    .replace(/@import url\([^)]*\);?/g, '')
    .replace(/font-family:\s*[^;"]+/g, 'font-family: inherit')
    // A variable that refers to itself has no value.
    .replace(/--(bg|fg|line|accent|muted|surface|border):\s*var\(--\1\);?/g, '')
    // Ids are global to a page.
    .replace(/\bid="/g, `id="${id}`)
    .replace(/url\(#/g, `url(#${id}`)
    // What nobody sees is not sent: comments, indentation, thousandths of a pixel.
    .replace(/<!--[\s\S]*?-->|\/\*[\s\S]*?\*\//g, '')
    .replace(/\s*\n\s*/g, '\n')
    .replace(/(\d\.\d)\d+/g, '$1')
    .replace(/<svg /, '<svg aria-hidden="true" ');
  return `<figure class="diagram" tabindex="0" aria-label="Diagram, scrolls sideways on a narrow screen">${svg}<figcaption class="sr-only">Diagram, in words: ${escape(inWords(source))}</figcaption></figure>`;
}

/** `A[read] --> B[write]` as "read leads to write". */
function inWords(source: string): string {
  const names = new Map<string, string>();
  for (const [, id = '', label = ''] of source.matchAll(/(\w+)[[({]+"?([^\])}"]+)"?[\])}]+/g)) names.set(id, label);
  const name = (id: string): string => names.get(id) ?? id;
  const edges = [
    ...source.matchAll(/(\w+)(?:[[({]+[^\])}]*[\])}]+)?\s*(?:-->|-\.\s*(.*?)\s*\.->|==>)(?:\|(.*?)\|)?\s*(\w+)/g),
  ];
  return edges
    .map(
      ([, from = '', dotted, label, to = '']) =>
        `${name(from)} leads to ${name(to)}${(dotted ?? label) ? ` (${dotted ?? label})` : ''}`,
    )
    .join('; ');
}
