using Microsoft.Extensions.Hosting;

namespace Loire.Grains.Transactions;

/// <summary>
/// Has the catalogs of transactional ids look after them at an interval. Every silo does, because an open transaction and the catalog that knows of it may
/// both have died with one silo.
/// </summary>
/// <param name="sweep">Calls the catalogs; never throws.</param>
/// <param name="interval">The time between two sweeps.</param>
/// <param name="time">The clock.</param>
internal sealed class TransactionSweeps(Func<Task> sweep, TimeSpan interval, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await sweep().WaitAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }
}
