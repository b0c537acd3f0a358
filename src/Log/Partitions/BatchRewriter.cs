using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Partitions;

/// <summary>Rewrites the batches of one object at a time.</summary>
/// <param name="rewrite">Returns what replaces batches, in the order of the log.</param>
/// <param name="logTag">The tag of the log's name.</param>
internal sealed class BatchRewriter(Func<IReadOnlyList<ReadOnlyMemory<byte>>, Task<RewrittenBatches>> rewrite, uint logTag)
{
    /// <summary>Rewrites the batches of an object; returns the same object if they all stay as they are.</summary>
    public async Task<RewrittenObject> RewriteAsync(LogObject source)
    {
        var batches = Split(source, out var bytes);
        if (batches.Count == 0)
        {
            return new RewrittenObject(ErrorCode.None, source);
        }

        var (error, rewritten) = await rewrite(bytes);
        if (error != ErrorCode.None)
        {
            return new RewrittenObject(error, null);
        }

        Invariant.Check(rewritten.Length == bytes.Length, "each batch has its answer");
        return new RewrittenObject(ErrorCode.None, rewritten.AsSpan().SequenceEqual(bytes) ? source : Join(source, batches, rewritten));
    }

    private static List<StoredBatch> Split(LogObject source, out ReadOnlyMemory<byte>[] bytes)
    {
        var batches = new List<StoredBatch>();
        var split = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < source.Header.BodyBytes; at = batches[^1].BodyEnd)
        {
            var batch = StoredBatch.Read(source, at);
            batches.Add(batch);
            split.Add(source.Whole(batch.BodyAt, batch.BodyEnd));
        }

        bytes = [.. split];
        return batches;
    }

    // Copied, so that the object does not hold the memory of what is gone.
    private LogObject Join(LogObject source, List<StoredBatch> batches, ReadOnlyMemory<byte>[] rewritten)
    {
        var index = new IndexBuilder();
        var body = new byte[rewritten.Sum(batch => batch.Length)];
        var at = 0;
        for (var i = 0; i < batches.Count; i++)
        {
            var batch = rewritten[i].Span;
            if (batch.IsEmpty)
            {
                continue;
            }

            Invariant.Check(batches[i].IsReplaceableBy(batch), "a batch keeps its offsets");
            index.Add(batches[i].BaseOffset, StoredBatch.MaxTimestampOf(batch), at);
            batch.CopyTo(body.AsSpan(at));
            at += batch.Length;
        }

        return PartLayout.Rewritten(source, index, body, logTag);
    }
}
