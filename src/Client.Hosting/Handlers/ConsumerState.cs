using System.Collections.Concurrent;
using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>What a hosted consumer tells of itself: to its health check, and to itself after a failure. Thread-safe.</summary>
internal sealed class ConsumerState
{
    /// <summary>The consumer's name.</summary>
    public required string Name { get; init; }

    /// <summary>Why it does not read at the moment; null while it does.</summary>
    public string? Trouble { get; set; } = "It has not started yet.";

    /// <summary>Partitions that stand still because of a record that could not be handled.</summary>
    public ConcurrentDictionary<TopicPartition, Offset> StandingStill { get; } = new();

    /// <summary>How far it has come, for when the store of positions does not know.</summary>
    public ConcurrentDictionary<TopicPartition, Offset> Positions { get; } = new();
}
