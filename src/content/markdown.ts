import GithubSlugger from 'github-slugger';
import type { Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

/** Markdown as code hosts read it, with positions. */
export function parseMarkdown(markdown: string): Root {
  return fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
}

/** Anchors as code hosts make them; the same title a second time gets a number. */
export function slugger(): (title: string) => string {
  const source = new GithubSlugger();
  return (title) => source.slug(title);
}

interface Positioned {
  readonly position?: { start: { offset?: number | undefined }; end: { offset?: number | undefined } } | undefined;
}

/** The Markdown that these neighbouring nodes were read from. */
export function sourceOf(markdown: string, nodes: readonly Positioned[]): string {
  const from = nodes[0]?.position?.start.offset;
  const to = nodes.at(-1)?.position?.end.offset;
  return from === undefined || to === undefined ? '' : markdown.slice(from, to);
}

/** The line on which a node begins, from 1. */
export function lineOf(node: { position?: { start: { line: number } } | undefined } | undefined): number {
  return node?.position?.start.line ?? 1;
}
