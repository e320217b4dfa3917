import type { Admin } from '@platformatic/kafka';

import { connectionOptions, type KafkaAccess } from '#src/engines/kafka-access.ts';

/** A client for what belongs to all. It costs more to load than most commands take, so it is loaded when first needed. */
export async function openAdmin(access: KafkaAccess): Promise<Admin> {
  const { Admin } = await import('@platformatic/kafka');
  return new Admin({
    clientId: 'journal',
    bootstrapBrokers: access.bootstrap.split(','),
    retries: 3,
    retryDelay: 50,
    connectTimeout: 5000,
    ...connectionOptions(access),
  });
}

/** Whether somebody answers there who can make topics. */
export async function answers(access: KafkaAccess): Promise<boolean> {
  return (await whyNot(access)) === undefined;
}

/** Why nobody answers there who can make topics; undefined where somebody does. */
export async function whyNot(access: KafkaAccess): Promise<string | undefined> {
  const admin = await openAdmin(access);
  try {
    await admin.listTopics();
    const { brokers } = await admin.metadata({ topics: [], forceUpdate: true });
    return brokers.size > 0 ? undefined : 'it knows of no broker';
  } catch (error) {
    return innermost(error);
  } finally {
    await admin.close().catch(() => undefined);
  }
}

/** The client wraps what went wrong in what it was about to do. */
function innermost(error: unknown): string {
  const { message, cause, errors } = error as Error & { errors?: readonly unknown[] };
  const inner = errors?.[0] ?? cause;
  return inner instanceof Error ? innermost(inner) : message;
}

/** Removes the topics and groups whose names the test accepts. What is gone already is no error. */
export async function removeWhere(admin: Admin, isMine: (name: string) => boolean): Promise<void> {
  const topics = (await admin.listTopics()).filter(isMine);
  if (topics.length > 0) await admin.deleteTopics({ topics });
  const groups = [...(await admin.listGroups()).keys()].filter(isMine);
  for (const group of groups) {
    // Members that were killed are members until their session times out.
    await admin.removeMembersFromConsumerGroup({ groupId: group }).catch(() => undefined);
    await admin.deleteGroups({ groups: [group] }).catch(() => undefined);
  }
}
