using System.Collections.Concurrent;
using Loire.Client;
using Loire.Model;

namespace Loire.Samples.Ledger;

/// <summary>
/// Reads the partitions that the group assigns from where the database says, and books each list of records in one transaction. What the group has
/// committed decides nothing: it trails behind, and shows the lag.
/// </summary>
public sealed class Booking(IConsumer<string, Payment> consumer, LedgerDatabase ledger, ILogger logger) : IRebalanceListener
{
    // The positions in the database, as far as this process knows.
    private readonly ConcurrentDictionary<TopicPartition, Offset> _next = new();

    /// <summary>Books until cancelled. After an exception it may be called again.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        await consumer.SubscribeAsync(["payments"], this, stopping);
        await OnAssignedAsync(consumer.Assignment, stopping);
        await foreach (var records in consumer.ConsumeBatchesAsync(stopping))
        {
            var (partition, next) = (records[0].TopicPartition, records[^1].Offset + 1);
            if (!_next.TryGetValue(partition, out var expected))
            {
                // The database did not answer when the partition was assigned.
                await SeekAsync(partition, stopping);
            }
            else if (next <= expected)
            {
                // Booked before; see below.
            }
            else if (await ledger.TryBookAsync(partition, expected, records, stopping))
            {
                // Unless the partition has gone meanwhile, or has gone and come back. If it came back at the position that the database had
                // just before, these records come again.
                _next.TryUpdate(partition, next, expected);
                logger.LogInformation("{Partition} is booked up to {Next}", partition, next);
            }
            else
            {
                logger.LogWarning("{Partition} is not at {Expected} any more: another process has it", partition, expected);
                await SeekAsync(partition, stopping);
            }
        }
    }

    public async ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        foreach (var partition in partitions)
        {
            await SeekAsync(partition, cancellation);
        }
    }

    public ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        foreach (var partition in partitions)
        {
            _next.TryRemove(partition, out _);
        }

        return ValueTask.CompletedTask;
    }

    private async Task SeekAsync(TopicPartition partition, CancellationToken cancellation)
    {
        // Until this has succeeded, nothing of the partition is booked.
        _next.TryRemove(partition, out _);
        var stored = await ledger.OpenAsync(partition, consumer.Position(partition), cancellation);
        await consumer.SeekAsync(partition, OffsetSpec.At(stored), cancellation);
        _next[partition] = stored;
    }
}
