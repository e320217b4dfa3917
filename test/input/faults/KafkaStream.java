import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Reads a topic in batches and writes each batch to another one; says what it believes after each step. */
public final class KafkaStream {
  private static final Map<String, String> E = System.getenv();
  private static final int END = Integer.parseInt(E.get("END"));
  private static final int BATCH = 10;

  public static void main(String[] args) throws Exception {
    boolean transactional = args[0].equals("transaction");
    TopicPartition in = new TopicPartition(E.get("TOPIC_IN"), 0);
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(reading());
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(writing(args[0]))) {
      if (transactional) producer.initTransactions();
      consumer.subscribe(List.of(in.topic()));
      List<ConsumerRecord<byte[], byte[]>> batch = new ArrayList<>();
      while (consumer.assignment().isEmpty()) take(consumer, batch);
      boolean done = consumer.position(in) >= END && batch.isEmpty();
      while (!done) {
        while (batch.size() < BATCH) take(consumer, batch);
        List<ConsumerRecord<byte[], byte[]>> now = batch.subList(0, BATCH);
        long upto = now.get(BATCH - 1).offset() + 1;
        Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(in, new OffsetAndMetadata(upto));
        if (transactional) producer.beginTransaction();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : now)
          sent.add(producer.send(new ProducerRecord<>(E.get("TOPIC_OUT"), record.key(), record.value())));
        if (transactional) {
          producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
          producer.commitTransaction();
          System.out.println("ended " + upto);
        } else {
          producer.flush();
          for (Future<RecordMetadata> one : sent) one.get();
          System.out.println("written " + upto);
          consumer.commitSync(offsets);
          System.out.println("committed " + upto);
        }
        now.clear();
        done = upto >= END;
      }
    }
  }

  private static void take(KafkaConsumer<byte[], byte[]> consumer, List<ConsumerRecord<byte[], byte[]>> batch) {
    consumer.poll(Duration.ofMillis(100)).forEach(batch::add);
  }

  private static Properties reading() {
    Properties settings = base();
    settings.put("group.id", E.get("GROUP_ID"));
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "earliest");
    settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
    settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
    return settings;
  }

  private static Properties writing(String way) {
    Properties settings = base();
    settings.put("enable.idempotence", String.valueOf(!way.equals("unanswered")));
    settings.put("acks", way.equals("unanswered") ? "0" : "all");
    // One request at a time: of several under way, Kafka has the later ones too when the first is stopped at.
    settings.put("max.in.flight.requests.per.connection", "1");
    if (way.equals("transaction")) settings.put("transactional.id", E.get("GROUP_ID"));
    settings.put("key.serializer", ByteArraySerializer.class.getName());
    settings.put("value.serializer", ByteArraySerializer.class.getName());
    return settings;
  }

  private static Properties base() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", E.get("KAFKA_BOOTSTRAP"));
    return settings;
  }
}
