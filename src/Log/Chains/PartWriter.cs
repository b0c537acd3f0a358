using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// Writes parts under names that are never reused, and the heads that list them. Used by one maintenance step at a time, on a leading
/// instance.
/// </summary>
internal sealed class PartWriter(Chain chain, ChainObjects store)
{
    private readonly List<PendingGarbage> _abandoned = [];
    private (long Revision, int Parts) _written = (-1, 0);

    /// <summary>Writes a part; null with the outcome if that failed.</summary>
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
    /// Records parts that no head of this instance will list. They become garbage of its next head, whose revision names no new parts. If
    /// this instance stops before, the next leader finds them by their names.
    /// </summary>
    public void Abandon(IEnumerable<ChainEntry> parts) => _abandoned.AddRange(parts.Select(part => PendingGarbage.Of(part)));

    /// <summary>Writes the next head.</summary>
    /// <param name="change">Derives the head from the previous one; revision, writer and garbage are set here.</param>
    /// <param name="garbage">The objects that the new head no longer lists.</param>
    /// <param name="sealedChunks">How many chunks leave the tail.</param>
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
