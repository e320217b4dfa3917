/** Milliseconds since 1970, passed in wherever a time is written down, so that a test can choose it. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
