using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// Replaces everything before a position by a snapshot: writes the snapshot, then a head that starts there; everything before becomes
/// garbage. Items appended meanwhile follow the snapshot and stay in the tail.
/// </summary>
internal sealed class SnapshotWriter(Chain chain, PartWriter parts, ObjectLoader loader, LogName name)
{
    /// <summary>Writes the snapshot of the state after all durable items.</summary>
    public async Task<ErrorCode> WriteAsync(ReadOnlyMemory<byte> snapshot)
    {
        var state = chain.State;
        var (end, ordinal, link, chunks) = (state.Durable, state.NextOrdinal, state.LastHash, state.Tail.ToArray());
        var replaced = new List<ChainEntry>();
        if (!await new EntryWalk(loader).CollectAsync(state.Head.Entries, replaced))
        {
            return ErrorCode.KafkaStorageError;
        }

        var part = PartLayout.Snapshot(snapshot, end, ordinal - 1, chain.Epoch, chain.Writer, name.Tag, out var stored);
        var (outcome, entry) = await parts.WriteAsync(part, stored, ChainEntry.FullLevel);
        if (entry is not { } written)
        {
            return chain.Fail(outcome);
        }

        outcome = await parts.WriteHeadAsync(
            head => head with
            {
                Entries = [written],
                Start = end,
                TailOrdinal = ordinal,
                TailBase = end,
                TailLink = link,
                Fences = head.WithFences(chunks.Where(chunk => chunk.HoldsPlace).Select(chunk => chunk.FirstOrdinal)),
            },
            [.. PendingGarbage.Of(replaced.Concat(chunks))],
            chunks.Length);
        if (outcome == WriteOutcome.Done)
        {
            return ErrorCode.None;
        }

        parts.Abandon([written]);
        return chain.Fail(outcome);
    }
}
