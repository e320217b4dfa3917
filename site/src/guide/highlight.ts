import { createHighlighter, type Highlighter } from 'shiki';

const THEMES = { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' };
let highlighter: Promise<Highlighter> | undefined;

/** Code as HTML with classes for both colour schemes; `schemeCss` has what they mean. */
export async function highlight(code: string, language: string): Promise<string> {
  highlighter ??= createHighlighter({
    themes: Object.values(THEMES),
    langs: ['sql', 'python', 'bash', 'json', 'typescript', 'java', 'yaml', 'javascript'],
  });
  const shiki = await highlighter;
  // What actors of a scene say is mostly SQL.
  const asked = language === 'scene' ? 'sql' : language;
  const lang = shiki.getLoadedLanguages().includes(asked) ? asked : 'text';
  const html = shiki.codeToHtml(code, { lang, themes: THEMES, defaultColor: false });
  return html
    .replace(/<pre class="[^"]*" style="[^"]*"/, '<pre class="shiki"')
    .replace(/ style="([^"]*)"/g, (_, style: string) => ` class="${classOf(style)}"`)
    .replace(/<span class="(c\d+)">[^<]*<\/span>(?:<span class="\1">[^<]*<\/span>)+/g, joined);
}

/** Neighbours of one colour become one: `<span class="c0">a</span><span class="c0">b</span>`. */
function joined(run: string, name: string): string {
  return `<span class="${name}">${run.replace(/<[^>]*>/g, '')}</span>`;
}

const classes = new Map<string, string>();

/** Pages hold hundreds of coloured words in a dozen colours: a class of three letters weighs less than its style. */
function classOf(style: string): string {
  const name = classes.get(style) ?? `c${classes.size}`;
  classes.set(style, name);
  return name;
}

/** The colours used so far, for a style element on the page. */
export function schemeCss(): string {
  const rules = [...classes].map(([style, name]) => {
    const light = /--shiki-light:\s*([^;]+)/.exec(style)?.[1] ?? 'inherit';
    const dark = /--shiki-dark:\s*([^;]+)/.exec(style)?.[1] ?? 'inherit';
    return `.${name}{color:${light}}[data-theme=dark] .${name}{color:${dark}}`;
  });
  return rules.join('');
}
