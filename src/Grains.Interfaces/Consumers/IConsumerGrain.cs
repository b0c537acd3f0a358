using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Interfaces.Consumers;

/// <summary>
/// A consumer that lives in the cluster, for clients that cannot hold one themselves: each of their requests may reach another node. The
/// key is <see cref="ConsumerKey"/>. A consumer that has subscribed is a member of its group under its own id, and outlives its silo: it is
/// restored on another one, rejoins, and continues at the committed offsets. Before it subscribes, and with manually assigned partitions,
/// it lives as long as its silo.
/// <para>
/// It ends when it is closed, and when no client has requested records for <see cref="ConsumerSettings.MaxPollInterval"/>. Calls of a
/// nonexistent consumer return <see cref="ErrorCode.UnknownMemberId"/>. Calls interleave, because one that waits for records must not block
/// the others.
/// </para>
/// </summary>
[Alias("loire.IConsumerGrain")]
public interface IConsumerGrain : IGrainWithStringKey
{
    /// <summary>Creates the consumer.</summary>
    /// <returns><see cref="ErrorCode.DuplicateResource"/> if it already exists; <see cref="ErrorCode.InvalidConfig"/>.</returns>
    [Alias("Create")]
    ValueTask<ConsumerResult> Create(ConsumerSettings settings);

    /// <summary>Describes the consumer.</summary>
    [Alias("Describe")]
    ValueTask<ConsumerResult> Describe();

    /// <summary>Subscribes, or changes the subscription. Returns before the group has assigned anything.</summary>
    /// <param name="topics">Topic names; the topics need not exist yet.</param>
    /// <param name="pattern">A regular expression for whole names; null for none. Mutually exclusive with names.</param>
    /// <returns><see cref="ErrorCode.InvalidRequest"/> with neither or both, and if partitions were assigned manually;
    /// <see cref="ErrorCode.InvalidRegularExpression"/>.</returns>
    [Alias("Subscribe")]
    ValueTask<ConsumerResult> Subscribe(TopicName[] topics, string? pattern);

    /// <summary>Leaves the group, or drops manually assigned partitions; the consumer remains. No error without either.</summary>
    /// <param name="hasFinished">Whether the client has finished everything that it was given, as Kafka's <c>close</c> says.</param>
    [Alias("Unsubscribe")]
    ValueTask<ConsumerResult> Unsubscribe(bool hasFinished = false);

    /// <summary>Reads exactly these partitions, without group membership; offsets are still committed to the group.</summary>
    /// <param name="partitions">All that it reads from now on.</param>
    /// <param name="hasFinished">Whether the client has finished everything that it was given, as Kafka's <c>close</c> says.</param>
    /// <returns><see cref="ErrorCode.InvalidRequest"/> if it has subscribed; the error of a partition that cannot be read.</returns>
    [Alias("Assign")]
    ValueTask<ConsumerResult> Assign(TopicPartition[] partitions, bool hasFinished = false);

    /// <summary>
    /// Takes the next records; waits if there are none. Only one such call is active at a time: a newer one ends the older one, which
    /// returns <see cref="ErrorCode.RequestTimedOut"/>.
    /// </summary>
    [ResponseTimeout("00:02:00")]
    [Alias("Take")]
    ValueTask<TakeResult> Take(TakeRequest request, CancellationToken cancellation);

    /// <summary>Commits offsets in the consumer's name; durable when answered. Records before them count as finished.</summary>
    /// <param name="offsets">The next offsets to read, each partition at most once; null to commit everything that was taken.</param>
    [Alias("Commit")]
    ValueTask<CommitResult> Commit(CommittedOffset[]? offsets);

    /// <summary>Moves the positions of assigned partitions.</summary>
    /// <returns><see cref="ErrorCode.InvalidRequest"/> if one of them is not assigned; then no position has moved.</returns>
    [Alias("Seek")]
    ValueTask<ConsumerResult> Seek(PartitionSeek[] seeks);

    /// <summary>Closes the consumer: commits finished records, if it commits automatically, and leaves the group.</summary>
    /// <param name="hasFinished">Whether the client has finished everything that it was given, as Kafka's <c>close</c> says.</param>
    [Alias("Close")]
    ValueTask<ErrorCode> Close(bool hasFinished = false);
}
