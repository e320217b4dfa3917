import type { EngineName } from '#src/engines/engine.ts';

/** Where in the project a value was read: the file relative to the clone, the line from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** The eleven sections, in their order; every guide has exactly these. */
export const SECTIONS = [
  'Clear Definition',
  'Real-world Importance',
  'Use Cases & Examples',
  'Code Snippets',
  'Visual Workflows & Diagrams',
  'Common Pitfalls',
  'External Resources',
  'Key Takeaways',
  'Quiz Questions',
  'Hands-on Projects',
  'Personal Learning Journal',
] as const;
export type SectionTitle = (typeof SECTIONS)[number];

/** One concept guide, read from `concepts/NN-slug.md`; frozen. */
export interface Guide {
  /** `03-idempotency`: the file's name, by which everything points at it. */
  readonly id: string;
  /** `03` */
  readonly number: string;
  readonly title: string;
  /** The question from a working day that it opens on. */
  readonly opening: string;
  readonly sections: readonly Section[];
  readonly blocks: readonly Block[];
  readonly predictions: readonly Prediction[];
  readonly questions: readonly Question[];
  readonly exercises: readonly Exercise[];
  readonly prompts: readonly Prompt[];
  /** Names of the interactive pictures, in order. */
  readonly widgets: readonly string[];
  /** Words of prose (no code, no output): all, and those of the core alone. */
  readonly words: { readonly all: number; readonly core: number };
  readonly place: Place;
}

export interface Section {
  readonly title: SectionTitle;
  readonly anchor: string;
  readonly place: Place;
}

export interface Heading {
  readonly title: string;
  readonly anchor: string;
}

/** A fenced block that runs, or says why it does not. */
export interface Block {
  readonly guide: string;
  readonly id: string;
  /** The fence's language: sql, python … */
  readonly language: string;
  /** Undefined for a block that only says why it can't run. */
  readonly engine: EngineName | undefined;
  /** Engines that the code may use beside its own: `with=postgres` gives a Python block a DATABASE_URL. */
  readonly with: readonly EngineName[];
  /** Its code is a scene's (see scene.ts), which several actors play. */
  readonly scene: boolean;
  readonly data: string | undefined;
  /** PostgreSQL, and in a scene Kafka too, is a server of its own, whose administrator the block is: for slots, settings and crashes. */
  readonly own: boolean;
  /** Blocks of one guide with the same session share state and run in order. */
  readonly session: string | undefined;
  readonly deep: boolean;
  /** It has a hole that the learner fills, so it has no recording. */
  readonly exercise: boolean;
  readonly normalise: readonly string[];
  readonly needs: string | undefined;
  readonly norun: string | undefined;
  readonly code: string;
  /** The heading that it stands under; links to the block lead there. */
  readonly under: Heading;
  /** What it printed on its engine when it was recorded; undefined when there is no output fence. */
  readonly recording: Recording | undefined;
  readonly place: Place;
}

export interface Recording {
  readonly text: string;
  readonly normalise: readonly string[];
  /** Folded until the prediction is answered or skipped. */
  readonly folded: boolean;
  readonly place: Place;
}

/** Asked before a block that breaks something is run. */
export interface Prediction {
  readonly block: string;
  readonly text: string;
  readonly options: readonly Option[];
  readonly place: Place;
}

export interface Option {
  /** A, B, C … as written in the file. */
  readonly letter: string;
  readonly text: string;
}

export interface Question {
  readonly id: string;
  readonly title: string;
  /** Markdown between the title and the options. */
  readonly text: string;
  readonly options: readonly Option[];
  /** The letters of the right options. */
  readonly answer: readonly string[];
  /** Why each wrong option is wrong, by letter; may hold a word on the right one too. */
  readonly explanations: Readonly<Record<string, string>>;
  /** A recorded block inside the answer, for a prediction on an unseen variant. */
  readonly block: string | undefined;
  readonly deep: boolean;
  readonly place: Place;
}

export interface Exercise {
  readonly id: string;
  readonly block: string;
  readonly place: Place;
}

export interface Prompt {
  readonly id: string;
  readonly text: string;
  readonly place: Place;
}
