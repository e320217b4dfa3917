/**
 * The protocol between the runner and a worker that executes one block: over a Unix socket, one JSON value a line.
 * The runner sends one `Job`; the worker answers with `WorkerEvent`s, the last of which is `end`, and then closes.
 * Closing the socket early stops the work.
 */
export interface Job {
  readonly code: string;
  /** Run first in the same state, its output dropped: the earlier blocks of a session. An error in it is reported. */
  readonly before?: readonly string[];
  /** The block's private working folder; the part of the data set it asked for lies in it. */
  readonly directory: string;
  /** Variables of the block beside the usual ones, for example DATABASE_URL. */
  readonly env: Readonly<Record<string, string>>;
  /** Rows of one result sent at the most; the rest is counted. */
  readonly rowLimit: number;
}

export interface Column {
  readonly name: string;
  readonly type: string;
  /** Aligned right. */
  readonly numeric: boolean;
}

export type WorkerEvent =
  /** Printed text, in the order it was printed. */
  | { readonly type: 'text'; readonly text: string }
  /** Rows of one statement; a cell is its text, or null for NULL. */
  | {
      readonly type: 'table';
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly (string | null)[])[];
      /** All rows that the statement returned, more than `rows` where it was cut. */
      readonly total: number;
    }
  /** The block's own error, as its engine words it. Lines count from 1 in the block's code. */
  | {
      readonly type: 'error';
      readonly message: string;
      readonly detail?: string | undefined;
      readonly line?: number | undefined;
    }
  | { readonly type: 'end'; readonly ok: boolean };
