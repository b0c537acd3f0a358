using Loire.Model.Memory;
using Microsoft.Extensions.Options;

namespace Loire.Kafka.Connections;

/// <summary>The bytes of requests that are under way on all connections of the process. Thread-safe.</summary>
/// <param name="options">The bounds.</param>
public sealed class RequestBytes(IOptions<KafkaConnectionOptions> options)
{
    /// <summary>The bytes of all connections.</summary>
    public MemoryQuota Quota { get; } = new(options.Value.ProcessBytes);
}
