using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>One durable step in the life of a topic. The bytes are <see cref="TopicRecordCodec"/>'s.</summary>
public abstract record TopicRecord
{
    private TopicRecord()
    {
    }

    /// <summary>The topic exists from here on.</summary>
    /// <param name="Id">Which creation of the name it is.</param>
    /// <param name="PartitionsCount">How many partitions it has.</param>
    /// <param name="ReplicationFactor">How many copies Loire keeps.</param>
    /// <param name="Configs">Its own settings.</param>
    public sealed record Created(
        TopicId Id, int PartitionsCount, short ReplicationFactor, ImmutableSortedDictionary<string, string> Configs) : TopicRecord;

    /// <summary>The topic has more partitions.</summary>
    /// <param name="PartitionsCount">How many it has from here on.</param>
    public sealed record PartitionsAdded(int PartitionsCount) : TopicRecord;

    /// <summary>Some settings have changed.</summary>
    /// <param name="Changes">The new values; null where the setting is the default again.</param>
    public sealed record ConfigsAltered(ImmutableSortedDictionary<string, string?> Changes) : TopicRecord;

    /// <summary>The topic is gone for everyone; its data may still be there.</summary>
    public sealed record DeletionStarted : TopicRecord;

    /// <summary>Everything about a topic at once: replaces the records before it.</summary>
    /// <param name="State">The topic; it exists or is being deleted.</param>
    public sealed record Snapshot(TopicState State) : TopicRecord;
}
