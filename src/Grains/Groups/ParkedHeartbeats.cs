using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>
/// The heartbeats of one group that wait for news, at most one for each member: a newer one ends the older one. Each has a deadline, and
/// the earliest of them is known.
/// </summary>
internal sealed class ParkedHeartbeats(DriverTurns turns)
{
    private readonly Dictionary<MemberId, Parked> _byMember = [];
    private readonly SortedSet<Parked> _byDeadline = new(Parked.ByDeadline);
    private long _arrived;
    private ErrorCode _closed;

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

    /// <summary>How many wait.</summary>
    public int Count => _byMember.Count;

    /// <summary>When the first of them must be answered; null if none waits.</summary>
    public TimeSpan? NextDeadline => _byDeadline.Min?.Deadline;

    /// <summary>Waits for news of a member.</summary>
    /// <param name="memberId">The member.</param>
    /// <param name="joinedAt">Which life of it.</param>
    /// <param name="deadline">When to end without news.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns><see cref="ErrorCode.None"/> when it is to be answered, or the error to answer with.</returns>
    public async Task<ErrorCode> ParkAsync(MemberId memberId, int joinedAt, TimeSpan deadline, CancellationToken cancellation)
    {
        Supersede(memberId, joinedAt);
        if (_closed != ErrorCode.None)
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
    /// A newer heartbeat has come. What the older one of the same life would be told is for the newer; one of an earlier life learns that
    /// it is over.
    /// </summary>
    public void Supersede(MemberId memberId, int joinedAt)
    {
        if (_byMember.TryGetValue(memberId, out var parked))
        {
            End(parked, parked.JoinedAt == joinedAt ? ErrorCode.RequestTimedOut : ErrorCode.None);
        }
    }

    /// <summary>Ends the wait of a member, if it waits.</summary>
    public void Wake(MemberId memberId)
    {
        if (_byMember.TryGetValue(memberId, out var parked))
        {
            End(parked, ErrorCode.None);
        }
    }

    /// <summary>Ends the waits whose time has come.</summary>
    public void WakeDue(TimeSpan now)
    {
        while (_byDeadline.Min is { } parked && parked.Deadline <= now)
        {
            End(parked, ErrorCode.None);
        }
    }

    /// <summary>Ends every wait, and those to come, with an error.</summary>
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
