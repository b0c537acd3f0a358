using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>Changes the partitions of a <see cref="PartitionSet"/>, one change at a time, and resolves their starting
/// positions.</summary>
internal sealed class Assigner(
    PartitionSet set,
    ConsumerOptions options,
    TopicCache topics,
    BrokerFetches fetches,
    TimeProvider time,
    BackgroundWork background,
    Random random,
    ClientMetrics metrics,
    ILogger logger)
{
    private const int AskedAtOnce = 100;

    private readonly SemaphoreSlim _turn = new(1);

    public async ValueTask AssignAsync((TopicPartition Partition, Offset? Offset)[] wanted, CancellationToken cancellation)
    {
        set.CheckNotDisposed();
        foreach (var twice in wanted.CountBy(one => one.Partition).Where(pair => pair.Value > 1))
        {
            throw new ArgumentException($"The partition {twice.Key} is given twice.");
        }

        if (wanted.Any(one => one.Offset < 0))
        {
            throw new ArgumentException("An offset must be at least 0.");
        }

        await _turn.WaitAsync(cancellation);
        try
        {
            List<AssignedPartition> partitions = [], added = [];
            foreach (var ofTopic in wanted.GroupBy(one => one.Partition.Topic))
            {
                var topic = await NewPatience().TryAsync(
                    () => topics.RequireAsync(ofTopic.Key, TopicCache.Fresh, options.RequestTimeout, cancellation), cancellation);
                foreach (var some in ofTopic.Chunk(AskedAtOnce))
                {
                    var found = await Task.WhenAll(some.Select(one => FindAsync(topic, one.Partition, one.Offset, cancellation)));
                    partitions.AddRange(found.Select(one => one.Partition));
                    added.AddRange(found.Where(one => one.IsNew).Select(one => one.Partition));
                }
            }

            set.Replace(partitions);
            foreach (var partition in added)
            {
                Fetch(partition);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Adds partitions granted by a group, held until they are released. Omits those whose position cannot be resolved now.
    /// </summary>
    /// <param name="granted">Partitions with their committed offsets.</param>
    /// <param name="cancellation">Cancels the operation; then no partition is added.</param>
    /// <returns>The added partitions, and why one was omitted, if any.</returns>
    public async Task<(TopicPartition[] Added, LoireException? Failure)> GrantAsync(
        IReadOnlyList<(TopicPartition Partition, ReadPosition? Committed)> granted, CancellationToken cancellation)
    {
        var found = new List<AssignedPartition>();
        LoireException? failure = null;
        foreach (var ofTopic in granted.GroupBy(one => one.Partition.Topic))
        {
            foreach (var some in ofTopic.Chunk(AskedAtOnce))
            {
                try
                {
                    var topic = await topics.RequireAsync(ofTopic.Key, TopicCache.Fresh, options.RequestTimeout, cancellation);
                    var answers = some.Select(one => TryFindAsync(topic, one.Partition, one.Committed, cancellation));
                    foreach (var one in await Task.WhenAll(answers))
                    {
                        failure ??= one.Failure;
                        if (one.Found is not null)
                        {
                            found.Add(one.Found);
                        }
                    }
                }
                catch (LoireException unknown)
                {
                    failure ??= unknown;
                }
            }
        }

        cancellation.ThrowIfCancellationRequested();
        set.Add(found);
        foreach (var partition in found)
        {
            Fetch(partition);
        }

        return ([.. found.Select(one => one.Partition)], failure);
    }

    public async ValueTask SeekAsync(TopicPartition partition, OffsetSpec position, CancellationToken cancellation)
    {
        var topic = set.Read(partition, static found => found.Topic);
        set.Seek(partition, await PatientlyAsync(topic, partition, position, cancellation));
    }

    public async ValueTask<WatermarkOffsets> WatermarksAsync(TopicPartition partition, CancellationToken cancellation)
    {
        var bounds = await PartitionPositions.BoundsAsync(await TopicAsync(partition, cancellation), partition, cancellation);
        return new WatermarkOffsets(bounds.LogStart, bounds.HighWatermark);
    }

    public async ValueTask<Offset> OffsetAsync(TopicPartition partition, OffsetSpec position, CancellationToken cancellation) =>
        await PartitionPositions.FindAsync(await TopicAsync(partition, cancellation), partition, position, cancellation, options.IsolationLevel);

    /// <summary>The topic as it is now, assigned or not.</summary>
    /// <exception cref="LoireException">It does not exist, or does not answer.</exception>
    public ValueTask<TopicRoutes> RoutesAsync(TopicName topic, CancellationToken cancellation) =>
        topics.RequireAsync(topic, TopicCache.Fresh, options.RequestTimeout, cancellation);

    private async Task<(AssignedPartition? Found, LoireException? Failure)> TryFindAsync(
        TopicRoutes topic, TopicPartition partition, ReadPosition? committed, CancellationToken cancellation)
    {
        // An offset of a deleted topic is meaningless in a later topic of the same name.
        var offset = committed is { } position && position.IsOf(topic.Id) ? position.Offset.Offset : (Offset?)null;
        try
        {
            var start = await PartitionPositions.FindAsync(topic, partition, StartOf(partition, offset), cancellation, options.IsolationLevel);
            var session = NewSession(topic, partition);
            return (new AssignedPartition(session, partition, start) { Committed = offset ?? Offset.None, IsGranted = true }, null);
        }
        catch (LoireException failure)
        {
            return (null, failure);
        }
    }

    private FetchSession NewSession(TopicRoutes topic, TopicPartition partition) =>
        new(topics, topic, partition.Partition, time) { HasBegun = true, Timeout = options.RequestTimeout, Together = fetches };

    private void Fetch(AssignedPartition partition)
    {
        var loop = new FetchLoop(partition, set, options, NewSession, time, metrics, logger, NewPatience());
        background.Start(static one => one.RunAsync(), loop);
    }

    private async Task<(AssignedPartition Partition, bool IsNew)> FindAsync(
        TopicRoutes topic, TopicPartition partition, Offset? offset, CancellationToken cancellation)
    {
        if (offset is null && set.Find(partition) is { } there && there.Topic.Id == topic.Id)
        {
            return (there, false);
        }

        var position = StartOf(partition, offset);
        var start = await PatientlyAsync(topic, partition, position, cancellation);
        return (new AssignedPartition(NewSession(topic, partition), partition, start), true);
    }

    private OffsetSpec StartOf(TopicPartition partition, Offset? offset) =>
        offset is { } given ? OffsetSpec.At(given) : options.StartOf(partition);

    private ValueTask<TopicRoutes> TopicAsync(TopicPartition partition, CancellationToken cancellation) =>
        set.Find(partition) is { } assigned
            ? new(assigned.Topic)
            : topics.RequireAsync(partition.Topic, TopicCache.Fresh, options.RequestTimeout, cancellation);

    private ValueTask<Offset> PatientlyAsync(
        TopicRoutes topic, TopicPartition partition, OffsetSpec position, CancellationToken cancellation) =>
        NewPatience().TryAsync(() => PartitionPositions.FindAsync(topic, partition, position, cancellation, options.IsolationLevel), cancellation);

    // Each loop has its own random number source, because loops run concurrently.
    public RetryBackoff NewPatience()
    {
        lock (random)
        {
            return new RetryBackoff(options, time, new Random(random.Next()));
        }
    }
}
