using System.Globalization;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Placement;
using Loire.Grains.Turns;
using Loire.Model;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Loire.Grains.Groups;

/// <summary>The shell of a <see cref="GroupCatalogDriver"/>, with the timer of its sweep.</summary>
[Reentrant]
[SpreadPlacement]
[Immovable]
[GrainType("loire.group-catalog")]
public sealed class GroupCatalogGrain(IGroupDrivers drivers, ActiveDrivers active) : Grain, IGroupCatalogGrain
{
    private GroupCatalogDriver? _driver;

    private GroupCatalogDriver Driver => _driver ?? throw new InvariantException("the catalog has been activated");

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var shard) || shard >= IGroupCatalogGrain.Shards
            || shard.ToString(CultureInfo.InvariantCulture) != key)
        {
            throw new ArgumentException($"The key is a number from 0 to {IGroupCatalogGrain.Shards}, exclusive.");
        }

        _driver = drivers.Catalog(shard);
        active.Add(_driver, GrainContext);
        StayAwake();
        this.RegisterGrainTimer(Sweep, new GrainTimerCreationOptions(drivers.SweepInterval, drivers.SweepInterval) { Interleave = true });
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
    public ValueTask<GroupList> List(string after, int max) => Drive(driver => driver.ListAsync(after, max));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Record(GroupId groupId, bool exists) => Drive(driver => driver.RecordAsync(groupId, exists));

    private Task Sweep(CancellationToken cancellation)
    {
        StayAwake();
        return Driver.SweepAsync();
    }

    // The sweep runs only while the grain is active, and no request may arrive before the next one is due.
    private void StayAwake() => DelayDeactivation(2 * drivers.SweepInterval);

    private async ValueTask<T> Drive<T>(Func<GroupCatalogDriver, Task<T>> call)
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
    }
}
