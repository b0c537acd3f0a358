using System.Diagnostics.Metrics;
using Loire.Kafka.Protocol.Apis;

namespace Loire.Kafka.Connections;

/// <summary>The instruments of Kafka's endpoint, in the meter <c>Loire.Kafka</c>. Thread-safe.</summary>
public sealed class KafkaMetrics
{
    private readonly UpDownCounter<long> _connections;
    private readonly Histogram<double> _requests;

    /// <param name="meters">Makes the meter.</param>
    public KafkaMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Loire.Kafka");
        _connections = meter.CreateUpDownCounter<long>("loire.kafka.connections", "{connection}", "Connections of Kafka's clients.");
        _requests = meter.CreateHistogram<double>(
            "loire.kafka.request.duration", "s", "From the last byte of a request of Kafka's protocol to its answer, waits on purpose included.");
    }

    /// <summary>A connection has begun or ended.</summary>
    internal void Connected(int by) => _connections.Add(by);

    /// <summary>A request was answered.</summary>
    internal void Served(KafkaApi api, TimeSpan duration) =>
        _requests.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("loire.kafka.api", api.Name));
}
