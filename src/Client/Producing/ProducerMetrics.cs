using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Loire.Client;

/// <summary>The instruments of producers.</summary>
internal static class ProducerMetrics
{
    private static readonly ConcurrentDictionary<BufferMemory, string> Buffers = new();

    // Referenced, so that it exists.
    private static readonly ObservableUpDownCounter<long> BufferBytes = LoireTelemetry.Meter.CreateObservableUpDownCounter(
        "loire.producer.buffer.size", Observe, "By", "Bytes of records that producers hold.");

    public static void Add(BufferMemory memory, string clientId)
    {
        _ = BufferBytes;
        Buffers[memory] = clientId;
    }

    public static void Remove(BufferMemory memory) => Buffers.TryRemove(memory, out _);

    /// <summary>An append was answered, or given up.</summary>
    public static void Appended(PartitionQueue queue, TimeSpan duration, ErrorCode error)
    {
        if (LoireTelemetry.OperationDuration.Enabled)
        {
            LoireTelemetry.OperationDuration.Record(duration.TotalSeconds, Tags(queue, error));
        }
    }

    /// <summary>The records of a batch have ended.</summary>
    public static void Ended(PartitionQueue queue, ProducerBatch batch)
    {
        if (LoireTelemetry.SentMessages.Enabled)
        {
            LoireTelemetry.SentMessages.Add(batch.RecordsCount, Tags(queue, batch.Failure?.Code ?? ErrorCode.None));
        }
    }

    private static System.Diagnostics.TagList Tags(PartitionQueue queue, ErrorCode error) =>
        LoireTelemetry.Tags(LoireTelemetry.SendOperation, LoireTelemetry.SendType, queue.Topic.Topic, queue.Partition, error);

    private static IEnumerable<Measurement<long>> Observe() => Buffers.Select(buffer =>
        new Measurement<long>(buffer.Key.Used, new KeyValuePair<string, object?>(LoireTelemetry.ClientId, buffer.Value)));
}
