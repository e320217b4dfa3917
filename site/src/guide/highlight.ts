import { createHighlighter, type Highlighter } from 'shiki';

const THEMES = { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' };
let highlighter: Promise<Highlighter> | undefined;

/** Code as HTML with both colour schemes in it, chosen by CSS. */
export async function highlight(code: string, language: string): Promise<string> {
  highlighter ??= createHighlighter({
    themes: Object.values(THEMES),
    langs: ['sql', 'python', 'bash', 'json', 'typescript', 'java', 'yaml', 'javascript'],
  });
  const shiki = await highlighter;
  const lang = shiki.getLoadedLanguages().includes(language) ? language : 'text';
  return shiki.codeToHtml(code, { lang, themes: THEMES, defaultColor: false });
}
