using System.Globalization;
using Loire.Edge.Calls;
using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model.Transactions;

namespace Loire.WebApi.Transactions;

/// <summary>
/// Finds transactional ids in all shards of their catalog, and asks their coordinators: each call is repeated while its grain moves, and a bounded number
/// is under way at a time, because an id that nobody has used for long is read from the store.
/// </summary>
internal sealed class TransactionLookup(IGrainFactory grains, TopicCache topics)
{
    /// <summary>Ids that are described together at most.</summary>
    public const int IdsPerPage = 1_000;

    /// <summary>Lists ids in ordinal order.</summary>
    public async Task<TransactionalIdList> ListAsync(string after, int limit, CancellationToken cancellation)
    {
        var pages = await Task.WhenAll(Enumerable.Range(0, ITransactionCatalogGrain.Shards).Select(async shard =>
        {
            var catalog = grains.GetGrain<ITransactionCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture));
            return await CallAsync(
                (catalog, after, limit), static call => call.catalog.List(call.after, call.limit), static page => page.Error, cancellation);
        }));
        if (Array.Find(pages, page => page.Error != ErrorCode.None) is { } failed)
        {
            return failed;
        }

        // The first of all ids are among the first of each shard.
        TransactionalId[] ids = [.. pages.SelectMany(page => page.Ids).Order()];
        var hasMore = ids.Length > limit || Array.Exists(pages, page => page.HasMore);
        return new TransactionalIdList(ErrorCode.None, ids[..Math.Min(limit, ids.Length)], hasMore && ids.Length > 0);
    }

    /// <summary>Describes ids, in their order. An id whose coordinator cannot be asked has the reason instead.</summary>
    public async Task<TransactionResult[]> DescribeAsync(TransactionalId[] ids, CancellationToken cancellation)
    {
        var results = new TransactionResult[ids.Length];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, ids.Length),
            new ParallelOptions { MaxDegreeOfParallelism = OffsetLookup.AtOnce, CancellationToken = cancellation },
            async (index, ending) => results[index] = await DescribeOneAsync(ids[index], ending));
        return results;
    }

    private async ValueTask<TransactionResult> DescribeOneAsync(TransactionalId id, CancellationToken cancellation)
    {
        try
        {
            return await CallAsync(
                grains.GetGrain<ITransactionGrain>(id.Value), static grain => grain.Describe(), static result => result.Error, cancellation);
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is { } error)
        {
            return new TransactionResult(error, null);
        }
    }

    private ValueTask<T> CallAsync<T, TState>(
        TState state, Func<TState, ValueTask<T>> call, Func<T, ErrorCode> errorOf, CancellationToken cancellation) =>
        topics.Retries is { } retries ? retries.CallAsync(state, call, errorOf, TimeSpan.Zero, cancellation) : call(state);
}
