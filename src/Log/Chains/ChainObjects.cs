using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// The objects of one log in grain storage. The only place that resolves unknown outcomes and retries: a write that neither succeeded nor
/// was refused is read back, with growing pauses, until it is found stored (done), something else is found (lost), nothing is found (the
/// same bytes are written again), or the deadline passes (the chain must close). Reads and deletions are not retried here.
/// </summary>
internal sealed class ChainObjects(StorageCalls calls, LogName name)
{
    private enum ConditionalOutcome
    {
        /// <summary>A different, intact content.</summary>
        Foreign,

        /// <summary>The content that our write replaces.</summary>
        NotYet,

        /// <summary>Unreadable content, perhaps damaged in transit.</summary>
        Unreadable,
    }

    /// <summary>The name of the log.</summary>
    public LogName Name => name;

    /// <summary>The <see cref="Head.Incarnation"/> of the log whose objects are read and written; null for an absent log.</summary>
    public Guid? Incarnation
    {
        get => calls.Incarnation;
        set => calls.Incarnation = value;
    }

    /// <summary>The message of the last exception of the provider; null if there was none.</summary>
    public string? LastProblem => calls.LastProblem;

    /// <summary>Whether the store can list the log's objects.</summary>
    public bool CanList => calls.CanList;

    /// <summary>The instruments of the log.</summary>
    public LogMetrics Metrics => calls.Metrics;

    /// <summary>Creates an object that must not exist yet.</summary>
    public Task<WriteResult> CreateAsync(ObjectKey key, StoredObject content) =>
        WriteAsync(key, content, null, found => LogObject.TryRead(found, name.Tag, null, out _) ? ConditionalOutcome.Foreign : ConditionalOutcome.Unreadable);

    /// <summary>
    /// Replaces the head of version <paramref name="etag"/> (null for an absent head) by the next one.
    /// </summary>
    public Task<WriteResult> ReplaceHeadAsync(Head next, string? etag) =>
        WriteAsync(ObjectKey.Head, new StoredObject { Pieces = [next.Encode(name.Tag)] }, etag, found =>
            !Head.TryRead(found.Span, name.Tag, out var stored) ? ConditionalOutcome.Unreadable
            : stored.Revision == next.Revision - 1 && stored.Incarnation == next.Incarnation ? ConditionalOutcome.NotYet
            : ConditionalOutcome.Foreign);

    /// <summary>Tries once to replace the head, and ignores the outcome.</summary>
    public Task TryReplaceHeadAsync(Head next, string? etag) =>
        calls.WriteAsync(ObjectKey.Head, new StoredObject { Pieces = [next.Encode(name.Tag)] }, etag, calls.Begin());

    /// <summary>Deletes the head if it still has a version, and ignores the outcome.</summary>
    public Task TryDeleteHeadAsync(string etag) => calls.ClearAsync(ObjectKey.Head, etag);

    /// <summary>Reads the head; a second time if its checksum is wrong, in case the bytes were damaged in transit.</summary>
    public async Task<FetchedHead> ReadHeadAsync()
    {
        for (var again = false; ; again = true)
        {
            var read = await calls.ReadAsync(ObjectKey.Head, calls.Begin());
            if (read.Status is FetchStatus.Absent or FetchStatus.Unreachable)
            {
                return new FetchedHead(read.Status, Head.None, null);
            }

            if (Head.TryRead(read.Bytes.Span, name.Tag, out var head))
            {
                return new FetchedHead(FetchStatus.Found, head, read.ETag);
            }

            if (again || read.Status == FetchStatus.Damaged)
            {
                Metrics.CorruptObjects.Add(1);
                return new FetchedHead(FetchStatus.Damaged, Head.None, read.ETag, read.Bytes);
            }
        }
    }

    /// <summary>Reads an object; a second time if its checksums are wrong.</summary>
    public async Task<Fetched> FetchAsync(ObjectKey key)
    {
        for (var again = false; ; again = true)
        {
            var read = await calls.ReadAsync(key, calls.Begin());
            if (read.Status is FetchStatus.Absent or FetchStatus.Unreachable)
            {
                return new Fetched(read.Status, null, null, null);
            }

            if (LogObject.TryRead(read.Bytes, name.Tag, read.ETag, out var found) && Belongs(found!.Header, key))
            {
                return new Fetched(FetchStatus.Found, found, found.Header, read.ETag);
            }

            if (again || read.Status == FetchStatus.Damaged)
            {
                Metrics.CorruptObjects.Add(1);
                ObjectHeader? intact =
                    ObjectHeader.TryRead(read.Bytes.Span, name.Tag, out var header) && Belongs(header, key) ? header : null;
                return new Fetched(FetchStatus.Damaged, null, intact, read.ETag);
            }
        }
    }

    /// <summary>Lists the keys of the log as <see cref="StorageCalls.ListAsync"/> does.</summary>
    public Task<List<(Guid? Incarnation, ObjectKey Key)>?> ListAsync() => calls.ListAsync();

    /// <summary>Deletes an object; true once it is known to be gone.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="etag">The object's version; null to read it from storage first.</param>
    public async Task<bool> DeleteAsync(ObjectKey key, string? etag)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if (etag is null)
            {
                var read = await calls.ReadAsync(key, calls.Begin());
                if (read.Status == FetchStatus.Absent)
                {
                    return true;
                }

                etag = read.ETag;
                if (etag is null)
                {
                    return false;
                }
            }

            var end = await calls.ClearAsync(key, etag);
            if (end == CallEnd.Done)
            {
                Metrics.DeletedObjects.Add(1);
                return true;
            }

            if (end != CallEnd.ConditionFailed)
            {
                return false;
            }

            // Another instance has deleted it, or its version differs from the known one (a restored backup, for example): read the
            // version.
            etag = null;
        }

        return false;
    }

    /// <summary>
    /// The header of a chunk has its ordinal; whether a part is the expected one is checked by the caller, which knows its entry.
    /// </summary>
    private static bool Belongs(in ObjectHeader header, ObjectKey key) =>
        key.Kind != ObjectKeyKind.Chunk || (header.Kind == ObjectKind.Chunk && header.FirstOrdinal == key.Number);

    private async Task<WriteResult> WriteAsync(ObjectKey key, StoredObject content, string? etag, Func<ReadOnlyMemory<byte>, ConditionalOutcome> judge)
    {
        var budget = calls.Begin();
        var doubted = false;
        for (var first = true; ; first = false)
        {
            var (end, written) = await calls.WriteAsync(key, content, etag, budget);
            switch (end)
            {
                case CallEnd.Done:
                    return new WriteResult(WriteOutcome.Done, written, default);
                case CallEnd.Broken:
                    return new WriteResult(WriteOutcome.Broken, null, default);
                case CallEnd.Refused when !doubted:
                    return new WriteResult(WriteOutcome.Refused, null, default);
            }

            // From here on a refusal proves nothing: a lost request may still arrive.
            doubted |= end != CallEnd.ConditionFailed;
            var mustExist = etag is not null || end == CallEnd.ConditionFailed;
            var hurry = first && end == CallEnd.ConditionFailed;
            var (settled, readETag, rest) = await SettleAsync(key, content, mustExist, hurry, judge, budget);
            if (settled is { } result)
            {
                return result;
            }

            (etag, budget) = (readETag, rest);
        }
    }

    /// <summary>
    /// Reads back until the outcome of a write is known. No result means that it is not stored, and may be written again over the returned
    /// ETag.
    /// </summary>
    private async Task<(WriteResult? Result, string? ETag, RetryBudget Left)> SettleAsync(
        ObjectKey key, StoredObject content, bool mustExist, bool hurry, Func<ReadOnlyMemory<byte>, ConditionalOutcome> judge, RetryBudget budget)
    {
        for (; ; hurry = false)
        {
            if (!hurry)
            {
                (var inTime, budget) = await calls.PauseAsync(budget);
                if (!inTime)
                {
                    return (new WriteResult(WriteOutcome.InDoubt, null, default), null, budget);
                }
            }

            var read = await calls.ReadAsync(key, budget);
            if (read.Status == FetchStatus.Absent)
            {
                return (mustExist ? new WriteResult(WriteOutcome.Lost, null, default) : null, null, budget);
            }

            if (read.Status != FetchStatus.Found)
            {
                continue;
            }

            if (IsSame(content, read.Bytes.Span))
            {
                return (new WriteResult(WriteOutcome.Done, read.ETag, default), null, budget);
            }

            switch (judge(read.Bytes))
            {
                case ConditionalOutcome.Foreign:
                    return (new WriteResult(WriteOutcome.Lost, null, read.Bytes), null, budget);
                case ConditionalOutcome.NotYet:
                    return (null, read.ETag, budget);
            }
        }
    }

    private static bool IsSame(StoredObject content, ReadOnlySpan<byte> found)
    {
        foreach (var piece in content.Pieces)
        {
            if (!found.StartsWith(piece.Span))
            {
                return false;
            }

            found = found[piece.Length..];
        }

        return found.IsEmpty;
    }
}
