using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Loire.Model;

namespace Loire.Client;

/// <summary>The instruments of one <see cref="LoireClient"/>, in the meter <see cref="LoireTelemetry.MeterName"/>.</summary>
internal sealed class ClientMetrics
{
    private readonly ConcurrentDictionary<object, (string ClientId, Func<long> Size)> _buffers = new();
    private readonly Counter<long> _sentMessages;
    private readonly Counter<long> _consumedMessages;
    private readonly Histogram<double> _operationDuration;
    private readonly Histogram<double> _processDuration;

    /// <param name="meters">The host's; null for a client outside any host, which shares the process's meter.</param>
    public ClientMetrics(IMeterFactory? meters)
        : this(meters?.Create(LoireTelemetry.MeterName) ?? new Meter(LoireTelemetry.MeterName))
    {
    }

    private ClientMetrics(Meter meter)
    {
        _sentMessages = meter.CreateCounter<long>(
            "messaging.client.sent.messages", "{message}", "Records acknowledged, or failed with error.type.");
        _consumedMessages = meter.CreateCounter<long>(
            "messaging.client.consumed.messages", "{message}", "Records handed to the application.");
        _operationDuration = meter.CreateHistogram(
            "messaging.client.operation.duration", "s", "Duration of an append or a fetch.", advice: Seconds);
        _processDuration = meter.CreateHistogram(
            "messaging.process.duration", "s", "Duration of the application's work on a record or a batch.", advice: Seconds);
        meter.CreateObservableUpDownCounter(
            "loire.producer.buffer.size", ObserveBuffers, "By", "Bytes of records that producers hold.");
    }

    /// <summary>The instruments of every client without a host; one set, because a meter lives as long as the process.</summary>
    public static ClientMetrics OfProcess { get; } = new(meters: null);

    private static InstrumentAdvice<double> Seconds => new()
    {
        HistogramBucketBoundaries = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10],
    };

    /// <summary>Observes the size of a producer's buffer in bytes, on any thread, until the producer is removed.</summary>
    public void AddBuffer(object producer, string clientId, Func<long> size) => _buffers[producer] = (clientId, size);

    public void RemoveBuffer(object producer) => _buffers.TryRemove(producer, out _);

    /// <summary>An append was answered, or given up.</summary>
    public void Appended(TopicName topic, int partition, TimeSpan duration, ErrorCode error)
    {
        if (_operationDuration.Enabled)
        {
            _operationDuration.Record(duration.TotalSeconds, SendTags(topic, partition, error));
        }
    }

    /// <summary>The records of a batch were acknowledged, or failed.</summary>
    public void Sent(TopicName topic, int partition, int records, ErrorCode error)
    {
        if (_sentMessages.Enabled)
        {
            _sentMessages.Add(records, SendTags(topic, partition, error));
        }
    }

    /// <summary>A fetch was answered, or given up.</summary>
    public void Fetched(TopicPartition partition, TimeSpan duration, ErrorCode error)
    {
        if (_operationDuration.Enabled)
        {
            _operationDuration.Record(duration.TotalSeconds, PollTags(partition, error));
        }
    }

    /// <summary>Records were handed to the application.</summary>
    public void Consumed(TopicPartition partition, long records)
    {
        if (_consumedMessages.Enabled)
        {
            _consumedMessages.Add(records, PollTags(partition, ErrorCode.None));
        }
    }

    /// <summary>The application's handler returned, or threw <paramref name="failure"/>.</summary>
    public void Processed(TopicPartition partition, TimeSpan duration, Exception? failure)
    {
        if (_processDuration.Enabled)
        {
            var tags = LoireTelemetry.Tags(
                LoireTelemetry.ProcessOperation, LoireTelemetry.ProcessType, partition.Topic, partition.Partition, ErrorCode.None);
            if (failure is not null)
            {
                tags.Add(LoireTelemetry.ErrorType, LoireTelemetry.ErrorName(failure));
            }

            _processDuration.Record(duration.TotalSeconds, tags);
        }
    }

    private static TagList SendTags(TopicName topic, int partition, ErrorCode error) =>
        LoireTelemetry.Tags(LoireTelemetry.SendOperation, LoireTelemetry.SendType, topic, partition, error);

    private static TagList PollTags(TopicPartition partition, ErrorCode error) =>
        LoireTelemetry.Tags(LoireTelemetry.PollOperation, LoireTelemetry.ReceiveType, partition.Topic, partition.Partition, error);

    private IEnumerable<Measurement<long>> ObserveBuffers() => _buffers.Select(buffer =>
        new Measurement<long>(buffer.Value.Size(), new KeyValuePair<string, object?>(LoireTelemetry.ClientId, buffer.Value.ClientId)));
}
