using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// Reads a chain: the head, and then every chunk after its entries until one is absent, a bounded number however long the chain is. Takes
/// no epoch, so another instance may write meanwhile: the head is read again at the end, and if it has changed, chunks may have been moved
/// away under this scan, which then starts over. Storage writes whole objects, so a damaged chunk is corruption and never the end of the
/// chain, and neither is a missing one that others follow.
/// </summary>
internal sealed class Recovery(ObjectStore store, ObjectCache cache)
{
    private const int MaxAttempts = 8;
    private const int MaxReadsAtOnce = 8;

    /// <summary>Reads the chain.</summary>
    /// <returns>
    /// The state, or the error: <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read, <see cref="ErrorCode.CorruptMessage"/>
    /// if the head is damaged or what is stored contradicts itself, <see cref="ErrorCode.UnknownTopicOrPartition"/> if the log is being
    /// deleted.
    /// </returns>
    public async Task<(ErrorCode Error, ChainState? State)> ReadAsync(CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var read = await store.ReadHeadAsync();
            if (read.Status is FetchStatus.Unreachable or FetchStatus.Damaged)
            {
                return (read.Status == FetchStatus.Damaged ? ErrorCode.CorruptMessage : ErrorCode.KafkaStorageError, null);
            }

            if (read.Head.IsDeleting)
            {
                return (ErrorCode.UnknownTopicOrPartition, null);
            }

            var state = new ChainState(read.Head, read.ETag);
            var error = await ScanAsync(state, cancellation);
            var again = await store.ReadHeadAsync();
            if (again.Status == FetchStatus.Unreachable)
            {
                return (ErrorCode.KafkaStorageError, null);
            }

            if (again.Status != read.Status || again.Head.Revision != read.Head.Revision)
            {
                continue;
            }

            // Chunks without a head: the head was lost, and what else was lost with it nobody knows.
            error = error == ErrorCode.None && read.Status == FetchStatus.Absent && state.Tail.Count > 0 ? ErrorCode.CorruptMessage : error;
            if (error != ErrorCode.None)
            {
                return (error, null);
            }

            state.AssertInvariants();
            return (ErrorCode.None, state);
        }

        return (ErrorCode.KafkaStorageError, null);
    }

    /// <summary>Takes chunks into the tail until one, and the one after it, are absent.</summary>
    private async Task<ErrorCode> ScanAsync(ChainState state, CancellationToken cancellation)
    {
        for (var window = 2; ; window = Math.Min(window * 2, MaxReadsAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            var first = state.NextOrdinal;
            var reads = new Task<Fetched>[window];
            for (var i = 0; i < window; i++)
            {
                reads[i] = store.FetchAsync(ObjectKey.Chunk(first + i));
            }

            var found = await Task.WhenAll(reads);
            for (var i = 0; i < window; i++)
            {
                var read = found[i];
                if (read.Status == FetchStatus.Absent && first + i >= state.Head.KnownOrdinal)
                {
                    var next = i + 1 < window ? found[i + 1] : await store.FetchAsync(ObjectKey.Chunk(first + i + 1));
                    if (next.Status is FetchStatus.Absent or FetchStatus.Unreachable)
                    {
                        return next.Status == FetchStatus.Absent ? ErrorCode.None : ErrorCode.KafkaStorageError;
                    }

                    // It may have come since; if it has not, it is lost, for the next was only written when it was there.
                    read = await store.FetchAsync(ObjectKey.Chunk(first + i));
                }

                if (read.Status == FetchStatus.Unreachable)
                {
                    return ErrorCode.KafkaStorageError;
                }

                if (!Accept(state, read))
                {
                    return ErrorCode.CorruptMessage;
                }
            }
        }
    }

    /// <summary>Takes one chunk, whole or damaged, into the tail; false if it contradicts what is before it.</summary>
    public bool Accept(ChainState state, in Fetched read)
    {
        if (read.Object is null)
        {
            LogMetrics.CorruptObjects.Add(read.Status == FetchStatus.Absent ? 1 : 0);
            return state.TryAcceptDamaged(read.Header, read.ETag);
        }

        cache.Put(store.Name, ObjectKey.Chunk(state.NextOrdinal), read.Object);
        return state.TryAccept(read.Object, read.ETag);
    }
}
