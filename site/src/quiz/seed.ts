let drawn: number | undefined;

/** One seed for each load of a page; `?seed=7` in its address gives a known one, so that what was seen can be seen again. */
export function pageSeed(): number {
  const asked = new URLSearchParams(location.search).get('seed');
  drawn ??= asked !== null && /^\d{1,10}$/.test(asked) ? Number(asked) : crypto.getRandomValues(new Uint32Array(1))[0];
  return drawn ?? 0;
}
