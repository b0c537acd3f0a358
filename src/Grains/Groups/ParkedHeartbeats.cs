using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>
/// The heartbeats of one group that wait for news, at most one per member: a newer heartbeat ends the older one. Each has a deadline.
/// </summary>
internal sealed class ParkedHeartbeats(DriverTurns turns)
{
    private readonly Dictionary<MemberId, Parked> _byMember = [];
    private readonly SortedSet<Parked> _byDeadline = new(Parked.ByDeadline);
    private long _arrived;
    private ErrorCode _closed;
    private bool _endsWaits;

    private sealed class Parked(MemberId memberId, int joinedAt, TimeSpan deadline, long number) : TaskCompletionSource<ErrorCode>(
        TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public static readonly IComparer<Parked> ByDeadline =
            Comparer<Parked>.Create((a, b) => (a.Deadline, a.Number).CompareTo((b.Deadline, b.Number)));

        public MemberId MemberId { get; } = memberId;

        public int JoinedAt { get; } = joinedAt;

        public TimeSpan Deadline { get; } = deadline;

        public long Number { get; } = number;
    }

    /// <summary>The number of parked heartbeats.</summary>
    public int Count => _byMember.Count;

    /// <summary>The earliest deadline; null if none is parked.</summary>
    public TimeSpan? NextDeadline => _byDeadline.Min?.Deadline;

    /// <summary>Parks a heartbeat until there is news for the member.</summary>
    /// <param name="memberId">The member.</param>
    /// <param name="joinedAt">When the member joined: tells it from an earlier member of the same id.</param>
    /// <param name="deadline">When to reply without news.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns><see cref="ErrorCode.None"/> if the member's state is the reply, otherwise the error to reply with.</returns>
    public async Task<ErrorCode> ParkAsync(MemberId memberId, int joinedAt, TimeSpan deadline, CancellationToken cancellation)
    {
        Supersede(memberId, joinedAt);
        if (_closed != ErrorCode.None || _endsWaits)
        {
            return _closed;
        }

        var parked = new Parked(memberId, joinedAt, deadline, ++_arrived);
        _byMember.Add(memberId, parked);
        Invariant.Check(_byDeadline.Add(parked));
        using var watch = cancellation.UnsafeRegister(_ => turns.Post(() => Cancel(parked)), null);
        return await parked.Task;
    }

    /// <summary>
    /// Ends the parked heartbeat of a member because a newer one has arrived: news goes to the newer one. A heartbeat from before the
    /// member rejoined learns that it is fenced.
    /// </summary>
    public void Supersede(MemberId memberId, int joinedAt)
    {
        if (_byMember.TryGetValue(memberId, out var parked))
        {
            End(parked, parked.JoinedAt == joinedAt ? ErrorCode.RequestTimedOut : ErrorCode.None);
        }
    }

    /// <summary>Ends the wait of a member, if its heartbeat is parked.</summary>
    public void Wake(MemberId memberId)
    {
        if (_byMember.TryGetValue(memberId, out var parked))
        {
            End(parked, ErrorCode.None);
        }
    }

    /// <summary>Ends the waits whose deadline has passed.</summary>
    public void WakeDue(TimeSpan now)
    {
        while (_byDeadline.Min is { } parked && parked.Deadline <= now)
        {
            End(parked, ErrorCode.None);
        }
    }

    /// <summary>Answers every parked heartbeat, and all later ones, with the member's state: no more waits.</summary>
    public void EndAll()
    {
        _endsWaits = true;
        while (_byDeadline.Min is { } parked)
        {
            End(parked, ErrorCode.None);
        }
    }

    /// <summary>Fails every parked heartbeat, and all later ones, with an error.</summary>
    public void Close(ErrorCode error)
    {
        _closed = error;
        while (_byDeadline.Min is { } parked)
        {
            End(parked, error);
        }
    }

    private void Cancel(Parked parked)
    {
        if (_byMember.TryGetValue(parked.MemberId, out var current) && ReferenceEquals(current, parked))
        {
            Remove(parked);
            parked.TrySetCanceled();
        }
    }

    private void End(Parked parked, ErrorCode error)
    {
        Remove(parked);
        parked.TrySetResult(error);
    }

    private void Remove(Parked parked) =>
        Invariant.Check(_byMember.Remove(parked.MemberId) && _byDeadline.Remove(parked), "a heartbeat that waits is in both indexes");
}
