using Loire.Model;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// Finds where each record of a request is, from the acknowledgements that the session's lanes have kept. Asked once for each record that was
/// added, in their order, when the session is drained.
/// </summary>
internal sealed class RecordOffsets(ProduceSession session)
{
    private readonly Dictionary<int, (int Index, long Used)> _next = [];

    /// <summary>Where the next record of a partition is.</summary>
    /// <param name="partition">The partition to which it was added.</param>
    /// <param name="offset">Its offset; none if the acknowledgement did not say.</param>
    /// <returns>Whether it was acknowledged; if not, <see cref="ProduceSession.Failure"/> says why.</returns>
    public bool TryNext(int partition, out Offset offset)
    {
        offset = Offset.None;
        var history = session.Lane(partition).History!;
        var (index, used) = _next.GetValueOrDefault(partition);
        if (index >= history.Count)
        {
            return false;
        }

        var accepted = history[index];
        offset = accepted.FirstOffset == Offset.None ? Offset.None : accepted.FirstOffset + used;
        _next[partition] = used + 1 < accepted.Records ? (index, used + 1) : (index + 1, 0);
        return true;
    }
}
