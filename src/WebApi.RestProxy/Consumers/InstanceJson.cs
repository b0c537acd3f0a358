using Loire.Model;
using Loire.Model.Groups;
using Loire.WebApi.RestProxy.Requests;

namespace Loire.WebApi.RestProxy.Consumers;

/// <summary>A subscription: names or a pattern.</summary>
internal sealed record V2SubscriptionJson(string[]? Topics = null, string? TopicPattern = null);

/// <summary>The topics that an instance subscribes to.</summary>
internal sealed record V2SubscribedJson(string[] Topics);

/// <summary>Partitions.</summary>
internal sealed record V2PartitionsJson(V2PartitionOfTopicJson?[]? Partitions = null);

/// <summary>A partition.</summary>
internal sealed record V2PartitionOfTopicJson(string? Topic = null, int? Partition = null);

/// <summary>Offsets; Redpanda's documentation calls them partitions.</summary>
internal sealed record V2OffsetsJson(V2OffsetJson?[]? Offsets = null, V2OffsetJson?[]? Partitions = null);

/// <summary>The positions to seek.</summary>
internal sealed record V2PositionsJson(V2OffsetJson?[]? Offsets = null, V2MomentJson?[]? Timestamps = null);

/// <summary>An offset of a partition.</summary>
internal sealed record V2OffsetJson(string? Topic = null, int? Partition = null, long? Offset = null, string? Metadata = null);

/// <summary>What a group has committed.</summary>
internal sealed record V2CommittedOffsetsJson(V2CommittedJson[] Offsets);

/// <summary>A committed offset: the next one to read.</summary>
internal sealed record V2CommittedJson(string Topic, int Partition, long Offset, string Metadata)
{
    public static V2CommittedJson From(CommittedOffset offset) =>
        new(offset.Partition.Topic.Value, offset.Partition.Partition, offset.Offset.Value, offset.Metadata);
}

/// <summary>A moment in a partition, in ISO 8601.</summary>
internal sealed record V2MomentJson(string? Topic = null, int? Partition = null, string? Timestamp = null, string? Metadata = null);

/// <summary>Reads the documents of an instance.</summary>
internal static class InstanceDocument
{
    /// <summary>Reads one entry's partition.</summary>
    public static V2Error? TryRead(string? topic, int? number, out TopicPartition partition)
    {
        partition = default;
        if (!TopicName.TryParse(topic, out var name, out var problem))
        {
            return V2Error.Invalid(topic is null ? "An entry has no topic." : problem);
        }

        partition = new TopicPartition(name, number ?? 0);
        return number is null or < 0 ? V2Error.Invalid("An entry's partition must be a whole number, at least 0.") : null;
    }

    /// <summary>Reads partitions, each once.</summary>
    public static V2Error? TryRead(V2PartitionsJson document, out TopicPartition[] partitions)
    {
        partitions = [];
        if (document.Partitions is not { Length: <= Limits.OffsetsPerCommit } entries)
        {
            return V2Error.Invalid($"The member partitions must be an array of at most {Limits.OffsetsPerCommit} entries.");
        }

        var read = new List<TopicPartition>(entries.Length);
        foreach (var entry in entries)
        {
            if (TryRead(entry?.Topic, entry?.Partition, out var partition) is { } wrong)
            {
                return wrong;
            }

            read.Add(partition);
        }

        partitions = [.. read.Distinct()];
        return null;
    }
}
