using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// Writes parts under names that no other content ever has, and the heads that list them. Used by one piece of maintenance at a time, on an
/// instance that leads.
/// </summary>
internal sealed class PartWriter(Chain chain, ChainObjects store)
{
    private readonly List<PendingGarbage> _abandoned = [];
    private (long Revision, int Parts) _written = (-1, 0);

    /// <summary>Writes a part; null if that failed, and why.</summary>
    public async Task<(WriteOutcome Outcome, ChainEntry? Entry)> WriteAsync(LogObject part, StoredObject stored, byte level)
    {
        var revision = chain.State.Head.Revision;
        if (_written.Revision != revision)
        {
            _written = (revision, 0);
        }

        var key = ObjectKey.Part(revision, _written.Parts);
        var written = await store.CreateAsync(key, stored);
        if (written.Outcome != WriteOutcome.Done)
        {
            // After a refusal nothing is stored, so the name is still free and the parts of a revision stay contiguous.
            return (written.Outcome, null);
        }

        _written.Parts++;
        return (WriteOutcome.Done, ChainEntry.Of(part, key, level, written.ETag));
    }

    /// <summary>
    /// Notes parts that no head of ours will list. They are garbage from our next head on, whose revision no longer names new parts. If
    /// there is none, because this instance stops, the next leader finds them by their names.
    /// </summary>
    public void Abandon(IEnumerable<ChainEntry> parts) => _abandoned.AddRange(parts.Select(part => PendingGarbage.Of(part)));

    /// <summary>Writes the next head.</summary>
    /// <param name="change">Makes it from the one before; revision, writer and garbage are seen to here.</param>
    /// <param name="garbage">What loses its place by it.</param>
    /// <param name="sealedChunks">How many chunks leave the tail by it.</param>
    public async Task<WriteOutcome> WriteHeadAsync(Func<Head, Head> change, IReadOnlyCollection<PendingGarbage> garbage, int sealedChunks)
    {
        var state = chain.State;
        var head = change(state.NextHead(chain.Writer)) with
        {
            Garbage = [.. state.Garbage.Concat(_abandoned).Concat(garbage).Select(pending => pending.Item)],
        };
        var written = await store.ReplaceHeadAsync(head, state.HeadETag);
        if (written.Outcome == WriteOutcome.Done)
        {
            state.Garbage.AddRange(_abandoned);
            state.Garbage.AddRange(garbage);
            _abandoned.Clear();
            state.Advance(head, written.ETag, sealedChunks);
        }

        return written.Outcome;
    }
}
