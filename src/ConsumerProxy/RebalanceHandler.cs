using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;

namespace Loire.ConsumerProxy;

/// <summary>Handles partitions that the group assigns and revokes. Called on threads of the client.</summary>
internal sealed class RebalanceHandler(
    ConsumerSettings settings, UntypedConsumer consumer, DeliveryLedger ledger, FinishedCommits commits) : IRebalanceListener
{
    /// <inheritdoc/>
    public async ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        // The consumer that continues after a crash must begin where "latest" is now.
        var mustCommit = settings.AutoCommitInterval is not null && settings.OffsetReset == OffsetSpec.Latest;
        var known = mustCommit
            ? (await consumer.CommittedAsync(partitions, cancellation)).Select(one => one.TopicPartition).ToHashSet()
            : [.. partitions];
        TopicPartitionOffset[] begun = [.. partitions.Select(one => new TopicPartitionOffset(one, consumer.Position(one)))];
        ledger.Begin(begun);
        if (begun.Where(one => !known.Contains(one.TopicPartition)).ToArray() is { Length: > 0 } unknown)
        {
            await consumer.CommitAsync(unknown, cancellation);
        }
    }

    /// <inheritdoc/>
    public async ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        await ledger.WhenFinishedAsync(partitions, cancellation);
        await commits.CommitFinishedAsync(partitions);
        ledger.End(partitions);
    }

    /// <inheritdoc/>
    public ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        ledger.End(partitions);
        return ValueTask.CompletedTask;
    }
}
