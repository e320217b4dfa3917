/** Interactive pictures that a guide can name; each has its folder in site/src/pictures. */
export const WIDGETS = ['bytes-touched', 'crash-timeline', 'poll-line', 'slot-gauge'] as const;
