using Loire.Edge.Calls;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Kafka.Handlers.Transactions;

/// <summary>Goes through all transactional ids of the cluster.</summary>
/// <param name="grains">Provides references to grains.</param>
/// <param name="coordinators">Asks the coordinators of transactions.</param>
internal sealed class TransactionListing(IGrainFactory grains, Coordinators coordinators)
{
    /// <summary>How many coordinators are asked at the same time: they may be as many as there are ids.</summary>
    public const int AtATime = 64;

    /// <summary>The transactions of all ids that are wanted.</summary>
    /// <param name="isWanted">Whether a transaction is wanted.</param>
    /// <param name="isWantedId">Whether a transactional id is to be looked at.</param>
    /// <param name="gone">Ends the listing.</param>
    /// <returns>The transactions; or why they are not known, and none.</returns>
    public async Task<(ErrorCode Error, List<TransactionDescription> Transactions)> FindAsync(
        Func<TransactionDescription, bool> isWanted, Func<TransactionalId, bool> isWantedId, CancellationToken gone)
    {
        List<TransactionDescription> found = [];
        for (var shard = 0; shard < ITransactionCatalogGrain.Shards; shard++)
        {
            var catalog = grains.GetGrain<ITransactionCatalogGrain>($"{shard}");
            for (var (after, hasMore) = ("", true); hasMore;)
            {
                gone.ThrowIfCancellationRequested();
                TransactionalIdList page;
                try
                {
                    page = await catalog.List(after, Limits.TransactionalIdsPerPage);
                }
                catch (Exception exception) when (GrainCallErrors.Of(exception) is not null)
                {
                    return (ErrorCode.CoordinatorNotAvailable, []);
                }

                if (page.Error != ErrorCode.None)
                {
                    return (Coordinators.Told(page.Error, 0, 0), []);
                }

                foreach (var some in page.Ids.Where(isWantedId).Chunk(AtATime))
                {
                    foreach (var result in await Task.WhenAll(some.Select(DescribeAsync)))
                    {
                        if (result.Error is not (ErrorCode.None or ErrorCode.TransactionalIdNotFound))
                        {
                            return (Coordinators.Told(result.Error, 0, 0), []);
                        }

                        if (result.Transaction is { } transaction && isWanted(transaction))
                        {
                            found.Add(transaction);
                        }
                    }
                }

                (after, hasMore) = (page.Ids.Length > 0 ? page.Ids[^1].Value : after, page.HasMore && page.Ids.Length > 0);
            }
        }

        return (ErrorCode.None, found);
    }

    private Task<TransactionResult> DescribeAsync(TransactionalId id) =>
        coordinators.AskAsync(id.Value, static grain => grain.Describe(), static error => new TransactionResult(error, null));
}
