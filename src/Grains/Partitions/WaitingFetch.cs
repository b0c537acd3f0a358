using Loire.Coordination.Partitions;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>A parked fetch.</summary>
/// <param name="request">The request, with its bounds clamped to legal values.</param>
/// <param name="deadline">When it is answered with the available data, on the driver's clock.</param>
/// <param name="cancellation">The caller's token.</param>
internal sealed class WaitingFetch(FetchRequest request, TimeSpan deadline, CancellationToken cancellation)
    : LongPoll(deadline, request.Isolation)
{
    /// <summary>The request, with its bounds clamped to legal values.</summary>
    public FetchRequest Request { get; } = request;

    /// <summary>The caller's token.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>The registration on <see cref="Cancellation"/> while the fetch is parked.</summary>
    public CancellationTokenRegistration Watch { get; set; }

    /// <summary>The parked reply.</summary>
    public TaskCompletionSource<FetchResult> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Identifies the read: fetches with equal values share one result.</summary>
    public (Offset From, int MaxBytes, IsolationLevel Isolation) Read => (Request.From, Request.MaxBytes, Request.Isolation);
}
