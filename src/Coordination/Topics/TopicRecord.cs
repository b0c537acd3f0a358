using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>One durable change of a topic, encoded by <see cref="TopicRecordCodec"/>.</summary>
public abstract record TopicRecord
{
    private TopicRecord()
    {
    }

    /// <summary>The topic was created.</summary>
    /// <param name="Id">Identifies this creation of the name.</param>
    /// <param name="PartitionsCount">At least 1.</param>
    /// <param name="ReplicationFactor">The number of copies that Loire keeps.</param>
    /// <param name="Configs">The topic's own settings, without defaults.</param>
    public sealed record Created(
        TopicId Id, int PartitionsCount, short ReplicationFactor, ImmutableSortedDictionary<string, string> Configs) : TopicRecord;

    /// <summary>Partitions were added.</summary>
    /// <param name="PartitionsCount">The new total.</param>
    public sealed record PartitionsAdded(int PartitionsCount) : TopicRecord;

    /// <summary>Settings were changed.</summary>
    /// <param name="Changes">The new values; null resets a setting to its default.</param>
    public sealed record ConfigsAltered(ImmutableSortedDictionary<string, string?> Changes) : TopicRecord;

    /// <summary>The partitions have got preferred leaders.</summary>
    /// <param name="Brokers">The broker of each partition, or <see cref="Placement.PlacementRules.NoBroker"/>.</param>
    public sealed record PreferredLeadersSet(ImmutableArray<int> Brokers) : TopicRecord;

    /// <summary>Partitions have reported the state of their logs. Not a change of the topic: its version stays.</summary>
    /// <param name="Reports">One for each of them.</param>
    public sealed record PartitionsReported(ImmutableArray<PartitionReport> Reports) : TopicRecord;

    /// <summary>The topic is no longer visible; its data may still exist.</summary>
    public sealed record DeletionStarted : TopicRecord;

    /// <summary>The whole state; replaces the records before it.</summary>
    /// <param name="State">The topic, either live or being deleted.</param>
    public sealed record Snapshot(TopicState State) : TopicRecord;
}
