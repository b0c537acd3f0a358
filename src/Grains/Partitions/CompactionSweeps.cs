using Loire.Grains.Turns;
using Microsoft.Extensions.Hosting;

namespace Loire.Grains.Partitions;

/// <summary>
/// Asks the open partitions of this silo, at an interval, to compact themselves if that is due; those among them that their topics have opened because
/// they are. One after the other, which bounds the memory of compaction to one map of keys.
/// </summary>
/// <param name="active">The partitions.</param>
/// <param name="interval">The time between the end of a round and the next one.</param>
/// <param name="time">The clock.</param>
internal sealed class CompactionSweeps(ActiveDrivers active, TimeSpan interval, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(interval, time, stoppingToken);
                foreach (var partition in active.OfType<PartitionDriver>().Where(partition => partition.IsCompacted))
                {
                    await CompactAsync(partition, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task CompactAsync(PartitionDriver partition, CancellationToken stopping)
    {
        for (var compacted = partition.CompactAsync(); !compacted.IsCompleted;)
        {
            try
            {
                await compacted.WaitAsync(Patience, time, stopping);
            }
            catch (TimeoutException) when (partition.TakeCompactionProgress())
            {
                // A large log.
            }
            catch (TimeoutException)
            {
                // Its storage does not answer, or it has just ended; the others have their turn.
                return;
            }
        }
    }
}
