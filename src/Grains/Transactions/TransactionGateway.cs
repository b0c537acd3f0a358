using System.Globalization;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Transactions;

/// <summary>
/// The calls of coordinators and their catalogs to other grains. Every failure of a call becomes an error code here. One instance serves all of a silo.
/// Thread-safe.
/// </summary>
internal sealed partial class TransactionGateway(IGrainFactory grains, ILogger logger) : ITransactionPeers
{
    public ValueTask<ErrorCode> EndPartition(PartitionKey partition, TransactionMarker marker) =>
        Reach(() => grains.GetGrain<IPartitionGrain>(partition.ToString()).EndTransaction(marker));

    public ValueTask<ErrorCode> EndGroup(GroupId group, TransactionMarker marker) =>
        Reach(() => grains.GetGrain<IGroupGrain>(group.Value).EndTransaction(marker));

    public ValueTask<ErrorCode> Record(TransactionalId id, TransactionalIdUse use) =>
        Reach(() => Catalog(id.Place(ITransactionCatalogGrain.Shards)).Record(id, use));

    /// <summary>Calls a coordinator to look after its id.</summary>
    public ValueTask<ErrorCode> Expire(TransactionalId id) => Reach(() => grains.GetGrain<ITransactionGrain>(id.Value).Expire());

    /// <summary>Has all shards of the catalog look after their ids.</summary>
    public Task Sweep() => Task.WhenAll(Enumerable.Range(0, ITransactionCatalogGrain.Shards).Select(async shard => await Reach(async () =>
    {
        await Catalog(shard).Sweep();
        return ErrorCode.None;
    })));

    private ITransactionCatalogGrain Catalog(int shard) =>
        grains.GetGrain<ITransactionCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture));

    private async ValueTask<ErrorCode> Reach(Func<ValueTask<ErrorCode>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception error)
        {
            Unreachable(error);
            return ErrorCode.CoordinatorNotAvailable;
        }
    }

    // Not a warning: a transaction may have thousands of partitions on one silo that is gone. Its coordinator says how many it could not reach.
    [LoggerMessage(1, LogLevel.Debug, "A call from a coordinator of transactions to another grain failed.")]
    private partial void Unreachable(Exception error);
}
