using Loire.Model;
using Loire.Model.Transactions;
using Orleans.Concurrency;

namespace Loire.Grains.Interfaces.Transactions;

/// <summary>One shard of the transactional ids (<see cref="TransactionalId.Place"/>). The key is a number from 0 to <see cref="Shards"/>, exclusive, as text.</summary>
[Alias("loire.ITransactionCatalogGrain")]
public interface ITransactionCatalogGrain : IGrainWithStringKey
{
    /// <summary>The number of shards.</summary>
    const int Shards = 16;

    /// <summary>Lists ids in ordinal order.</summary>
    /// <param name="after">Ids after this one; empty for the first page.</param>
    /// <param name="max">The maximum number of ids, from 1 to <see cref="Limits.TransactionalIdsPerPage"/>.</param>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    [Alias("List")]
    ValueTask<TransactionalIdList> List(string after, int max);

    /// <summary>Durably records how an id is used. Called only by its coordinator.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("Record")]
    ValueTask<ErrorCode> Record(TransactionalId id, TransactionalIdUse use);

    /// <summary>
    /// Has the coordinators look after their ids: those that may have something open each time, all others rarely. Every silo calls it at an interval, so
    /// that what a dead silo left is found; answered at once, and does nothing while it is under way or was done a moment ago.
    /// </summary>
    [ResponseTimeout("00:00:10")]
    [Alias("Sweep")]
    ValueTask Sweep();
}

/// <summary>One page of transactional ids.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the list is not available.</param>
/// <param name="Ids">The ids in ordinal order.</param>
/// <param name="HasMore">Whether more follow.</param>
[GenerateSerializer, Immutable, Alias("loire.TransactionalIdList")]
public sealed record TransactionalIdList([property: Id(0)] ErrorCode Error, [property: Id(1)] TransactionalId[] Ids, [property: Id(2)] bool HasMore);
