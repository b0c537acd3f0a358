using Loire.Model;

namespace Loire.Client;

/// <summary>What happens to records when their consumer fails.</summary>
public enum ConsumeGuarantee
{
    /// <summary>Unfinished records are delivered again. Positions are committed after records are finished.</summary>
    AtLeastOnce,

    /// <summary>No record is delivered twice, but unfinished records are lost. Positions are committed before records are delivered, one
    /// list at a time.</summary>
    AtMostOnce,
}

/// <summary>How a consumer fetches and joins its group. The defaults are Kafka's where Kafka has one. Read once, when the consumer is
/// created.</summary>
public class ConsumerOptions
{
    /// <summary>Identifies the consumer in logs, metrics and traces.</summary>
    public string ClientId { get; set; } = "loire";

    /// <summary>The consumer group (<c>group.id</c>), required to subscribe and to commit; none by default.</summary>
    public GroupId? GroupId { get; set; }

    /// <summary>
    /// A name that outlives the process (<c>group.instance.id</c>, KIP-345): disposing the consumer does not leave the group, and a
    /// consumer that joins with the same name within <see cref="SessionTimeout"/> takes over its partitions without a rebalance. None by
    /// default.
    /// </summary>
    public GroupInstanceId? GroupInstanceId { get; set; }

    /// <summary>The group reassigns the partitions if it receives no heartbeat for this long. 45 s by default; the broker allows 6 s to
    /// 30 min.</summary>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// The maximum time between two requests for records; if the application takes longer, the consumer leaves the group until the next
    /// request. Also the maximum time for a revocation (<c>max.poll.interval.ms</c>). 5 min by default, from 1 ms to 2147483647 ms.
    /// </summary>
    public TimeSpan MaxPollInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Assignor names in order of preference: <c>cooperative-sticky</c> (the default), <c>sticky</c>, <c>range</c>,
    /// <c>roundrobin</c>. The group uses one that all members list.</summary>
    public IReadOnlyList<string> PartitionAssignmentStrategy { get; set; } = ["cooperative-sticky"];

    /// <summary>Whether finished records are committed automatically: every <see cref="AutoCommitInterval"/>, when partitions are revoked,
    /// and when the consumer is disposed. True by default.</summary>
    public bool EnableAutoCommit { get; set; } = true;

    /// <summary>How often to commit automatically. 5 s by default.</summary>
    public TimeSpan AutoCommitInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What happens to records when the consumer fails, if it is a member of a group.</summary>
    public ConsumeGuarantee Guarantee { get; set; } = ConsumeGuarantee.AtLeastOnce;

    /// <summary>
    /// Where to start in a partition without a position, or whose position no longer exists (<c>auto.offset.reset</c>):
    /// <see cref="OffsetSpec.Latest"/>, Kafka's default, <see cref="OffsetSpec.Earliest"/>, or <see cref="OffsetSpec.None"/> to fail.
    /// </summary>
    public OffsetSpec AutoOffsetReset { get; set; } = OffsetSpec.Latest;

    /// <summary>Which records of transactions are read (<c>isolation.level</c>): those of committed ones by default, unlike in Kafka's Java client.</summary>
    public IsolationLevel IsolationLevel { get; set; } = IsolationLevel.ReadCommitted;

    /// <summary>The number of bytes that a fetch waits for; at least 1, the default, since fetches that do not wait would run in a busy
    /// loop.</summary>
    public int FetchMinBytes { get; set; } = 1;

    /// <summary>
    /// How long a fetch waits for <see cref="FetchMinBytes"/>. 500 ms by default, from 1 ms to <see cref="Limits.FetchWait"/>. While nothing
    /// arrives, fetches for any data at all (one byte) wait longer each time, up to 10 s: an idle partition costs few calls, and its next
    /// record comes at once nevertheless.
    /// </summary>
    public TimeSpan FetchMaxWait { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The maximum number of bytes per fetch of a partition; a larger batch is returned whole. 1 MiB by default.</summary>
    public int MaxPartitionFetchBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// The maximum number of prefetched bytes per partition: fetching pauses beyond it and continues when the application has caught up. 4
    /// MiB by default.
    /// </summary>
    public int MaxBufferedBytesPerPartition { get; set; } = 4 * 1024 * 1024;

    /// <summary>The maximum number of records per list of <c>ConsumeBatchesAsync</c>. 500 by default.</summary>
    public int MaxPollRecords { get; set; } = 500;

    /// <summary>How long one call waits for an answer beyond <see cref="FetchMaxWait"/>. 30 s by default.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The pause before the first retry; it doubles, with jitter, up to <see cref="RetryBackoffMax"/>. 100 ms by
    /// default.</summary>
    public TimeSpan RetryBackoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause between two attempts. 1 s by default.</summary>
    public TimeSpan RetryBackoffMax { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a partition may be unreachable before the enumeration fails. 60 s by default; <see cref="Timeout.InfiniteTimeSpan"/> for no
    /// limit.
    /// </summary>
    public TimeSpan UnavailableTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The member id for all lives of the consumer; null for a new one in each life.</summary>
    internal MemberId? MemberId { get; set; }

    /// <summary>
    /// Tells this consumer from others with the same <see cref="MemberId"/>, of which the group keeps the one that has joined last; see
    /// <see cref="Loire.Model.Groups.HeartbeatRequest.Incarnation"/>.
    /// </summary>
    internal string? Incarnation { get; set; }

    /// <summary>The host that the application runs on, for operators; null if it is the consumer's own.</summary>
    internal string? Host { get; set; }

    /// <summary>The member's user data, which the group stores; at most <see cref="Limits.MemberUserDataLength"/> characters.</summary>
    internal string? UserData { get; set; }

    /// <summary>Whether finished records are committed automatically.</summary>
    internal bool CommitsByItself => GroupId is not null && EnableAutoCommit && Guarantee == ConsumeGuarantee.AtLeastOnce;

    /// <summary>Where to start in a partition without a position.</summary>
    /// <exception cref="LoireException"><see cref="AutoOffsetReset"/> is <see cref="OffsetSpec.None"/>.</exception>
    internal OffsetSpec StartOf(TopicPartition partition) => AutoOffsetReset != OffsetSpec.None
        ? AutoOffsetReset
        : throw new LoireException(ErrorCode.OffsetOutOfRange, $"There is no position for {partition}, and AutoOffsetReset is None.");

    /// <summary>Returns a private copy, so that callers cannot change it later.</summary>
    internal ConsumerOptions Copy()
    {
        var copy = (ConsumerOptions)MemberwiseClone();
        copy.PartitionAssignmentStrategy = copy.PartitionAssignmentStrategy?.ToArray()!;
        return copy;
    }

    /// <exception cref="ArgumentException">An option is invalid.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    internal void Check()
    {
        ArgumentException.ThrowIfNullOrEmpty(ClientId);
        if (!AutoOffsetReset.IsReset)
        {
            throw new ArgumentException($"AutoOffsetReset is Latest, Earliest or None, not {AutoOffsetReset}.");
        }

        AtLeast(FetchMinBytes, 1, nameof(FetchMinBytes));
        AtLeast(MaxPartitionFetchBytes, 1, nameof(MaxPartitionFetchBytes));
        AtLeast(MaxBufferedBytesPerPartition, 1, nameof(MaxBufferedBytesPerPartition));
        AtLeast(MaxPollRecords, 1, nameof(MaxPollRecords));
        AtLeast(FetchMaxWait, TimeSpan.FromMilliseconds(1), nameof(FetchMaxWait));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(FetchMaxWait, Limits.FetchWait, nameof(FetchMaxWait));
        AtLeast(RequestTimeout, TimeSpan.FromMilliseconds(1), nameof(RequestTimeout));
        AtLeast(RetryBackoff, TimeSpan.FromMilliseconds(1), nameof(RetryBackoff));
        AtLeast(RetryBackoffMax, RetryBackoff, nameof(RetryBackoffMax));
        if (UnavailableTimeout != Timeout.InfiniteTimeSpan)
        {
            AtLeast(UnavailableTimeout, TimeSpan.Zero, nameof(UnavailableTimeout));
        }

        AtLeast(SessionTimeout, TimeSpan.FromMilliseconds(1), nameof(SessionTimeout));
        AtLeast(MaxPollInterval, TimeSpan.FromMilliseconds(1), nameof(MaxPollInterval));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxPollInterval, TimeSpan.FromMilliseconds(int.MaxValue), nameof(MaxPollInterval));
        AtLeast(AutoCommitInterval, TimeSpan.FromMilliseconds(1), nameof(AutoCommitInterval));
        if (GroupId == default(GroupId) || GroupInstanceId == default(GroupInstanceId))
        {
            throw new ArgumentException("A GroupId, and a GroupInstanceId, is a text that is not empty, or null.");
        }

        if (GroupInstanceId is not null && GroupId is null)
        {
            throw new ArgumentException("A GroupInstanceId needs a GroupId.");
        }

        ArgumentNullException.ThrowIfNull(PartitionAssignmentStrategy);
        if (PartitionAssignmentStrategy.Count is 0 or > Limits.AssignorsPerMember
            || PartitionAssignmentStrategy.Any(string.IsNullOrEmpty)
            || PartitionAssignmentStrategy.Distinct(StringComparer.Ordinal).Count() < PartitionAssignmentStrategy.Count)
        {
            throw new ArgumentException($"PartitionAssignmentStrategy names 1 to {Limits.AssignorsPerMember} assignors, each once.");
        }

        static void AtLeast<T>(T value, T least, string name)
            where T : IComparable<T> => ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
    }
}

/// <summary>The options of a consumer with the deserializers of its types.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public class ConsumerOptions<TKey, TValue> : ConsumerOptions
{
    /// <summary>Deserializes keys; null for the built-in one of the type. At most one of the two may be set.</summary>
    public IDeserializer<TKey>? KeyDeserializer { get; set; }

    /// <summary>Deserializes keys asynchronously.</summary>
    public IAsyncDeserializer<TKey>? AsyncKeyDeserializer { get; set; }

    /// <summary>Deserializes values; null for the built-in one of the type. At most one of the two may be set.</summary>
    public IDeserializer<TValue>? ValueDeserializer { get; set; }

    /// <summary>Deserializes values asynchronously.</summary>
    public IAsyncDeserializer<TValue>? AsyncValueDeserializer { get; set; }
}
