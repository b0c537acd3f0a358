using System.Globalization;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Edge.Topics;

/// <summary>
/// The data that an edge needs to reach the partitions of a topic, from one description of the topic. It may be outdated: the partitions
/// decide whether they exist and which settings apply.
/// </summary>
public sealed class TopicRoutes
{
    private readonly IGrainFactory _grains;
    private readonly IPartitionGrain?[] _partitions;
    private readonly ExpectedBytes?[] _expected;
    private readonly int[] _preferredLeaders;
    private readonly int[] _leaders;

    /// <param name="grains">Creates references to the partitions' grains.</param>
    /// <param name="description">The topic's answer.</param>
    /// <param name="askedAt">When the topic was queried, in units of <see cref="TimeProvider.GetTimestamp"/>.</param>
    public TopicRoutes(IGrainFactory grains, TopicDescription description, long askedAt)
    {
        _grains = grains;
        _partitions = new IPartitionGrain?[description.PartitionsCount];
        _expected = new ExpectedBytes?[description.PartitionsCount];
        (_preferredLeaders, _leaders) = (description.PreferredLeaders ?? [], description.Leaders ?? []);
        (Name, Id, Version, AskedAt) = (description.Name, description.Id, description.Version, askedAt);
        var limit = Array.Find(description.Configs, config => config.Name == "max.message.bytes")?.Value;
        MaxMessageBytes = int.TryParse(limit, CultureInfo.InvariantCulture, out var bytes) ? bytes : Limits.DefaultMaxMessageBytes;
    }

    /// <summary>The topic's name.</summary>
    public TopicName Name { get; }

    /// <summary>Identifies this creation of the name.</summary>
    public TopicId Id { get; }

    /// <summary>The topic's version when it was described (<see cref="TopicDescription.Version"/>).</summary>
    public long Version { get; }

    /// <summary>The number of partitions.</summary>
    public int PartitionsCount => _partitions.Length;

    /// <summary>
    /// The topic's <c>max.message.bytes</c>. The edge sizes its batches accordingly, and the partition enforces the limit.
    /// </summary>
    public int MaxMessageBytes { get; }

    /// <summary>When the topic was queried, in units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long AskedAt { get; }

    /// <summary>The broker that should lead a partition; null if every one may.</summary>
    public int? PreferredLeaderOf(int partition) =>
        partition < _preferredLeaders.Length && _preferredLeaders[partition] >= 0 ? _preferredLeaders[partition] : null;

    /// <summary>The broker that led a partition when the topic was described; 0 if the silos are not brokers.</summary>
    public int LeaderOf(int partition) => partition < _leaders.Length ? _leaders[partition] : 0;

    /// <summary>
    /// The grain of a partition, from 0 to <see cref="PartitionsCount"/> exclusive. Two threads may create its reference twice, which is
    /// harmless.
    /// </summary>
    public IPartitionGrain Partition(int partition) =>
        _partitions[partition] ??= _grains.GetGrain<IPartitionGrain>(new PartitionKey(Name, Id, partition).ToString());

    /// <summary>What the answers of a partition say about the size of the next, from 0 to <see cref="PartitionsCount"/> exclusive.</summary>
    public ExpectedBytes Expected(int partition) => _expected[partition] ??= new ExpectedBytes();

    /// <summary>Whether a partition acts on a newer version of the topic, or reports that this creation of the topic is gone.</summary>
    public bool IsOutdatedBy(IPartitionAnswer answer) => answer.TopicVersion > Version || IsUnknown(answer.Error);

    /// <summary>Whether an error means that the partition does not exist, as far as it knows.</summary>
    public static bool IsUnknown(ErrorCode error) =>
        error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId or ErrorCode.InconsistentTopicId;
}
