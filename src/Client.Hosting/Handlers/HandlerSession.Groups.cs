using Loire.Model;

namespace Loire.Client.Hosting;

/// <content>
/// The session as a member of a group. Before a partition moves to another member, its queued records are dropped, the records being
/// handled run to their end, and finished offsets are committed.
/// </content>
internal sealed partial class HandlerSession : IRebalanceListener
{
    private TopicName[] Stages => [topic, .. options.RetryTopics.Select(retry => retry.Topic)];

    /// <inheritdoc/>
    public async ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        foreach (var partition in partitions)
        {
            AddFlow(partition, Array.IndexOf(Stages, partition.Topic));
        }

        // Commits the start of partitions without a position: after a crash the next owner must start there too.
        var known = (await consumer.CommittedAsync(partitions, cancellation)).Select(one => one.TopicPartition).ToHashSet();
        var fresh = partitions.Where(partition => !known.Contains(partition))
            .Select(partition => new TopicPartitionOffset(partition, consumer.Position(partition)))
            .ToArray();
        if (fresh.Length > 0)
        {
            await consumer.CommitAsync(fresh, cancellation);
        }
    }

    /// <inheritdoc/>
    public async ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        var (flows, ended) = Release(partitions);
        try
        {
            await ended.WaitAsync(options.Consumer.MaxPollInterval, time, cancellation);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            // Unfinished records are not committed; the next owner handles them again.
        }

        await CommitAsync(flows, CancellationToken.None);
    }

    /// <inheritdoc/>
    public ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        Release(partitions);
        return ValueTask.CompletedTask;
    }

    private async Task JoinAsync(CancellationToken cancellation) => await consumer.SubscribeAsync(Stages, this, cancellation);

    private (List<PartitionFlow> Flows, Task Ended) Release(IReadOnlyList<TopicPartition> partitions)
    {
        var flows = new List<PartitionFlow>();
        foreach (var partition in partitions)
        {
            if (_flows.TryRemove(partition, out var flow))
            {
                flows.Add(flow);
            }

            // The next owner retries the record.
            state.Stalled.TryRemove(partition, out _);
        }

        return (flows, Task.WhenAll(flows.Select(flow => flow.Release())));
    }

    private void Pause(TopicPartition partition)
    {
        try
        {
            consumer.Pause([partition]);
        }
        catch (InvalidOperationException)
        {
            // The group has revoked the partition.
        }
    }

    private void Resume(TopicPartition partition)
    {
        try
        {
            consumer.Resume([partition]);
        }
        catch (InvalidOperationException)
        {
            // The group has revoked the partition.
        }
    }
}
