/** A seeded source of numbers: the same seed gives the same sequence on every machine. */
export interface Random {
  /** A 32-bit unsigned integer. */
  next(): number;
  /** An integer in [0, limit). */
  below(limit: number): number;
  /** A number in [0, 1). */
  unit(): number;
  /** One of the given values. */
  pick<T>(values: readonly [T, ...T[]]): T;
  /** A generator of its own, so that drawing more of one thing doesn't change another. */
  fork(label: string): Random;
}

/** FNV-1a (32 bits) over UTF-16 code units: spreads labels over seeds, makes short names of long ones. */
export function fnv1a(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Mulberry32 (public domain, Tommy Ettinger): 32 bits of state are enough for data of our sizes. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (limit: number): number => Math.floor((next() / 0x100000000) * limit);
  return {
    next,
    below,
    unit: () => next() / 0x100000000,
    pick: (values) => values[below(values.length)] ?? values[0],
    fork: (label) => random(fnv1a(`${seed}/${label}`)),
  };
}
