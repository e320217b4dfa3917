import type { Emit } from '#src/runner/run.ts';

/** Lets at most `limitBytes` of output through, then says once that the rest was dropped. Errors always pass. */
export function bounded(emit: Emit, limitBytes: number): { emit: Emit; flush: () => void } {
  let left = limitBytes;
  let cut = false;
  const sizeOf = (text: string): number => Buffer.byteLength(text);
  return {
    emit(event) {
      if (event.type === 'text') {
        if (left <= 0) {
          cut ||= event.text !== '';
          return;
        }
        const bytes = Buffer.from(event.text);
        // A cut inside a character would show as a replacement mark; the decoder drops the torn end instead.
        const text =
          bytes.length <= left ? event.text : new TextDecoder().decode(bytes.subarray(0, left), { stream: true });
        if (bytes.length > left) cut = true;
        left -= bytes.length;
        emit({ type: 'text', text });
      } else if (event.type === 'table') {
        let kept = 0;
        for (const row of event.rows) {
          left -= row.reduce((sum, cell) => sum + (cell === null ? 4 : sizeOf(cell)), 0);
          if (left < 0) break;
          kept++;
        }
        if (kept < event.rows.length) cut = true;
        emit({ ...event, rows: event.rows.slice(0, kept) });
      } else {
        emit(event);
      }
    },
    flush() {
      if (cut) emit({ type: 'cut', limitBytes });
    },
  };
}
