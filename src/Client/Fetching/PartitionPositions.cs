using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Client;

/// <summary>Resolves offset specifications and finds the bounds of partitions, without retries.</summary>
internal static class PartitionPositions
{
    /// <summary>Resolves <paramref name="wanted"/> to an offset.</summary>
    /// <exception cref="LoireException">The partition does not exist, or does not answer.</exception>
    public static async ValueTask<Offset> FindAsync(
        TopicRoutes topic, TopicPartition partition, OffsetSpec wanted, CancellationToken cancellation,
        IsolationLevel isolation = IsolationLevel.ReadUncommitted) => wanted.Kind switch
        {
            OffsetSpecKind.Offset => Checked(topic, partition, wanted.Number),
            OffsetSpecKind.Time => await ForTimeAsync(topic, partition, new Timestamp(wanted.Number), isolation, cancellation),
            OffsetSpecKind.Earliest => (await BoundsAsync(topic, partition, cancellation)).LogStart,
            OffsetSpecKind.Latest => (await BoundsAsync(topic, partition, cancellation)).End(isolation),
            _ => throw new ArgumentException($"{wanted} is not a position in a log."),
        };

    /// <summary>The current bounds of the partition.</summary>
    /// <exception cref="LoireException">The partition does not exist, or does not answer.</exception>
    public static async ValueTask<PartitionOffsets> BoundsAsync(TopicRoutes topic, TopicPartition partition, CancellationToken cancellation)
    {
        var grain = Grain(topic, partition);
        cancellation.ThrowIfCancellationRequested();
        var bounds = await GrainCallFailures.AnswerAsync(grain.Offsets, Named(partition), cancellation);
        return bounds.Error == ErrorCode.None ? bounds : throw new LoireException(bounds.Error, $"{Named(partition)} cannot be queried.");
    }

    /// <summary>Deletes the records before an offset; the first offset that can be read then.</summary>
    /// <exception cref="LoireException">The partition does not exist, refuses, or does not answer.</exception>
    public static async ValueTask<Offset> DeleteBeforeAsync(
        TopicRoutes topic, TopicPartition partition, Offset before, bool validateOnly, CancellationToken cancellation)
    {
        var grain = Grain(topic, partition);
        cancellation.ThrowIfCancellationRequested();
        var bounds = await GrainCallFailures.AnswerAsync(() => grain.DeleteRecords(before, validateOnly), Named(partition), cancellation);
        return bounds.Error == ErrorCode.None ? bounds.LogStart
            : throw new LoireException(bounds.Error, $"The records of {partition} before {before} cannot be deleted.");
    }

    /// <summary>The grain of a partition.</summary>
    /// <exception cref="LoireException">The topic has no such partition.</exception>
    public static IPartitionGrain Grain(TopicRoutes topic, TopicPartition partition) =>
        (uint)partition.Partition < (uint)topic.PartitionsCount
            ? topic.Partition(partition.Partition)
            : throw new LoireException(
                ErrorCode.UnknownTopicOrPartition,
                $"There is no partition {partition.Partition}: the topic '{topic.Name}' has {topic.PartitionsCount}, counted from 0.");

    private static async ValueTask<Offset> ForTimeAsync(
        TopicRoutes topic, TopicPartition partition, Timestamp time, IsolationLevel isolation, CancellationToken cancellation)
    {
        var grain = Grain(topic, partition);
        cancellation.ThrowIfCancellationRequested();
        var result = await GrainCallFailures.AnswerAsync(() => grain.FindBatch(time), Named(partition), cancellation);
        var found = OffsetLookup.Find(result, time, isolation);
        return found.Error != ErrorCode.None ? throw new LoireException(found.Error, $"{Named(partition)} cannot be searched.")
            : found.IsFound ? found.Offset.Value
            : found.Bounds.End(isolation);
    }

    private static Offset Checked(TopicRoutes topic, TopicPartition partition, Offset offset)
    {
        Grain(topic, partition);
        return offset;
    }

    private static string Named(TopicPartition partition) => $"The partition {partition}";
}
