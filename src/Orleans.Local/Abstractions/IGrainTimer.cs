using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>
/// A timer of an activation. Disposing of it stops it and cancels the token of a callback that runs; so does deactivation.
/// </summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Replaces when it fires next and how often.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>When a timer fires, and how its callback stands to other turns.</summary>
public readonly struct GrainTimerCreationOptions()
{
    /// <summary>Both times, and the defaults of the rest.</summary>
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>The wait before the first callback; zero for at once, <see cref="Timeout.InfiniteTimeSpan"/> for never.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>
    /// The wait from the end of one callback to the start of the next; <see cref="Timeout.InfiniteTimeSpan"/> for only one.
    /// </summary>
    public required TimeSpan Period { get; init; }

    /// <summary>
    /// Whether callbacks run between the turns of other requests. If not, a callback waits for its turn as a request does.
    /// </summary>
    public bool Interleave { get; init; }

    /// <summary>Whether a callback counts as use of the activation, so that it is not collected as idle.</summary>
    public bool KeepAlive { get; init; }
}
