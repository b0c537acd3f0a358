using Loire.Grains.Turns;
using Microsoft.Extensions.Hosting;

namespace Loire.Grains.Partitions;

/// <summary>
/// Lets the open partitions of this silo delete what their topics no longer keep, at an interval. One after the other, so that a sweep takes little
/// of what storage can do at a time.
/// </summary>
/// <param name="active">The partitions.</param>
/// <param name="interval">The time between two sweeps.</param>
/// <param name="time">The clock.</param>
internal sealed class RetentionSweeps(ActiveDrivers active, TimeSpan interval, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var partition in active.OfType<PartitionDriver>())
                {
                    await RetainAsync(partition, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task RetainAsync(PartitionDriver partition, CancellationToken stopping)
    {
        try
        {
            await partition.RetainAsync().WaitAsync(Patience, time, stopping);
        }
        catch (TimeoutException)
        {
            // Its storage does not answer, or it has just ended; the others have their turn.
        }
    }
}
