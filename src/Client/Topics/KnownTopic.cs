using System.Globalization;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Client;

/// <summary>A topic as it was when it was last asked, with the grains of its partitions.</summary>
internal sealed class KnownTopic
{
    private readonly IGrainFactory _grains;
    private readonly IPartitionGrain?[] _partitions;

    public KnownTopic(IGrainFactory grains, TopicDescription description, long askedAt)
    {
        _grains = grains;
        _partitions = new IPartitionGrain?[description.PartitionsCount];
        Description = description;
        AskedAt = askedAt;
        var limit = Array.Find(description.Configs, config => config.Name == "max.message.bytes")?.Value;
        MaxMessageBytes = int.TryParse(limit, CultureInfo.InvariantCulture, out var bytes) ? bytes : Limits.DefaultMaxMessageBytes;
    }

    public TopicDescription Description { get; }

    public string Name => Description.Name.Value;

    public TopicId Id => Description.Id;

    public int PartitionsCount => _partitions.Length;

    /// <summary>The topic's <c>max.message.bytes</c>.</summary>
    public int MaxMessageBytes { get; }

    /// <summary>When it was asked, in units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long AskedAt { get; }

    /// <summary>The grain of a partition, from 0 to <see cref="PartitionsCount"/> exclusive. Two threads may make it twice; that is
    /// harmless.</summary>
    public IPartitionGrain Partition(int partition) =>
        _partitions[partition] ??= _grains.GetGrain<IPartitionGrain>(new PartitionKey(Description.Name, Id, partition).ToString());
}
