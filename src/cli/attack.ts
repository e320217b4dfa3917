import { resolve } from 'node:path';

import type { AttackVerbFlags } from '#src/cli/attack-verb.ts';
import { follow } from '#src/cli/lab.ts';
import { attackOwn } from '#src/commands/attack.ts';
import { orderOf } from '#src/commands/attack-order.ts';

export async function attack(command: readonly string[], flags: AttackVerbFlags): Promise<void> {
  const cwd = process.cwd();
  const order = await orderOf(command, {
    compare: flags.compare ?? [],
    ignore: flags.ignore ?? [],
    atomic: flags.atomic ?? [],
    serials: flags.serials === true,
    rerun: flags.rerun === true,
    clock: flags.clock ?? [],
    setup: flags.setup ?? [],
    input: flags.input,
    folder: flags.folder,
    env: flags.env ?? [],
    pass: flags.pass ?? [],
    ownServer: flags.ownServer === true,
    limitSeconds: flags.limit,
    topic: flags.topic ?? [],
    stream: flags.stream === true,
    idleSeconds: flags.idle,
    cwd,
  });
  const { level, seed } = flags;
  const junit = flags.junit === undefined ? undefined : resolve(cwd, flags.junit);
  await follow(flags, (signal, context) => attackOwn({ order, level, seed, junit, signal }, context));
}
