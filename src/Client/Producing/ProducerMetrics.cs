using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Loire.Model;

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
    public static void Appended(TopicName topic, int partition, TimeSpan duration, ErrorCode error)
    {
        if (LoireTelemetry.OperationDuration.Enabled)
        {
            LoireTelemetry.OperationDuration.Record(duration.TotalSeconds, Tags(topic, partition, error));
        }
    }

    /// <summary>The records of a batch have ended.</summary>
    public static void Ended(TopicName topic, int partition, int records, ErrorCode error)
    {
        if (LoireTelemetry.SentMessages.Enabled)
        {
            LoireTelemetry.SentMessages.Add(records, Tags(topic, partition, error));
        }
    }

    private static System.Diagnostics.TagList Tags(TopicName topic, int partition, ErrorCode error) =>
        LoireTelemetry.Tags(LoireTelemetry.SendOperation, LoireTelemetry.SendType, topic, partition, error);

    private static IEnumerable<Measurement<long>> Observe() => Buffers.Select(buffer =>
        new Measurement<long>(buffer.Key.Used, new KeyValuePair<string, object?>(LoireTelemetry.ClientId, buffer.Value)));
}
