using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Interfaces.Consumers;

/// <summary>
/// A consumer that lives in the cluster, for clients that cannot hold one themselves: each of their requests may reach another node. The
/// key is <see cref="ConsumerKey"/>. A consumer that has subscribed is a member of its group under its own id, and outlives its silo: it is
/// restored on another one, rejoins, and continues at the committed offsets. Before it subscribes, and with partitions assigned by hand, it
/// lives as long as its silo.
/// <para>
/// It ends when it is closed, and when no client has asked it for records for <see cref="ConsumerSettings.MaxPollInterval"/>. Calls of a
/// consumer that does not exist are answered with <see cref="ErrorCode.UnknownMemberId"/>. Calls interleave, because one that waits for
/// records must not stop the others.
/// </para>
/// </summary>
[Alias("loire.IConsumerGrain")]
public interface IConsumerGrain : IGrainWithStringKey
{
    /// <summary>Creates the consumer.</summary>
    /// <returns><see cref="ErrorCode.DuplicateResource"/> if there is one; <see cref="ErrorCode.InvalidConfig"/>.</returns>
    [Alias("Create")]
    ValueTask<ConsumerResult> Create(ConsumerSettings settings);

    /// <summary>Describes the consumer.</summary>
    [Alias("Describe")]
    ValueTask<ConsumerResult> Describe();

    /// <summary>Subscribes, or changes the subscription. Returns before the group has assigned anything.</summary>
    /// <param name="topics">Names; they need not exist yet.</param>
    /// <param name="pattern">A regular expression for whole names; null for none. Not together with names.</param>
    /// <returns><see cref="ErrorCode.InvalidRequest"/> without either or with both, and if partitions were assigned by hand;
    /// <see cref="ErrorCode.InvalidRegularExpression"/>.</returns>
    [Alias("Subscribe")]
    ValueTask<ConsumerResult> Subscribe(TopicName[] topics, string? pattern);

    /// <summary>Leaves the group, or drops what was assigned by hand; the consumer stays. No error if there is nothing to end.</summary>
    [Alias("Unsubscribe")]
    ValueTask<ConsumerResult> Unsubscribe();

    /// <summary>Reads these partitions and no others, whatever the group assigns; offsets are still committed to the group.</summary>
    /// <returns><see cref="ErrorCode.InvalidRequest"/> if it has subscribed; the error of a partition that cannot be read.</returns>
    [Alias("Assign")]
    ValueTask<ConsumerResult> Assign(TopicPartition[] partitions);

    /// <summary>
    /// Takes the next records; waits if there are none. One such call is under way at a time: a newer one ends the older one, which is
    /// answered with <see cref="ErrorCode.RequestTimedOut"/>.
    /// </summary>
    [ResponseTimeout("00:02:00")]
    [Alias("Take")]
    ValueTask<TakeResult> Take(TakeRequest request, CancellationToken cancellation);

    /// <summary>Commits offsets as the member that the consumer is; durable when answered. Records below them count as finished.</summary>
    /// <param name="offsets">The next offsets to read, each partition at most once; null to commit everything that was taken.</param>
    [Alias("Commit")]
    ValueTask<CommitResult> Commit(CommittedOffset[]? offsets);

    /// <summary>Moves the positions of partitions that the consumer has.</summary>
    /// <returns><see cref="ErrorCode.InvalidRequest"/> if it does not have one of them; then no position has moved.</returns>
    [Alias("Seek")]
    ValueTask<ConsumerResult> Seek(PartitionSeek[] seeks);

    /// <summary>Ends the consumer: commits what is finished, if it commits by itself, and leaves the group.</summary>
    [Alias("Close")]
    ValueTask<ErrorCode> Close();
}
