using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Loire.Kafka.Connections;

namespace Loire.Kafka.Handlers;

/// <summary>What the handlers of Kafka's protocol must know of the node.</summary>
public sealed class KafkaEndpointOptions
{
    /// <summary>The broker's id, at least 0.</summary>
    [Range(0, int.MaxValue)]
    public int NodeId { get; set; }

    /// <summary>Whether topics that clients ask for are created, if the clients allow it (Kafka's <c>auto.create.topics.enable</c>).</summary>
    public bool CreatesTopics { get; set; } = true;

    /// <summary>The partitions of topics that are created without a number (Kafka's <c>num.partitions</c>).</summary>
    [Range(1, 10_000)]
    public int PartitionsCount { get; set; } = 1;

    /// <summary>The bounds of connections.</summary>
    [ValidateObjectMembers]
    public KafkaConnectionOptions Connections { get; } = new();
}
