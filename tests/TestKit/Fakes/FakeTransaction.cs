using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.TestKit.Fakes;

/// <summary>The coordinator of a transactional id, which answers what a test gives it.</summary>
public sealed class FakeTransaction(string id) : ITransactionGrain
{
    /// <summary>The transactional id.</summary>
    public TransactionalId Id { get; } = TransactionalId.Parse(id);

    /// <summary>What <see cref="Describe"/> answers; null for an id that is not in use.</summary>
    public TransactionDescription? Description { get; set; }

    /// <summary>Whether the catalog lists it.</summary>
    public bool IsListed { get; set; }

    /// <summary>Thrown by each call, if it is set.</summary>
    public Exception? Exception { get; set; }

    /// <summary>Called by each description before it is given.</summary>
    public Action? BeforeDescribe { get; set; }

    /// <summary>Calls of <see cref="Describe"/> so far.</summary>
    public int Descriptions { get; private set; }

    /// <summary>Calls of <see cref="Init"/> so far, each of which gives a higher epoch.</summary>
    public int Inits { get; private set; }

    /// <summary>What <see cref="End"/> answers; null for success.</summary>
    public Func<EndTransactionRequest, Task<EndTransactionResult>>? OnEnd { get; set; }

    /// <summary>Lists the id with a producer and its transaction.</summary>
    public FakeTransaction Set(TransactionStatus status, ProducerIdentity producer, Timestamp startedAt, params TopicPartition[] partitions)
    {
        Description = new TransactionDescription(Id, status, producer, TimeSpan.FromMinutes(1), startedAt, partitions, []);
        IsListed = true;
        return this;
    }

    /// <inheritdoc/>
    public ValueTask<TransactionResult> Describe()
    {
        Descriptions++;
        BeforeDescribe?.Invoke();
        return Exception is not null ? throw Exception
            : new(Description is { } known ? new TransactionResult(ErrorCode.None, known) : new TransactionResult(ErrorCode.TransactionalIdNotFound, null));
    }

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Abort()
    {
        if (Exception is not null)
        {
            throw Exception;
        }

        if (Description is { Status: TransactionStatus.Ongoing })
        {
            Description = Description with { Status = TransactionStatus.PrepareAbort };
        }

        return new(Description is null ? ErrorCode.TransactionalIdNotFound
            : Description.Status == TransactionStatus.PrepareCommit ? ErrorCode.InvalidTxnState
            : ErrorCode.None);
    }

    /// <inheritdoc/>
    public ValueTask<InitProducerResult> Init(InitProducerRequest request)
    {
        Inits++;
        return new(new InitProducerResult(ErrorCode.None, new ProducerIdentity(100, (short)(10 * Inits)), null));
    }

    /// <inheritdoc/>
    public ValueTask<EnlistResult> Enlist(EnlistRequest request) => throw new NotSupportedException();

    /// <inheritdoc/>
    public async ValueTask<EndTransactionResult> End(EndTransactionRequest request) => OnEnd is { } end
        ? await end(request)
        : new EndTransactionResult(ErrorCode.None, request.Producer with { Epoch = (short)(request.Producer.Epoch + 1) }, null);

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Expire() => throw new NotSupportedException();
}

internal sealed class FakeTransactionCatalog(FakeCluster cluster, int shard) : ITransactionCatalogGrain
{
    public ValueTask<TransactionalIdList> List(string after, int max)
    {
        if (cluster.TransactionCatalogError is { } error)
        {
            return new(new TransactionalIdList(error, [], false));
        }

        TransactionalId[] ids =
        [
            .. cluster.Transactions.Where(one => one.IsListed).Select(one => one.Id)
                .Where(id => id.Place(ITransactionCatalogGrain.Shards) == shard && string.CompareOrdinal(id.Value, after) > 0)
                .Order(),
        ];
        return new(new TransactionalIdList(ErrorCode.None, [.. ids.Take(max)], ids.Length > max));
    }

    public ValueTask<ErrorCode> Record(TransactionalId id, TransactionalIdUse use) => throw new NotSupportedException();

    public ValueTask Sweep() => throw new NotSupportedException();
}
