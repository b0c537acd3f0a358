using Loire.Model;

namespace Loire.Grains.Interfaces.Partitions;

/// <summary>What a reader knows of the leader epochs of a partition (KIP-320, KIP-595).</summary>
/// <param name="Current">The epoch of the leader that the reader believes in: a lower one than the partition's is refused with
/// <see cref="ErrorCode.FencedLeaderEpoch"/>, a higher one with <see cref="ErrorCode.UnknownLeaderEpoch"/>. <see cref="LeaderEpoch.None"/> for no check.</param>
/// <param name="LastFetched">The epoch of the last record that the reader has before the offset from which it reads; <see cref="LeaderEpoch.None"/> if it
/// has none.</param>
[GenerateSerializer, Immutable, Alias("loire.ReaderEpochs")]
public sealed record ReaderEpochs([property: Id(0)] LeaderEpoch Current, [property: Id(1)] LeaderEpoch LastFetched);

/// <summary>Where the records of a leader end.</summary>
/// <param name="Epoch">The epoch of the leader.</param>
/// <param name="End">The first offset after its records.</param>
[GenerateSerializer, Immutable, Alias("loire.EpochEnd")]
public sealed record EpochEnd([property: Id(0)] LeaderEpoch Epoch, [property: Id(1)] Offset End);

/// <summary>The answer to the question where an epoch ends.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>; <see cref="ErrorCode.FencedLeaderEpoch"/> or <see cref="ErrorCode.UnknownLeaderEpoch"/> if the reader
/// believes in another leader; or why it is not known.</param>
/// <param name="End">The end; null with an error, and for an epoch that the partition has not reached.</param>
/// <param name="Bounds">The positions of the log.</param>
[GenerateSerializer, Immutable, Alias("loire.EpochEndResult")]
public sealed record EpochEndResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] EpochEnd? End, [property: Id(2)] PartitionOffsets Bounds) : IPartitionAnswer
{
    /// <summary>The version of the topic that the partition acted on: that of <see cref="Bounds"/>.</summary>
    public long TopicVersion => Bounds.TopicVersion;
}
