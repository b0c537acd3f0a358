using Loire.Coordination.Partitions;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>A fetch that waits for data.</summary>
/// <param name="request">What is wanted, with its bounds made legal.</param>
/// <param name="deadline">When it is answered with what there is, on the driver's clock.</param>
/// <param name="cancellation">Its caller's.</param>
internal sealed class WaitingFetch(FetchRequest request, TimeSpan deadline, CancellationToken cancellation) : LongPoll(deadline)
{
    /// <summary>What is wanted.</summary>
    public FetchRequest Request { get; } = request;

    /// <summary>Its caller's.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>The watch on <see cref="Cancellation"/> while it is parked.</summary>
    public CancellationTokenRegistration Watch { get; set; }

    /// <summary>Its reply.</summary>
    public TaskCompletionSource<FetchResult> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Fetches that want the same read share its result.</summary>
    public (Offset From, int MaxBytes) Read => (Request.From, Request.MaxBytes);
}
