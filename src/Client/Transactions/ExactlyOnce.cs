namespace Loire.Client;

/// <summary>Consume, transform, produce, and commit in one transaction.</summary>
public static class ExactlyOnce
{
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Processes the records of a consumer until cancelled, each list in a transaction of its own: what <paramref name="process"/> writes counts exactly if the
    /// positions after the records do. If the transaction can only be aborted, the same records are delivered again. What the function does besides writing to the
    /// transaction may be done several times.
    /// </summary>
    /// <typeparam name="TKey">The type of keys read.</typeparam>
    /// <typeparam name="TValue">The type of values read.</typeparam>
    /// <typeparam name="TNewKey">The type of keys written.</typeparam>
    /// <typeparam name="TNewValue">The type of values written.</typeparam>
    /// <param name="consumer">A consumer with a group, that does not commit automatically; it has subscribed.</param>
    /// <param name="producer">A producer with a transactional id.</param>
    /// <param name="process">Gets at least one record, all of one partition, and writes by the transaction. It must neither commit nor abort it. What it throws ends the
    /// processing, after the transaction was aborted and the consumer returned to before the records, and reaches the caller in any case; only a failure of the
    /// transaction (<see cref="ITransaction{TKey, TValue}.HasFailed"/>) that it passes on makes it get the same records again.</param>
    /// <param name="cancellation">Ends the processing between two transactions, or aborts the one under way. It hides an
    /// <see cref="OperationCanceledException"/> of the function, and nothing else.</param>
    /// <exception cref="ArgumentException">The consumer commits automatically, or has no group.</exception>
    /// <exception cref="TransactionException">The producer was fenced, or the coordinator does not answer.</exception>
    /// <exception cref="GroupException">The group does not tell where the next transaction begins: dispose of the consumer, which does not know either.</exception>
    /// <exception cref="AggregateException">The exception of the function, and the one for which its transaction was not aborted or the consumer not returned to
    /// before the records: dispose of both.</exception>
    public static async Task ProcessExactlyOnceAsync<TKey, TValue, TNewKey, TNewValue>(
        this IConsumer<TKey, TValue> consumer,
        IProducer<TNewKey, TNewValue> producer,
        Func<IReadOnlyList<ConsumeResult<TKey, TValue>>, ITransaction<TNewKey, TNewValue>, CancellationToken, ValueTask> process,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        ArgumentNullException.ThrowIfNull(producer);
        ArgumentNullException.ThrowIfNull(process);
        if (!await TryBeginNoneAsync(producer, cancellation))
        {
            return;
        }

        var failures = 0;
        await foreach (var records in consumer.ConsumeBatchesAsync(cancellation))
        {
            ITransaction<TNewKey, TNewValue>? transaction = null;
            var isProcessed = false;
            try
            {
                transaction = await producer.BeginTransactionAsync(cancellation);
                await process(records, transaction, cancellation);
                isProcessed = true;
                await transaction.SendOffsetsAsync(consumer, cancellation);
                await transaction.CommitAsync(cancellation);
                failures = 0;
                continue;
            }
            catch (Exception failure)
            {
                var mayPass = transaction is not null && MayPass(failure, transaction.HasFailed, isProcessed);
                var isCancelled = failure is OperationCanceledException && cancellation.IsCancellationRequested;
                try
                {
                    await GiveBackAsync(transaction, consumer, records);
                }
                catch (Exception second) when (transaction is not null && !isProcessed && !mayPass && !isCancelled)
                {
                    throw new AggregateException(
                        "The function has failed, and after it the return to before its records: dispose of the consumer and the producer.", failure, second);
                }

                if (isCancelled)
                {
                    return;
                }

                if (!mayPass)
                {
                    throw;
                }
            }

            failures++;
            var pause = TimeSpan.FromMilliseconds(Math.Min(_longestPause.TotalMilliseconds, 10 * Math.Pow(2, Math.Min(failures, 10))));

            // The function goes on where it was called from.
            await Task.Delay(pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>
    /// Aborts what an instance that died has left open under the transactional id: until then the group does not tell where to begin. False if cancelled.
    /// </summary>
    private static async ValueTask<bool> TryBeginNoneAsync<TNewKey, TNewValue>(IProducer<TNewKey, TNewValue> producer, CancellationToken cancellation)
    {
        try
        {
            await using var none = await producer.BeginTransactionAsync(cancellation);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether the same records may be processed in another transaction. What the application throws ends the processing, unless it passes on the failure of its
    /// transaction.
    /// </summary>
    private static bool MayPass(Exception failure, bool hasFailed, bool isProcessed) => failure switch
    {
        TransactionException transaction => transaction.IsAbortable && (isProcessed || hasFailed),
        GroupException group => !group.IsFatal && (isProcessed || hasFailed),
        LoireException => hasFailed,
        _ => false,
    };

    /// <summary>Aborts the transaction unless it has ended, and returns the consumer in any case.</summary>
    private static async ValueTask GiveBackAsync<TKey, TValue>(
        IAsyncDisposable? transaction, IConsumer<TKey, TValue> consumer, IReadOnlyList<ConsumeResult<TKey, TValue>> records)
    {
        try
        {
            await (transaction?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        finally
        {
            await ReturnAsync(consumer, records);
        }
    }

    /// <summary>
    /// Moves the consumer to where the next transaction must begin. Where the last one ended is not known if its commit was not answered; the group tells, once
    /// that is decided.
    /// </summary>
    private static async ValueTask ReturnAsync<TKey, TValue>(IConsumer<TKey, TValue> consumer, IReadOnlyList<ConsumeResult<TKey, TValue>> records)
    {
        // If the partition is lost, it is another member's, who begins where the last transaction ended; as this one does if the partition comes back.
        var (partition, first) = (records[0].TopicPartition, records[0].Offset);
        var committed = await consumer.CommittedAsync([partition]);
        (consumer as IDeliveredPositions)?.Return(partition, committed is [var one] && one.Offset > first ? one.Offset : first);
    }
}
