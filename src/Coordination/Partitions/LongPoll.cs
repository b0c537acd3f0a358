using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>A fetch that waits until enough bytes are committed or its deadline passes.</summary>
/// <param name="deadline">When it is answered with the available data, on the caller's clock.</param>
/// <param name="isolation">Whether only what is before the last stable offset is data for it.</param>
public abstract class LongPoll(TimeSpan deadline, IsolationLevel isolation = IsolationLevel.ReadUncommitted)
{
    internal static readonly IComparer<LongPoll> ByNeed =
        Comparer<LongPoll>.Create(static (a, b) => (a.Need, a.Arrival).CompareTo((b.Need, b.Arrival)));

    internal static readonly IComparer<LongPoll> ByDeadline =
        Comparer<LongPoll>.Create(static (a, b) => (a.Deadline, a.Arrival).CompareTo((b.Deadline, b.Arrival)));

    /// <summary>When it is answered with the available data, on the caller's clock.</summary>
    public TimeSpan Deadline { get; } = deadline;

    /// <summary>Whether only what is before the last stable offset is data for it.</summary>
    public IsolationLevel Isolation { get; } = isolation;

    /// <summary>The count of readable bytes that satisfies it. A sort key, so it changes only while the poll is not parked.</summary>
    internal long Need { get; set; }

    /// <summary>Orders polls of equal need or deadline; assigned when the poll is first parked, and kept.</summary>
    internal long Arrival { get; set; }
}
