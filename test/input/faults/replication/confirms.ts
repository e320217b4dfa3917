/** Confirms each transaction of the slot `pipeline`; says what it confirms. */
import { Slot } from '../../../../projects/02-cdc-implementation/starter/typescript/slot.ts';

const slot = await Slot.connect(process.env['DATABASE_URL'] ?? '');
for await (const event of slot.events()) {
  if (event.kind !== 'commit') continue;
  console.log(`confirm ${event.end}`);
  slot.confirm(event.end);
}
