/** 0 passed, 1 failed, 2 unknown (the world's fault or ours), 3 wrong use. */
export const EXIT = { passed: 0, failed: 1, unknown: 2, usage: 3 } as const;
