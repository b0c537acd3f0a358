using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// The objects of one log in grain storage. This is the only place where an unknown outcome is followed up, and the only one where anything
/// is tried again: a write that neither succeeded nor was refused is read back, with growing pauses, until it is known to be stored (then
/// it is done), or something else is (then it is lost), or nothing is (then it is written again, the very same bytes), or the deadline
/// passes (then whoever asked must close). Reads and deletions end with what they found and are repeated by whoever needs them.
/// </summary>
internal sealed class ChainObjects(StorageCalls calls, LogName name)
{
    private enum ConditionalOutcome
    {
        /// <summary>Another content that is whole.</summary>
        Foreign,

        /// <summary>The content that our write is to replace.</summary>
        NotYet,

        /// <summary>No content that makes sense: perhaps damaged on its way.</summary>
        Unreadable,
    }

    /// <summary>The log.</summary>
    public LogName Name => name;

    /// <summary>What went wrong last, in the provider's words; null if nothing did.</summary>
    public string? LastProblem => calls.LastProblem;

    /// <summary>The instruments of the log.</summary>
    public LogMetrics Metrics => calls.Metrics;

    /// <summary>Creates an object that must not exist yet.</summary>
    public Task<WriteResult> CreateAsync(ObjectKey key, StoredObject content) =>
        WriteAsync(key, content, null, found => LogObject.TryRead(found, name.Tag, null, out _) ? ConditionalOutcome.Foreign : ConditionalOutcome.Unreadable);

    /// <summary>
    /// Replaces the head that has the version <paramref name="etag"/>, null if there is none, by the one that follows it.
    /// </summary>
    public Task<WriteResult> ReplaceHeadAsync(Head next, string? etag) =>
        WriteAsync(ObjectKey.Head, new StoredObject { Pieces = [next.Encode(name.Tag)] }, etag, found =>
            !Head.TryRead(found.Span, name.Tag, out var stored) ? ConditionalOutcome.Unreadable
            : stored.Revision == next.Revision - 1 ? ConditionalOutcome.NotYet
            : ConditionalOutcome.Foreign);

    /// <summary>Tries once to replace the head, and does not ask what became of it.</summary>
    public Task TryReplaceHeadAsync(Head next, string? etag) =>
        calls.WriteAsync(ObjectKey.Head, new StoredObject { Pieces = [next.Encode(name.Tag)] }, etag, calls.Begin());

    /// <summary>Reads the head; twice if its checksum is wrong, in case the bytes were damaged on their way.</summary>
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
                return new FetchedHead(FetchStatus.Damaged, Head.None, read.ETag);
            }
        }
    }

    /// <summary>Reads an object; twice if its checksums are wrong.</summary>
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

    /// <summary>Deletes an object; true once it is known to be gone.</summary>
    /// <param name="key">Which one.</param>
    /// <param name="etag">Its version; null to ask storage first.</param>
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

            // Somebody else has deleted it, or its version is not the one we knew (a restored backup, say): ask.
            etag = null;
        }

        return false;
    }

    /// <summary>
    /// A chunk says itself which one it is; what else may lie under the key of a part is checked by whoever knows its entry.
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

            // From here on a refusal proves nothing: a request that went missing may still arrive.
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
    /// Reads back until it is known what became of a write. No result means: it is not stored, and may be written again over the ETag
    /// returned.
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
