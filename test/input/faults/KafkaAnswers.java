import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.record.internal.*;

/**
 * Prints answers of a broker as Kafka's own classes write them: each in every version, as it comes from the broker and as
 * a program should read it. A line is a number of the request, a version, and both messages as hex.
 */
public class KafkaAnswers {
    static final String LONG = "a".repeat(140) + ".example";

    /** Where the n-th broker is said to be. */
    record Address(String host, int port) {
        static Address real(int n) {
            return new Address(n == 3 ? LONG : "kafka-" + n + ".example", 9090 + n);
        }

        static Address told(int n) {
            return new Address("127.0.0.1", 19090 + n);
        }
    }

    interface Answer {
        ApiMessage with(Function<Integer, Address> at, short version);
    }

    public static void main(String[] read) {
        each(ApiKeys.METADATA, KafkaAnswers::metadata);
        each(ApiKeys.FIND_COORDINATOR, KafkaAnswers::coordinators);
        each(ApiKeys.DESCRIBE_CLUSTER, KafkaAnswers::cluster);
        each(ApiKeys.PRODUCE, KafkaAnswers::produced);
        each(ApiKeys.FETCH, KafkaAnswers::fetched);
        each(ApiKeys.SHARE_FETCH, KafkaAnswers::shareFetched);
        each(ApiKeys.SHARE_ACKNOWLEDGE, KafkaAnswers::shareAcknowledged);
        List<Integer> known = List.of(read).stream().map(Integer::valueOf).toList();
        for (short version = 0; version <= ApiKeys.API_VERSIONS.latestVersion(); version++)
            print(ApiKeys.API_VERSIONS, version, version, versions(known, 3, 0), versions(known, 0, 0));
        // Who asks in a version that the broker doesn't know is answered in the oldest one.
        print(ApiKeys.API_VERSIONS, (short) 9, (short) 0, versions(known, 3, 35), versions(known, 0, 35));
    }

    static void each(ApiKeys api, Answer answer) {
        for (short version = api.oldestVersion(); version <= api.latestVersion(true); version++)
            print(api, version, version, answer.with(Address::real, version), answer.with(Address::told, version));
    }

    static void print(ApiKeys api, short asked, short version, ApiMessage from, ApiMessage to) {
        System.out.println(api.id + " " + asked + " " + hex(api, version, from) + " " + hex(api, version, to));
    }

    static String hex(ApiKeys api, short version, ApiMessage message) {
        var cache = new ObjectSerializationCache();
        var head = new ResponseHeaderData().setCorrelationId(7);
        short headVersion = api.responseHeaderVersion(version);
        int size = head.size(cache, headVersion) + message.size(cache, version);
        var bytes = ByteBuffer.allocate(4 + size).putInt(size);
        head.write(new ByteBufferAccessor(bytes), cache, headVersion);
        message.write(new ByteBufferAccessor(bytes), cache, version);
        return HexFormat.of().formatHex(bytes.array());
    }

    static ApiMessage metadata(Function<Integer, Address> at, short version) {
        var data = new MetadataResponseData();
        for (int n = 1; n <= 3; n++)
            data.brokers().add(new MetadataResponseData.MetadataResponseBroker()
                .setNodeId(n).setHost(at.apply(n).host()).setPort(at.apply(n).port()).setRack(n == 2 ? "north" : null));
        var partition = new MetadataResponseData.MetadataResponsePartition()
            .setLeaderId(2).setReplicaNodes(List.of(1, 2, 3)).setIsrNodes(List.of(2));
        data.topics().add(new MetadataResponseData.MetadataResponseTopic().setName("orders").setPartitions(List.of(partition)));
        return data.setClusterId("cluster").setControllerId(1);
    }

    static ApiMessage coordinators(Function<Integer, Address> at, short version) {
        var data = new FindCoordinatorResponseData();
        if (version < 4) return data.setNodeId(2).setHost(at.apply(2).host()).setPort(at.apply(2).port());
        var found = new FindCoordinatorResponseData.Coordinator()
            .setKey("group").setNodeId(3).setHost(at.apply(3).host()).setPort(at.apply(3).port());
        // Nobody keeps it yet.
        var none = new FindCoordinatorResponseData.Coordinator()
            .setKey("other").setNodeId(-1).setHost("").setPort(-1).setErrorCode((short) 15).setErrorMessage("none");
        return data.setCoordinators(List.of(none, found));
    }

    static ApiMessage cluster(Function<Integer, Address> at, short version) {
        var data = new DescribeClusterResponseData().setClusterId("cluster").setControllerId(1);
        for (int n = 1; n <= 3; n++)
            data.brokers().add(new DescribeClusterResponseData.DescribeClusterBroker()
                .setBrokerId(n).setHost(at.apply(n).host()).setPort(at.apply(n).port()).setRack("north"));
        return data;
    }

    static ApiMessage produced(Function<Integer, Address> at, short version) {
        var refused = new ProduceResponseData.PartitionProduceResponse().setIndex(1).setErrorCode((short) 6);
        if (version >= 8)
            refused.setErrorMessage("not here").setRecordErrors(List.of(
                new ProduceResponseData.BatchIndexAndErrorMessage().setBatchIndex(1).setBatchIndexErrorMessage("why")));
        if (version >= 10)
            refused.setCurrentLeader(new ProduceResponseData.LeaderIdAndEpoch().setLeaderId(3).setLeaderEpoch(9));
        var topic = new ProduceResponseData.TopicProduceResponse().setPartitionResponses(List.of(refused));
        if (version >= 13) topic.setTopicId(Uuid.METADATA_TOPIC_ID);
        else topic.setName("orders");
        var data = new ProduceResponseData();
        data.responses().add(topic);
        if (version >= 10)
            for (int n : List.of(1, 3))
                data.nodeEndpoints().add(new ProduceResponseData.NodeEndpoint()
                    .setNodeId(n).setHost(at.apply(n).host()).setPort(at.apply(n).port()));
        return data;
    }

    static ApiMessage fetched(Function<Integer, Address> at, short version) {
        var partition = new FetchResponseData.PartitionData().setPartitionIndex(1).setHighWatermark(5).setRecords(records());
        partition.setAbortedTransactions(List.of(
            new FetchResponseData.AbortedTransaction().setProducerId(4).setFirstOffset(2)));
        var other = new FetchResponseData.PartitionData().setPartitionIndex(2).setErrorCode((short) 6)
            .setAbortedTransactions(null).setRecords(null);
        if (version >= 12)
            other.setCurrentLeader(new FetchResponseData.LeaderIdAndEpoch().setLeaderId(3).setLeaderEpoch(9));
        var topic = new FetchResponseData.FetchableTopicResponse().setPartitions(List.of(partition, other));
        if (version >= 13) topic.setTopicId(Uuid.METADATA_TOPIC_ID);
        else topic.setTopic("orders");
        var data = new FetchResponseData();
        data.responses().add(topic);
        if (version >= 16)
            for (int n : List.of(1, 2))
                data.nodeEndpoints().add(new FetchResponseData.NodeEndpoint()
                    .setNodeId(n).setHost(at.apply(n).host()).setPort(at.apply(n).port()).setRack("north"));
        return data;
    }

    static ApiMessage shareFetched(Function<Integer, Address> at, short version) {
        var taken = new ShareFetchResponseData.AcquiredRecords().setFirstOffset(1).setLastOffset(2).setDeliveryCount((short) 1);
        var partition = new ShareFetchResponseData.PartitionData().setRecords(records()).setAcquiredRecords(List.of(taken));
        var data = new ShareFetchResponseData();
        data.responses().add(new ShareFetchResponseData.ShareFetchableTopicResponse()
            .setTopicId(Uuid.METADATA_TOPIC_ID).setPartitions(List.of(partition)));
        for (int n : List.of(1, 3))
            data.nodeEndpoints().add(new ShareFetchResponseData.NodeEndpoint()
                .setNodeId(n).setHost(at.apply(n).host()).setPort(at.apply(n).port()));
        return data;
    }

    static ApiMessage shareAcknowledged(Function<Integer, Address> at, short version) {
        var partition = new ShareAcknowledgeResponseData.PartitionData().setErrorCode((short) 6).setErrorMessage("not here");
        var data = new ShareAcknowledgeResponseData();
        data.responses().add(new ShareAcknowledgeResponseData.ShareAcknowledgeTopicResponse()
            .setTopicId(Uuid.METADATA_TOPIC_ID).setPartitions(List.of(partition)));
        data.nodeEndpoints().add(new ShareAcknowledgeResponseData.NodeEndpoint()
            .setNodeId(2).setHost(at.apply(2).host()).setPort(at.apply(2).port()).setRack("north"));
        return data;
    }

    /** Those that are known are claimed in versions that are so much newer than the newest here. */
    static ApiMessage versions(List<Integer> known, int newer, int error) {
        var data = new ApiVersionsResponseData().setErrorCode((short) error);
        for (ApiKeys api : ApiKeys.values()) {
            int last = api.latestVersion(true) + (known.contains((int) api.id) ? newer : 0);
            data.apiKeys().add(new ApiVersionsResponseData.ApiVersion()
                .setApiKey(api.id).setMinVersion(api.oldestVersion()).setMaxVersion((short) last));
        }
        return data;
    }

    static MemoryRecords records() {
        return MemoryRecords.withRecords(Compression.NONE,
            new SimpleRecord("one".getBytes()), new SimpleRecord(new byte[300]));
    }
}
