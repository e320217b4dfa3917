/** How the HTTP source misbehaves, counted by request, so that the same program meets the same trouble each time. */
export interface HttpTrouble {
  readonly on: 'page' | 'settle';
  /** Only requests for this payment; without it, all requests of this kind. */
  readonly payment?: string;
  /** Which of the requests it concerns is the first to be troubled, from 1. */
  readonly from?: number;
  /** How many of them, one where it isn't given; `Infinity` for all. */
  readonly times?: number;
  /** A status, no answer at all for a while, or a connection that is cut. */
  readonly answer: number | 'silence' | 'cut';
  /** The payment is settled all the same: the client can't know. */
  readonly acts?: boolean;
  /** Sent as the header Retry-After, in seconds. */
  readonly retryAfterS?: number;
  /** Stands in the body of the answer. */
  readonly reason?: string;
}

export interface Troubles {
  /** The trouble that this request meets. Every trouble that it concerns counts it. */
  take(on: HttpTrouble['on'], payment: string | undefined): HttpTrouble | undefined;
}

export function troubles(list: readonly HttpTrouble[]): Troubles {
  const seen = list.map(() => 0);
  return {
    take(on, payment) {
      let met: HttpTrouble | undefined;
      for (const [index, trouble] of list.entries()) {
        if (trouble.on !== on || (trouble.payment !== undefined && trouble.payment !== payment)) continue;
        const nth = (seen[index] ?? 0) + 1;
        seen[index] = nth;
        const from = trouble.from ?? 1;
        if (nth >= from && nth < from + (trouble.times ?? 1)) met ??= trouble;
      }
      return met;
    },
  };
}
