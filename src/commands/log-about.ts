import { join } from 'node:path';

import { upTo } from '#src/commands/boxes.ts';
import { findGuide } from '#src/commands/blocks.ts';
import type { Context } from '#src/commands/context.ts';
import { shown } from '#src/commands/labs.ts';
import type { Content } from '#src/content/content.ts';
import { LearnerError } from '#src/error.ts';
import { LOG_FILE } from '#src/journal/journal.ts';
import type { About } from '#src/journal/log-line.ts';
import { nearest } from '#src/nearest.ts';

/** What an entry is about, as the app links it. */
export interface AboutLink {
  readonly label: string;
  /** Undefined for what the app has no page of. */
  readonly href: string | undefined;
}

export interface Abouts {
  /** The log's file as the learner reads its name. */
  readonly file: string;
  /** From what the file says to a link of the app. */
  linkOf(about: string): AboutLink;
  /** From what the learner or a page names to what the file says; a name that means nothing is the learner's mistake. */
  named(reference: string): About;
}

export async function abouts(context: Context): Promise<Abouts> {
  const content = await context.content();
  return {
    file: shown(join(context.paths.journal, LOG_FILE), context),
    linkOf: (about) => linkOf(about, content),
    named(reference) {
      const { to, label, file } = find(reference, content);
      const up = upTo(context.paths);
      // Where the folder lies elsewhere, the link still says what is meant.
      return { to, label, href: up === undefined ? file : `${up}/${file}` };
    },
  };
}

function linkOf(about: string, content: Content): AboutLink {
  const [path = '', anchor] = about.split('#');
  const guide = content.groups.flatMap((group) => group.guides).find(({ id }) => path === `concepts/${id}`);
  const lab = content.labs.find((one) => one.path === path);
  const title = guide === undefined ? (lab?.title ?? path) : `${guide.number} · ${guide.title}`;
  const label = anchor === undefined ? title : `${title} › ${anchor}`;
  if (guide?.written !== true && lab?.written !== true) return { label, href: undefined };
  const block = content.guides.find(({ id }) => id === guide?.id)?.blocks.find(({ id }) => id === anchor);
  const place = anchor === undefined ? '' : `#${block === undefined ? anchor : `block-${anchor}`}`;
  return { label, href: `/${path}/${place}` };
}

function find(reference: string, content: Content): { to: string; label: string; file: string } {
  const [name = '', anchor] = reference.replace(/^concepts\//, '').split('#');
  const lab = content.labs.find(({ id, path }) => id === name || path === name || path.split('/')[1] === name);
  if (lab !== undefined) return { to: lab.path, label: lab.title, file: `${lab.path}/` };
  const guides = content.groups.flatMap((group) => group.guides);
  const planned = guides.find(({ id }) => id === name);
  if (planned?.written === false)
    return { to: `concepts/${planned.id}`, label: `${planned.number} · ${planned.title}`, file: planned.path };
  const guide = findGuide(content.guides, name);
  const title = `${guide.number} · ${guide.title}`;
  if (anchor === undefined) return { to: `concepts/${guide.id}`, label: title, file: guide.place.file };
  const anchors = [...guide.blocks.map(({ id }) => id), ...guide.sections.map((section) => section.anchor)];
  if (!anchors.includes(anchor)) {
    const near = nearest(anchor, anchors);
    throw new LearnerError(
      `guide ${guide.id} has no block or section ${JSON.stringify(anchor)}`,
      near === undefined ? `It has: ${anchors.join(', ')}.` : `Did you mean ${guide.id}#${near}?`,
    );
  }
  const at = `#${anchor}`;
  return { to: `concepts/${guide.id}${at}`, label: `${title} › ${anchor}`, file: `${guide.place.file}${at}` };
}
