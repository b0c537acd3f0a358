using Loire.Model;

namespace Loire.Client;

/// <summary>
/// Reads records from partitions that its group assigns, or that the application assigns by hand. Records are fetched ahead into a
/// bounded buffer for each partition. Every method may be called by any thread, but only one enumeration may be under way.
/// <para>
/// Partitions take turns, a batch each. A failure that retrying cannot help ends the enumeration with a <see cref="ConsumeException"/>
/// or <see cref="SerializationException"/>; cancelling ends it cleanly. In both cases the next enumeration continues behind the last
/// record that was handed out.
/// </para>
/// <para>
/// A record is finished when the application asks for the next one (or for the next list), or ends the enumeration by cancelling it. A
/// loop that is left by a <c>break</c> or an exception has not finished its last record: unless
/// <see cref="CommitAsync(CancellationToken)"/> is called, the next reader of the partition gets it again.
/// </para>
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IConsumer<TKey, TValue> : IAsyncDisposable
{
    /// <summary>The partitions that are read, in ordinal order.</summary>
    IReadOnlyList<TopicPartition> Assignment { get; }

    /// <summary>
    /// Joins the group <see cref="ConsumerOptions.GroupId"/> to share the partitions of topics with its other members, or changes what
    /// this member wants. Returns at once; partitions come, and go, while records are read. They begin at the committed offset, or where
    /// <see cref="ConsumerOptions.AutoOffsetReset"/> says. That the group refuses the member is thrown by the enumeration, as a
    /// <see cref="GroupException"/>.
    /// </summary>
    /// <param name="topics">Names; the topics need not exist yet.</param>
    /// <param name="listener">Notified of partitions that are assigned and revoked; null for none.</param>
    /// <param name="cancellation">Ends the wait for another call of this kind.</param>
    /// <exception cref="ArgumentException">There is no name, or one is not legal.</exception>
    /// <exception cref="InvalidOperationException">There is no group id, or partitions were assigned by
    /// <see cref="AssignAsync(IEnumerable{TopicPartition}, CancellationToken)"/>.</exception>
    ValueTask SubscribeAsync(IEnumerable<TopicName> topics, IRebalanceListener? listener = null, CancellationToken cancellation = default);

    /// <summary>As <see cref="SubscribeAsync(IEnumerable{TopicName}, IRebalanceListener?, CancellationToken)"/>, for every topic, now and
    /// later, whose whole name matches a regular expression. One that the broker does not take is thrown by the enumeration.</summary>
    ValueTask SubscribeAsync(string pattern, IRebalanceListener? listener = null, CancellationToken cancellation = default);

    /// <summary>Gives up all partitions in order and leaves the group (a static member does not leave). Nothing happens without a
    /// subscription.</summary>
    ValueTask UnsubscribeAsync(CancellationToken cancellation = default);

    /// <summary>Commits everything that was handed out, which says that the application is done with it. Durable when it
    /// returns.</summary>
    /// <exception cref="InvalidOperationException">There is no group id.</exception>
    /// <exception cref="GroupException">Not all is stored, as when this consumer has lost its partitions.</exception>
    ValueTask CommitAsync(CancellationToken cancellation = default);

    /// <summary>Commits positions: the next offsets to read.</summary>
    /// <inheritdoc cref="CommitAsync(CancellationToken)"/>
    ValueTask CommitAsync(IEnumerable<TopicPartitionOffset> positions, CancellationToken cancellation = default);

    /// <summary>Commits behind records; of each partition, behind the last of them.</summary>
    /// <inheritdoc cref="CommitAsync(CancellationToken)"/>
    ValueTask CommitAsync(IEnumerable<ConsumeResult<TKey, TValue>> records, CancellationToken cancellation = default);

    /// <summary>The committed positions of partitions, without those that have none.</summary>
    /// <exception cref="InvalidOperationException">There is no group id.</exception>
    /// <exception cref="GroupException">The group does not answer.</exception>
    ValueTask<IReadOnlyList<TopicPartitionOffset>> CommittedAsync(
        IEnumerable<TopicPartition> partitions, CancellationToken cancellation = default);

    /// <summary>
    /// Reads these partitions and no others from now on. Those that stay keep their position, unless their topic was created again; new
    /// ones begin where <see cref="ConsumerOptions.AutoOffsetReset"/> says, as it is at the moment of this call.
    /// </summary>
    /// <exception cref="ArgumentException">A partition is named twice.</exception>
    /// <exception cref="InvalidOperationException">The consumer has subscribed.</exception>
    /// <exception cref="LoireException">A topic or a partition does not exist or is out of reach for
    /// <see cref="ConsumerOptions.UnavailableTimeout"/>, or there is no position and no rule for one; then nothing has
    /// changed.</exception>
    ValueTask AssignAsync(IEnumerable<TopicPartition> partitions, CancellationToken cancellation = default);

    /// <summary>As <see cref="AssignAsync(IEnumerable{TopicPartition}, CancellationToken)"/>, from these positions
    /// on.</summary>
    ValueTask AssignAsync(IEnumerable<TopicPartitionOffset> positions, CancellationToken cancellation = default);

    /// <summary>
    /// Continues at an offset, or at one of the special positions of <see cref="OffsetSpec"/> as they are at the moment of this call.
    /// Once it has ended, no record that was fetched before it is handed out. Whether an offset exists is seen when it is fetched; one
    /// that does not is reset by <see cref="ConsumerOptions.AutoOffsetReset"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The partition is not assigned.</exception>
    /// <exception cref="LoireException">The partition is out of reach.</exception>
    ValueTask SeekAsync(TopicPartition partition, OffsetSpec position, CancellationToken cancellation = default);

    /// <summary>Stops reading partitions without forgetting where; what was fetched ahead of them is kept but not handed out.</summary>
    /// <exception cref="InvalidOperationException">One of them is not assigned; then none is paused.</exception>
    void Pause(IEnumerable<TopicPartition> partitions);

    /// <summary>Continues reading partitions.</summary>
    /// <exception cref="InvalidOperationException">One of them is not assigned; then none is resumed.</exception>
    void Resume(IEnumerable<TopicPartition> partitions);

    /// <summary>
    /// Ends the consumer: commits what is finished, if it commits automatically, and leaves its group or remains in it. Disposing of the
    /// consumer is the same with <see cref="GroupMembershipOperation.Default"/>.
    /// </summary>
    /// <param name="operation">Whether it leaves its group (KIP-1092).</param>
    ValueTask CloseAsync(GroupMembershipOperation operation);

    /// <summary>The partitions that are paused.</summary>
    IReadOnlyList<TopicPartition> Paused { get; }

    /// <summary>The position: behind the last record handed out, or where reading begins.</summary>
    /// <exception cref="InvalidOperationException">The partition is not assigned.</exception>
    Offset Position(TopicPartition partition);

    /// <summary>The positions that bound a partition now, assigned or not.</summary>
    ValueTask<WatermarkOffsets> QueryWatermarksAsync(TopicPartition partition, CancellationToken cancellation = default);

    /// <summary>The first offset whose record is not older than a moment; the end of the partition if all are.</summary>
    ValueTask<Offset> OffsetForTimeAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellation = default);

    /// <summary>Reads record after record until cancelled.</summary>
    /// <exception cref="ConsumeException">A partition cannot be read.</exception>
    /// <exception cref="GroupException">The group refuses this consumer, or is out of reach.</exception>
    /// <exception cref="SerializationException">A record cannot be deserialized. It comes again unless <see cref="SeekAsync"/> goes past
    /// it.</exception>
    /// <exception cref="ObjectDisposedException">The consumer was disposed of.</exception>
    IAsyncEnumerable<ConsumeResult<TKey, TValue>> ConsumeAsync(CancellationToken cancellation = default);

    /// <summary>Reads what is there, one partition's records at a time, at least one and at most
    /// <see cref="ConsumerOptions.MaxPollRecords"/>. The position moves with each list.</summary>
    /// <inheritdoc cref="ConsumeAsync"/>
    IAsyncEnumerable<IReadOnlyList<ConsumeResult<TKey, TValue>>> ConsumeBatchesAsync(CancellationToken cancellation = default);
}
