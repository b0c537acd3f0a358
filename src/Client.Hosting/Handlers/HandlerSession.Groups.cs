using Loire.Model;

namespace Loire.Client.Hosting;

/// <content>
/// The session as a member of a group. A partition that goes to another member: its records that only wait for a handler are let go, those
/// being handled are waited for, what is finished is committed, and then it goes.
/// </content>
internal sealed partial class HandlerSession : IRebalanceListener
{
    private TopicName[] Stations => [topic, .. options.RetryTopics.Select(retry => retry.Topic)];

    /// <inheritdoc/>
    public async ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        foreach (var partition in partitions)
        {
            AddFlow(partition, Array.IndexOf(Stations, partition.Topic));
        }

        // Where one without a position begins, whoever takes over after a crash must begin too.
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
        var (flows, ended) = LetGo(partitions);
        try
        {
            await ended.WaitAsync(options.Consumer.MaxPollInterval, time, cancellation);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            // What is not finished is not committed, and another member handles it again.
        }

        await CommitAsync(flows, CancellationToken.None);
    }

    /// <inheritdoc/>
    public ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        LetGo(partitions);
        return ValueTask.CompletedTask;
    }

    private async Task JoinAsync(CancellationToken cancellation) => await consumer.SubscribeAsync(Stations, this, cancellation);

    private (List<PartitionFlow> Flows, Task Ended) LetGo(IReadOnlyList<TopicPartition> partitions)
    {
        var flows = new List<PartitionFlow>();
        foreach (var partition in partitions)
        {
            if (_flows.TryRemove(partition, out var flow))
            {
                flows.Add(flow);
            }

            // The next owner tries the record again.
            state.StandingStill.TryRemove(partition, out _);
        }

        return (flows, Task.WhenAll(flows.Select(flow => flow.LetGo())));
    }

    private void Pause(TopicPartition partition)
    {
        try
        {
            consumer.Pause([partition]);
        }
        catch (InvalidOperationException)
        {
            // The group has taken it away.
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
            // The group has taken it away.
        }
    }
}
