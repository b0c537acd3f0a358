using System.Collections.Concurrent;
using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>The state of a hosted consumer that outlives its sessions and that its health check reports. Thread-safe.</summary>
internal sealed class ConsumerState
{
    /// <summary>The name in logs, metrics and health checks.</summary>
    public required string Name { get; init; }

    /// <summary>Why the consumer is not reading; null while it is.</summary>
    public string? Trouble { get; set; } = "Not started yet.";

    /// <summary>Stalled partitions, with the offset of the record that could not be handled.</summary>
    public ConcurrentDictionary<TopicPartition, Offset> Stalled { get; } = new();

    /// <summary>The positions last committed, for when the position store has lost them.</summary>
    public ConcurrentDictionary<TopicPartition, Offset> Positions { get; } = new();
}
