using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Kafka.Benchmarks;

/// <summary>The requests that the load generator sends, made once.</summary>
internal static class KafkaFrames
{
    private const short ProduceVersion = 9;
    private const short FetchVersion = 12;
    private const int TimeoutMs = 30_000;

    /// <summary>A batch of as many records of a size as fit.</summary>
    /// <param name="recordBytes">Bytes of a value; there are no keys.</param>
    /// <param name="batchBytes">The size at most; at least one record is in the batch.</param>
    /// <param name="records">How many those are.</param>
    public static byte[] Batch(int recordBytes, int batchBytes, out int records)
    {
        using var builder = new RecordBatchBuilder(batchBytes);
        var (value, now) = (new byte[recordBytes], Timestamp.From(DateTimeOffset.UtcNow));
        new Random(1).NextBytes(value);
        while (builder.Append(now, default, true, value, false))
        {
        }

        records = builder.RecordCount;
        return builder.Build().ToArray();
    }

    /// <summary>A Produce request with the same batch for each of some partitions.</summary>
    public static byte[] Produce(string topic, IEnumerable<int> partitions, byte[] batch)
    {
        var request = new ProduceRequest
        {
            Acks = (short)Acks.All,
            TimeoutMs = TimeoutMs,
            TopicData = [new() { Name = topic, PartitionData = [.. partitions.Select(index => new ProduceRequest.Partition { Index = index, Records = new RecordBytes(batch) })] }],
        };
        using var frame = OutgoingFrame.Request(new RequestHeader(KafkaApi.Of(ApiKey.Produce), ProduceVersion, 1, "bench"), request);
        return frame.ToArray();
    }

    /// <summary>A Fetch request of one partition, without a session.</summary>
    public static byte[] Fetch(string topic, int partition, long offset, int maxBytes, int maxWaitMs)
    {
        var request = new FetchRequest
        {
            MaxWaitMs = maxWaitMs,
            MinBytes = 1,
            MaxBytes = 50 * 1024 * 1024,
            Topics = [new() { Topic = topic, Partitions = [new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = maxBytes }] }],
        };
        using var frame = OutgoingFrame.Request(new RequestHeader(KafkaApi.Of(ApiKey.Fetch), FetchVersion, 1, "bench"), request);
        return frame.ToArray();
    }

    public static byte[] ApiVersions()
    {
        var request = new ApiVersionsRequest { ClientSoftwareName = "bench", ClientSoftwareVersion = "1" };
        using var frame = OutgoingFrame.Request(new RequestHeader(KafkaApi.Of(ApiKey.ApiVersions), 3, 1, "bench"), request);
        return frame.ToArray();
    }

    /// <summary>Fails unless every batch of a request was taken.</summary>
    public static void CheckProduced(ReadOnlyMemory<byte> answer)
    {
        var reader = new KafkaReader(answer);
        SkipHeader(ref reader);
        var response = new ProduceResponse();
        response.Read(ref reader, ProduceVersion);
        foreach (var partition in response.Responses[0].PartitionResponses)
        {
            Check(partition.ErrorCode, partition.ErrorMessage);
        }
    }

    /// <summary>The records of the one partition of a Fetch answer.</summary>
    public static ReadOnlyMemory<byte> Fetched(ReadOnlyMemory<byte> answer)
    {
        var reader = new KafkaReader(answer);
        SkipHeader(ref reader);
        var response = new FetchResponse();
        response.Read(ref reader, FetchVersion);
        var partition = response.Responses[0].Partitions[0];
        Check(response.ErrorCode, null);
        Check(partition.ErrorCode, null);
        return partition.Records.ToMemory();
    }

    // The number of the request, and no tagged fields.
    private static void SkipHeader(ref KafkaReader reader)
    {
        reader.ReadInt32();
        reader.ReadVarint();
    }

    private static void Check(ErrorCode error, string? text)
    {
        if (error != ErrorCode.None)
        {
            throw new InvalidDataException($"The node answered {error}: {text}");
        }
    }
}
