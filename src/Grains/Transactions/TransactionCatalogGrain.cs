using System.Globalization;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Placement;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.Model.Transactions;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Loire.Grains.Transactions;

/// <summary>The shell of a <see cref="TransactionCatalogDriver"/>.</summary>
[Reentrant]
[SpreadPlacement]
[Immovable]
[GrainType("loire.transaction-catalog")]
public sealed class TransactionCatalogGrain(ITransactionDrivers drivers, ActiveDrivers active) : Grain, ITransactionCatalogGrain
{
    private TransactionCatalogDriver? _driver;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var shard) || shard >= ITransactionCatalogGrain.Shards
            || shard.ToString(CultureInfo.InvariantCulture) != key)
        {
            throw new ArgumentException($"The key is a number from 0 to {ITransactionCatalogGrain.Shards}, exclusive.");
        }

        _driver = drivers.TransactionCatalog(shard);
        active.Add(_driver, GrainContext);
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
    public ValueTask<TransactionalIdList> List(string after, int max) => Drive(driver => driver.ListAsync(after, max));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Record(TransactionalId id, TransactionalIdUse use) => Drive(driver => driver.RecordAsync(id, use));

    /// <inheritdoc/>
    public async ValueTask Sweep() => await Drive(static async driver =>
    {
        await driver.SweepAsync();
        return true;
    });

    private async ValueTask<T> Drive<T>(Func<TransactionCatalogDriver, Task<T>> call)
    {
        try
        {
            return await call(_driver ?? throw new InvariantException("the catalog has been activated"));
        }
        catch
        {
            // A bug: the state can no longer be trusted.
            DeactivateOnIdle();
            throw;
        }
    }
}
