using Loire.Grains.Turns;
using Loire.Model;
using Microsoft.Extensions.Hosting;

namespace Loire.Grains.Partitions;

/// <summary>
/// Lets the open partitions of this silo delete what their topics no longer keep, at an interval; then tells the topics how their partitions stand,
/// and has the closed ones looked after. One partition after the other, so that a sweep takes little of what storage can do at a time.
/// </summary>
/// <param name="active">The partitions.</param>
/// <param name="reports">Tells the topics.</param>
/// <param name="hasReports">Whether the cluster's feature level has reports.</param>
/// <param name="retainClosed">Has the closed partitions of the cluster looked after, unless that is under way; never throws.</param>
/// <param name="interval">The time between two sweeps.</param>
/// <param name="time">The clock.</param>
internal sealed class RetentionSweeps(
    ActiveDrivers active, PartitionReports reports, Func<ValueTask<bool>> hasReports, Func<ValueTask> retainClosed, TimeSpan interval,
    TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Sweeps once.</summary>
    internal async Task SweepAsync(CancellationToken stopping)
    {
        var found = new List<(PartitionDriver, PartitionReport)>();
        foreach (var partition in active.OfType<PartitionDriver>())
        {
            if (await RetainAsync(partition, stopping) is { } report)
            {
                found.Add((partition, report));
            }
        }

        if (await hasReports())
        {
            await WithinPatience(reports.SendAsync(found), stopping);
            await WithinPatience(retainClosed().AsTask(), stopping);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await SweepAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task<PartitionReport?> RetainAsync(PartitionDriver partition, CancellationToken stopping)
    {
        var retaining = partition.RetainAsync();
        return await WithinPatience(retaining, stopping) ? await retaining : null;
    }

    // What takes longer is not waited for, so that the others have their turn: storage does not answer, or a partition has just ended.
    private async Task<bool> WithinPatience(Task task, CancellationToken stopping)
    {
        try
        {
            await task.WaitAsync(Patience, time, stopping);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
