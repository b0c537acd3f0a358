using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Placement;
using Loire.Grains.Turns;
using Loire.Model;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Loire.Grains.Topics;

/// <summary>
/// The shell of a <see cref="CatalogDriver"/>. Reentrant, because settling calls topics, which call back. While a topic is announced, the
/// grain stays active and settles it at an interval: its caller may never retry. Once active, it also sweeps the store at an interval.
/// </summary>
[Reentrant]
[SpreadPlacement]
[Immovable]
[GrainType("loire.catalog")]
public sealed class CatalogGrain(ITopicDrivers drivers, ActiveDrivers active) : Grain, ICatalogGrain
{
    private CatalogDriver? _driver;
    private IGrainTimer? _settling;

    private CatalogDriver Driver => _driver ?? throw new InvariantException("the catalog has been activated");

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (this.GetPrimaryKeyString() != ICatalogGrain.Key)
        {
            throw new ArgumentException($"There is one catalog; its key is '{ICatalogGrain.Key}'.");
        }

        _driver = drivers.Catalog();
        active.Add(_driver, GrainContext);
        StayAwake();
        this.RegisterGrainTimer(
            _ => Sweep().AsTask(), new GrainTimerCreationOptions(drivers.StoreSweepInterval, drivers.StoreSweepInterval) { Interleave = true });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_driver is { } driver)
        {
            active.Remove(driver);
            await driver.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask<TopicList> List(string after, int max) => Drive(driver => driver.ListAsync(after, max));

    /// <inheritdoc/>
    public ValueTask<CatalogResult> Announce(TopicName name, bool validateOnly) =>
        Drive(driver => driver.AnnounceAsync(name, validateOnly));

    /// <inheritdoc/>
    public ValueTask<CatalogResult> Record(TopicName name, bool exists) => Drive(driver => driver.RecordAsync(name, exists));

    /// <inheritdoc/>
    public async ValueTask Settle()
    {
        await Driver.SettleAsync();
        WatchUnsettled();
    }

    /// <inheritdoc/>
    public async ValueTask Sweep()
    {
        StayAwake();
        if (await Driver.UnlessRetiredAsync(SweepAsync()))
        {
            WatchUnsettled();
        }

        async Task SweepAsync()
        {
            await drivers.SweepStoreAsync();
            await Driver.ReconcileAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask Retain() => await Driver.RetainAsync();

    /// <inheritdoc/>
    public ValueTask RetainWithin(TopicName topic, TimeSpan wait)
    {
        Driver.RetainWithin(topic, wait);
        return ValueTask.CompletedTask;
    }

    // The sweep runs only while the grain is active, and no request may arrive before the next one is due.
    private void StayAwake() => DelayDeactivation(2 * drivers.StoreSweepInterval);

    private async ValueTask<T> Drive<T>(Func<CatalogDriver, Task<T>> call)
    {
        try
        {
            return await call(Driver);
        }
        catch
        {
            // A bug: the state can no longer be trusted.
            DeactivateOnIdle();
            throw;
        }
        finally
        {
            WatchUnsettled();
        }
    }

    private void WatchUnsettled()
    {
        if (Driver.HasUnsettled == _settling is not null)
        {
            return;
        }

        _settling?.Dispose();
        _settling = Driver.HasUnsettled
            ? this.RegisterGrainTimer(
                Driver.SettleAsync,
                new GrainTimerCreationOptions(drivers.SettleInterval, drivers.SettleInterval) { Interleave = true, KeepAlive = true })
            : null;
    }
}
