using Loire.Grains.Turns;

namespace Loire.Grains.Partitions;

/// <summary>
/// Tells topics how their partitions stand just before this silo stops: those that are open, and those that have moved to other silos since the last
/// sweep. Best effort, within <see cref="Patience"/>: what a topic does not learn, it finds by the age of its report. A topic that is called may be
/// on a silo that stops as well, and its answer is not waited for any longer. A write that a topic of this silo has begun is, as always when it
/// ends; so nothing is sent unless the store has just answered to a read.
/// </summary>
/// <param name="active">The partitions.</param>
/// <param name="reports">Tells the topics.</param>
/// <param name="canReport">Whether the cluster's feature level has reports, and the store answers.</param>
/// <param name="time">The clock.</param>
internal sealed class ReportsAtStop(ActiveDrivers active, PartitionReports reports, Func<ValueTask<bool>> canReport, TimeProvider time)
    : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>By how much the stop of a silo is delayed at most.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private const int TopicsAtOnce = 32;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        // Stops come in descending order: before the drivers retire (ActiveDrivers), while grains can be called.
        lifecycle.Subscribe(nameof(ReportsAtStop), ServiceLifecycleStage.Active + 1, static _ => Task.CompletedTask, SendAsync);

    /// <summary>Sends the reports.</summary>
    /// <param name="cancellation">Ends the attempt, as in a stop that is not graceful.</param>
    internal async Task SendAsync(CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            await SendAllAsync(within.Token).WaitAsync(within.Token);
        }
        catch (OperationCanceledException)
        {
            // What has begun ends by itself.
        }
    }

    private async Task SendAllAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!await canReport())
        {
            return;
        }

        // It may have answered too late.
        cancellation.ThrowIfCancellationRequested();
        var open = active.OfType<PartitionDriver>().ToList();
        var last = await Task.WhenAll(open.Select(partition => partition.ReportAtEndAsync()));
        foreach (var (partition, report) in open.Zip(last))
        {
            if (report is not null)
            {
                reports.Closed(partition.Key, partition.LastReport, report);
            }
        }

        await reports.SendAsync([], TopicsAtOnce);
    }
}
