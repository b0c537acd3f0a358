using Loire.Log.Objects;
using Loire.Model.Memory;

namespace Loire.Log.Chains;

/// <summary>
/// Reads a chain: the head, and then every chunk after its entries until one is absent, a bounded number for a chain of any length. It
/// takes no epoch, so another instance may write meanwhile, and its maintenance may move chunks during this scan. Therefore the head is
/// read again at the end. Chunks from that head's tail on were not moved, so what the scan saw of them, found or absent, was true. They are
/// appended to the newer head, and the scan continues only if that head knows of later chunks, so a busy leader cannot starve a reader.
/// Storage writes whole objects, so a damaged chunk is corruption and never the end of the chain, and so is a missing one that others
/// follow.
/// </summary>
internal sealed class ChainRecovery(ChainObjects store, ObjectCache cache, ChainOptions options, TimeProvider time)
{
    private const int MaxAttempts = 8;
    private const int MaxReadsAtOnce = 8;

    // The head and two small chunks, as most logs have them.
    private const long FirstBytes = 256 * 1024;

    /// <summary>Reads the chain.</summary>
    /// <returns>
    /// The state, or the error: <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read, <see cref="ErrorCode.CorruptMessage"/>
    /// if the head is damaged or the stored objects contradict each other, <see cref="ErrorCode.UnknownTopicOrPartition"/> if the log is
    /// being deleted.
    /// </returns>
    public async Task<(ErrorCode Error, ChainState? State)> ReadAsync(CancellationToken cancellation)
    {
        using var memory = new MemoryClaim(options.ReadMemory);
        await memory.HoldAsync(FirstBytes, Timeout.InfiniteTimeSpan, time, cancellation);
        var scanned = new Scanned();
        var read = await store.ReadHeadAsync();
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (read.Status is FetchStatus.Unreachable or FetchStatus.Damaged)
            {
                return (read.Status == FetchStatus.Damaged ? ErrorCode.CorruptMessage : ErrorCode.KafkaStorageError, null);
            }

            if (read.Head.IsDeleting)
            {
                return (ErrorCode.UnknownTopicOrPartition, null);
            }

            store.Incarnation = read.Head.Incarnation;
            var state = new ChainState(read.Head, read.ETag);
            var error = scanned.TryContinue(state) ? await ScanAsync(state, scanned, memory, cancellation) : ErrorCode.CorruptMessage;
            var before = read;
            read = await store.ReadHeadAsync();
            if (read.Status == FetchStatus.Unreachable)
            {
                return (ErrorCode.KafkaStorageError, null);
            }

            if (read.Status == FetchStatus.Found && read.Head.Incarnation == before.Head.Incarnation
                && read.Head.Revision < before.Head.Revision)
            {
                // An answer from the past: heads never go back.
                read = before;
                continue;
            }

            if (read.Head.Incarnation != before.Head.Incarnation)
            {
                // Deleted and created again: nothing that was read belongs to this log.
                scanned = new Scanned();
                continue;
            }

            if (read.Status == before.Status && read.Head.Revision == before.Head.Revision)
            {
                if (error == ErrorCode.None && read.Status == FetchStatus.Absent && state.Tail.Count > 0)
                {
                    // Chunks without a head: the head was lost, and possibly more with it, unless it was only just written.
                    read = await store.ReadHeadAsync();
                    if (read.Status != FetchStatus.Absent)
                    {
                        continue;
                    }

                    error = ErrorCode.CorruptMessage;
                }
            }
            else if (error == ErrorCode.None && read.Status == FetchStatus.Found && !read.Head.IsDeleting
                && Math.Max(read.Head.TailOrdinal, read.Head.KnownOrdinal) <= state.NextOrdinal)
            {
                state = new ChainState(read.Head, read.ETag);
                error = scanned.TryContinue(state) ? ErrorCode.None : ErrorCode.CorruptMessage;
            }
            else
            {
                continue;
            }

            if (error != ErrorCode.None)
            {
                return (error, null);
            }

            state.AssertInvariants();
            return (ErrorCode.None, state);
        }

        return (ErrorCode.KafkaStorageError, null);
    }

    /// <summary>Adds chunks to the tail until one, and the one after it, are absent.</summary>
    private async Task<ErrorCode> ScanAsync(ChainState state, Scanned scanned, MemoryClaim memory, CancellationToken cancellation)
    {
        for (var window = 2; ; window = Math.Min(window * 2, MaxReadsAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            if (window > 2 && memory.Bytes < options.TailBytes)
            {
                // Released first: an opening that waited while it held memory could deadlock with another.
                memory.Dispose();
                await memory.HoldAsync(options.TailBytes, Timeout.InfiniteTimeSpan, time, cancellation);
            }

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
                if (read.Status == FetchStatus.Absent)
                {
                    if (first + i >= state.Head.KnownOrdinal)
                    {
                        var next = i + 1 < window ? found[i + 1] : await store.FetchAsync(ObjectKey.Chunk(first + i + 1));
                        if (next.Status is FetchStatus.Absent or FetchStatus.Unreachable)
                        {
                            return next.Status == FetchStatus.Absent ? ErrorCode.None : ErrorCode.KafkaStorageError;
                        }
                    }

                    // It may have been written since. If not, it is lost, because what proves it to exist is only written after it.
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

                scanned.Add(first + i, read);
            }
        }
    }

    /// <summary>Adds one chunk, intact or damaged, to the tail; false if it contradicts what is before it.</summary>
    public bool Accept(ChainState state, in Fetched read)
    {
        if (read.Object is null)
        {
            store.Metrics.CorruptObjects.Add(read.Status == FetchStatus.Absent ? 1 : 0);
        }
        else
        {
            cache.Put(store.Name, ObjectKey.Chunk(state.NextOrdinal), read.Object);
        }

        return Take(state, read);
    }

    private static bool Take(ChainState state, in Fetched read) =>
        read.Object is null ? state.TryAcceptDamaged(read.Header, read.ETag) : state.TryAccept(read.Object, read.ETag);

    /// <summary>The chunks found by scans, in order and without gaps.</summary>
    private sealed class Scanned
    {
        private readonly List<Fetched> _chunks = [];
        private long _first;

        public void Add(long ordinal, in Fetched chunk)
        {
            if (ordinal != _first + _chunks.Count)
            {
                _chunks.Clear();
                _first = ordinal;
            }

            _chunks.Add(chunk);
        }

        /// <summary>Appends the chunks that follow a head to it; false if they contradict it.</summary>
        public bool TryContinue(ChainState state)
        {
            for (var i = state.NextOrdinal - _first; i >= 0 && i < _chunks.Count; i++)
            {
                if (!Take(state, _chunks[(int)i]))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
