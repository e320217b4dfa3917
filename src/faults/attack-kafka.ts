import { startKafkaProxy, type KafkaProxy, type KafkaProxyOptions } from '#src/faults/kafka-proxy.ts';

/** Kafka behind a proxy, as an attack takes it; the program's KAFKA_BOOTSTRAP leads there. */
export interface KafkaTarget extends Pick<KafkaProxyOptions, 'access' | 'prefix' | 'names'> {
  /** The proxy listens: it tells how far the program is. */
  readonly onOpen?: (proxy: KafkaProxy) => void;
  /** A start stands still: as if its session had timed out, its group goes on without it when this resolves. */
  readonly onPause?: () => Promise<void>;
  /** Nothing of a start is left, and Kafka has answered what it had received; the names are those of its transactions. */
  readonly onDeath?: (transactionalIds: readonly string[]) => Promise<void>;
}

export async function openKafka(
  target: KafkaTarget | undefined,
  rest: Pick<KafkaProxyOptions, 'onPoint' | 'isDue' | 'history' | 'gate' | 'slowness'>,
): Promise<KafkaProxy | undefined> {
  if (target === undefined) return undefined;
  const { access, prefix, names, onOpen } = target;
  const proxy = await startKafkaProxy({ access, prefix, ...(names === undefined ? {} : { names }), ...rest });
  onOpen?.(proxy);
  return proxy;
}
