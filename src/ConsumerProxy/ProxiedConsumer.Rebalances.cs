using Loire.Client;
using Loire.Model;

namespace Loire.ConsumerProxy;

/// <content>Handles partitions that are assigned and revoked. Called on other threads.</content>
internal sealed partial class ProxiedConsumer : IRebalanceListener
{
    /// <inheritdoc/>
    public async ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        // The consumer that continues after a crash must begin where "latest" is now.
        var mustCommit = _settings.AutoCommitInterval is not null && _settings.OffsetReset == OffsetSpec.Latest;
        var known = mustCommit
            ? (await _consumer.CommittedAsync(partitions, cancellation)).Select(one => one.TopicPartition).ToHashSet()
            : [.. partitions];
        TopicPartitionOffset[] begun =
            [.. partitions.Select(one => new TopicPartitionOffset(one, _consumer.Position(one)))];
        lock (_lock)
        {
            foreach (var position in begun)
            {
                _deliveries.Begin(position.TopicPartition, position.Offset);
            }
        }

        if (begun.Where(one => !known.Contains(one.TopicPartition)).ToArray() is { Length: > 0 } unknown)
        {
            await _consumer.CommitAsync(unknown, cancellation);
        }
    }

    /// <inheritdoc/>
    public async ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        await WhenFinishedAsync(partitions, cancellation);
        await CommitFinishedAsync(partitions);
        await OnLostAsync(partitions, cancellation);
    }

    /// <inheritdoc/>
    public ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        lock (_lock)
        {
            Drop(partitions);
            _deliveries.End(partitions);
        }

        return ValueTask.CompletedTask;
    }

    // A client that holds records of the partitions asks for more, or commits, before they are revoked; a stream that does not say what has
    // arrived is not waited for.
    private async Task WhenFinishedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        while (true)
        {
            Task progress;
            lock (_lock)
            {
                if (_isStreaming || _isEnding || cancellation.IsCancellationRequested || !_deliveries.HasUnfinished(partitions))
                {
                    return;
                }

                _progress ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                progress = _progress.Task;
            }

            await Task.WhenAny(progress, Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellation));
        }
    }
}
