using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;

namespace Loire.Edge.Fetching;

/// <summary>What the answer to a fetch means for a reader.</summary>
public enum FetchStatus
{
    /// <summary>There are batches, or none came in time.</summary>
    Read,

    /// <summary>The log does not have the position; the bounds in the answer say what it has.</summary>
    OutOfRange,

    /// <summary>The same fetch may succeed later.</summary>
    Unavailable,

    /// <summary>The topic does not exist any more.</summary>
    TopicDeleted,

    /// <summary>The name belongs to another creation of the topic now.</summary>
    TopicReplaced,

    /// <summary>The same fetch fails again.</summary>
    Refused,
}

/// <summary>The outcome of one fetch.</summary>
/// <param name="Status">What it means.</param>
/// <param name="Answer">What the partition answered.</param>
public readonly record struct Fetched(FetchStatus Status, FetchResult Answer)
{
    /// <summary>With <see cref="FetchStatus.TopicReplaced"/>: the topic that has the name now.</summary>
    public TopicRoutes? Successor { get; init; }

    /// <summary>With <see cref="FetchStatus.Unavailable"/>: why the topic could not be asked whether it still exists; else without an
    /// error.</summary>
    public TopicLookup Failure { get; init; }
}
