using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>A fetch that waits for data.</summary>
/// <param name="number">Counts the waiting fetches of a partition: the order in which they came.</param>
/// <param name="request">What is wanted, with its bounds made legal.</param>
/// <param name="deadline">When it is answered with what there is, as a timestamp of the <see cref="TimeProvider"/>.</param>
/// <param name="cancellation">Its caller's.</param>
internal sealed class WaitingFetch(long number, FetchRequest request, long deadline, CancellationToken cancellation)
    : TaskCompletionSource<FetchResult>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>The next to be answered at its deadline comes first.</summary>
    public static readonly IComparer<WaitingFetch> ByDeadline =
        Comparer<WaitingFetch>.Create(static (a, b) => (a.Deadline, a._number).CompareTo((b.Deadline, b._number)));

    /// <summary>The next to be satisfied comes first.</summary>
    public static readonly IComparer<WaitingFetch> ByNeed =
        Comparer<WaitingFetch>.Create(static (a, b) => (a.Need, a._number).CompareTo((b.Need, b._number)));

    private readonly long _number = number;

    /// <summary>What is wanted.</summary>
    public FetchRequest Request { get; } = request;

    /// <summary>When it is answered with what there is.</summary>
    public long Deadline { get; } = deadline;

    /// <summary>
    /// How many bytes the partition must have committed, all in all, to satisfy it. Changes only while the fetch is in no set.
    /// </summary>
    public long Need { get; set; }

    /// <summary>Its caller's.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Ends the watch on <see cref="Cancellation"/>.</summary>
    public CancellationTokenRegistration Watch { get; set; }

    /// <summary>Fetches that want the same read share its result.</summary>
    public (Offset From, int MaxBytes) Read => (Request.From, Request.MaxBytes);
}
