using Loire.Model;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>What the consumers of a group are like.</summary>
/// <param name="Group">Its id.</param>
/// <param name="Guarantee">What becomes of records when a consumer dies.</param>
/// <param name="Assignor">Who divides the partitions.</param>
/// <param name="CommitsItself">Whether the client commits, and not the application.</param>
/// <param name="ReadsLists">Whether the application takes lists of records.</param>
/// <param name="UsesPatterns">Whether it subscribes to a pattern.</param>
/// <param name="IsStatic">Whether the members have instance ids.</param>
internal sealed record ChurnProfile(
    string Group, ConsumeGuarantee Guarantee, string Assignor, bool CommitsItself, bool ReadsLists, bool UsesPatterns, bool IsStatic)
{
    /// <summary>One of each kind.</summary>
    public static IReadOnlyList<ChurnProfile> All { get; } =
    [
        new("auto", ConsumeGuarantee.AtLeastOnce, "cooperative-sticky", true, false, false, false),
        new("manual", ConsumeGuarantee.AtLeastOnce, "cooperative-sticky", false, false, false, false),
        new("once", ConsumeGuarantee.AtMostOnce, "cooperative-sticky", true, false, false, false),
        new("eager", ConsumeGuarantee.AtLeastOnce, "range", true, true, true, false),
        new("static", ConsumeGuarantee.AtLeastOnce, "cooperative-sticky", false, true, false, true),
    ];

    public static TimeSpan Session { get; } = TimeSpan.FromSeconds(1.5);

    public ConsumerOptions<Ignore, string> Options(GroupInstanceId? instance) => new()
    {
        GroupId = Group,
        GroupInstanceId = instance,
        Guarantee = Guarantee,
        EnableAutoCommit = CommitsItself,
        AutoCommitInterval = TimeSpan.FromMilliseconds(100),
        AutoOffsetReset = OffsetSpec.Earliest,
        PartitionAssignmentStrategy = [Assignor],
        SessionTimeout = Session,
        MaxPollRecords = 5,
        FetchMaxWait = TimeSpan.FromMilliseconds(100),
        RetryBackoff = TimeSpan.FromMilliseconds(20),
        RetryBackoffMax = TimeSpan.FromMilliseconds(200),
    };
}
