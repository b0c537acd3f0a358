using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;

namespace Loire.Edge.Fetching;

/// <summary>What the answer to a fetch means for a reader.</summary>
public enum FetchStatus
{
    /// <summary>The answer has batches, or none arrived in time.</summary>
    Read,

    /// <summary>The position is outside the log, whose bounds are in the answer.</summary>
    OutOfRange,

    /// <summary>The same fetch may succeed later.</summary>
    Unavailable,

    /// <summary>The topic no longer exists.</summary>
    TopicDeleted,

    /// <summary>The name now belongs to another creation of the topic.</summary>
    TopicReplaced,

    /// <summary>The same fetch will fail again.</summary>
    Refused,
}

/// <summary>The outcome of one fetch.</summary>
/// <param name="Status">The outcome for a reader.</param>
/// <param name="Answer">The partition's answer.</param>
public readonly record struct Fetched(FetchStatus Status, FetchResult Answer)
{
    /// <summary>With <see cref="FetchStatus.TopicReplaced"/>: the topic that now has the name.</summary>
    public TopicRoutes? Successor { get; init; }

    /// <summary>With <see cref="FetchStatus.Unavailable"/>: why the lookup of the topic failed, if it did; otherwise without an
    /// error.</summary>
    public TopicLookup Failure { get; init; }
}
