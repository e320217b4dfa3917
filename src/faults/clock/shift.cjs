// Loaded first by every Node below a program whose clock is to be off by DEJ_SHIFT_MS, because NODE_OPTIONS says so. The
// wall clock alone is moved: performance, hrtime and timers stay as they are.
'use strict';

const { appendFileSync } = require('node:fs');

const shiftMs = Number(process.env.DEJ_SHIFT_MS);
const Real = Date;
const realNow = Date.now;
const now = { now: () => realNow() + shiftMs }.now;

// One and the same constructor for all that the program does with it: subclasses, instanceof, new.target.
const Moved = new Proxy(Real, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new Real(now()).toString(),
});
Real.now = now;
Object.defineProperty(Real.prototype, 'constructor', { value: Moved, writable: true, configurable: true });
Object.defineProperty(globalThis, 'Date', { value: Moved, writable: true, configurable: true, enumerable: false });

// Without a date these format the present moment.
const { prototype } = Intl.DateTimeFormat;
const { get } = Object.getOwnPropertyDescriptor(prototype, 'format');
const format = {
  get format() {
    const real = get.call(this);
    return (date) => real(date ?? now());
  },
};
Object.defineProperty(prototype, 'format', { ...Object.getOwnPropertyDescriptor(format, 'format'), enumerable: false });
const toParts = prototype.formatToParts;
prototype.formatToParts = {
  formatToParts(date) {
    return toParts.call(this, date ?? now());
  },
}.formatToParts;

// By how much the clock that a program reads is off, as measured, and not as meant.
const offMs = Math.round(new Date().getTime() - realNow());
appendFileSync(
  process.env.DEJ_SHIFT_REPORT,
  `node ${process.versions.node} pid ${process.pid}: ${offMs} ${Date.now() - realNow()}\n`,
);
