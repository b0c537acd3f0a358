using Loire.Model;

namespace Loire.Client;

/// <summary>
/// Reads records from partitions that its group assigns, or that the application assigns manually. Records are prefetched into a bounded
/// buffer per partition. All methods are thread-safe, but only one enumeration may be active at a time.
/// <para>
/// Partitions take turns, one batch each. A permanent failure ends the enumeration with a <see cref="ConsumeException"/> or
/// <see cref="SerializationException"/>; cancelling ends it cleanly. In both cases the next enumeration continues after the last record
/// delivered.
/// </para>
/// <para>
/// A record is finished when the application requests the next one (or the next list), or ends the enumeration by cancelling it. A loop
/// that exits with a <c>break</c> or an exception has not finished its last record: unless <see cref="CommitAsync(CancellationToken)"/> is
/// called, the next reader of the partition receives it again.
/// </para>
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IConsumer<TKey, TValue> : IAsyncDisposable
{
    /// <summary>The assigned partitions, in ordinal order.</summary>
    IReadOnlyList<TopicPartition> Assignment { get; }

    /// <summary>
    /// As which member of its group the consumer reads now; null without a group. For transactions that commit its positions; usually
    /// <see cref="ITransaction{TKey, TValue}.SendOffsetsAsync{TConsumedKey, TConsumedValue}(IConsumer{TConsumedKey, TConsumedValue}, CancellationToken)"/> takes care.
    /// </summary>
    ConsumerGroupMetadata? GroupMetadata { get; }

    /// <summary>
    /// Joins the group <see cref="ConsumerOptions.GroupId"/> to share the partitions of topics with its other members, or changes this
    /// member's subscription. Returns immediately; partitions are assigned and revoked while records are read. Reading starts at the
    /// committed offset, or where <see cref="ConsumerOptions.AutoOffsetReset"/> says. If the group refuses the member, the enumeration
    /// throws a <see cref="GroupException"/>.
    /// </summary>
    /// <param name="topics">Topic names; the topics need not exist yet.</param>
    /// <param name="listener">Notified of assigned and revoked partitions; null for none.</param>
    /// <param name="cancellation">Ends the wait for another call of this kind.</param>
    /// <exception cref="ArgumentException">There is no name, or one is illegal.</exception>
    /// <exception cref="InvalidOperationException">There is no group id, or partitions were assigned with
    /// <see cref="AssignAsync(IEnumerable{TopicPartition}, CancellationToken)"/>.</exception>
    ValueTask SubscribeAsync(IEnumerable<TopicName> topics, IRebalanceListener? listener = null, CancellationToken cancellation = default);

    /// <summary>Like <see cref="SubscribeAsync(IEnumerable{TopicName}, IRebalanceListener?, CancellationToken)"/>, for all current and
    /// future topics whose whole name matches a regular expression. If the broker refuses the expression, the enumeration throws.</summary>
    ValueTask SubscribeAsync(string pattern, IRebalanceListener? listener = null, CancellationToken cancellation = default);

    /// <summary>Revokes all partitions gracefully and leaves the group (a static member does not leave). Does nothing without a
    /// subscription.</summary>
    ValueTask UnsubscribeAsync(CancellationToken cancellation = default);

    /// <summary>Commits all delivered records as finished. The commit is durable when the call returns.</summary>
    /// <exception cref="InvalidOperationException">There is no group id.</exception>
    /// <exception cref="GroupException">Some offsets were not stored, for example because this consumer has lost its
    /// partitions.</exception>
    ValueTask CommitAsync(CancellationToken cancellation = default);

    /// <summary>Commits positions: the next offsets to read.</summary>
    /// <inheritdoc cref="CommitAsync(CancellationToken)"/>
    ValueTask CommitAsync(IEnumerable<TopicPartitionOffset> positions, CancellationToken cancellation = default);

    /// <summary>Commits, for each partition, the position after the last of the given records.</summary>
    /// <inheritdoc cref="CommitAsync(CancellationToken)"/>
    ValueTask CommitAsync(IEnumerable<ConsumeResult<TKey, TValue>> records, CancellationToken cancellation = default);

    /// <summary>
    /// Returns the committed positions of partitions, except for those without one; waits while an open transaction may commit another one.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no group id.</exception>
    /// <exception cref="GroupException">The group does not answer, or a transaction stays open for too long.</exception>
    ValueTask<IReadOnlyList<TopicPartitionOffset>> CommittedAsync(
        IEnumerable<TopicPartition> partitions, CancellationToken cancellation = default);

    /// <summary>
    /// Replaces the assignment. Partitions that stay keep their position, unless their topic was recreated; new ones start where
    /// <see cref="ConsumerOptions.AutoOffsetReset"/> says, resolved at the time of this call.
    /// </summary>
    /// <exception cref="ArgumentException">A partition is given twice.</exception>
    /// <exception cref="InvalidOperationException">The consumer has subscribed.</exception>
    /// <exception cref="LoireException">A topic or a partition does not exist, is unreachable for
    /// <see cref="ConsumerOptions.UnavailableTimeout"/>, or has no position and no reset policy; then nothing has changed.</exception>
    ValueTask AssignAsync(IEnumerable<TopicPartition> partitions, CancellationToken cancellation = default);

    /// <summary>Like <see cref="AssignAsync(IEnumerable{TopicPartition}, CancellationToken)"/>, starting at the given positions.</summary>
    ValueTask AssignAsync(IEnumerable<TopicPartitionOffset> positions, CancellationToken cancellation = default);

    /// <summary>
    /// Moves the position to an offset, or to one of the special positions of <see cref="OffsetSpec"/>, resolved at the time of this call.
    /// After it has returned, no record fetched before it is delivered. Whether an offset exists is checked when it is fetched; if it does
    /// not, <see cref="ConsumerOptions.AutoOffsetReset"/> applies.
    /// </summary>
    /// <exception cref="InvalidOperationException">The partition is not assigned.</exception>
    /// <exception cref="LoireException">The partition is unreachable.</exception>
    ValueTask SeekAsync(TopicPartition partition, OffsetSpec position, CancellationToken cancellation = default);

    /// <summary>Pauses partitions, which keep their position; prefetched records are kept but not delivered.</summary>
    /// <exception cref="InvalidOperationException">One of them is not assigned; then none is paused.</exception>
    void Pause(IEnumerable<TopicPartition> partitions);

    /// <summary>Resumes partitions.</summary>
    /// <exception cref="InvalidOperationException">One of them is not assigned; then none is resumed.</exception>
    void Resume(IEnumerable<TopicPartition> partitions);

    /// <summary>
    /// Closes the consumer: commits finished records, if it commits automatically, and leaves its group or remains in it. Disposing the
    /// consumer is the same as closing it with <see cref="GroupMembershipOperation.Default"/>.
    /// </summary>
    /// <param name="operation">Whether it leaves its group (KIP-1092).</param>
    ValueTask CloseAsync(GroupMembershipOperation operation);

    /// <summary>The paused partitions.</summary>
    IReadOnlyList<TopicPartition> Paused { get; }

    /// <summary>The position: after the last delivered record, or where reading starts.</summary>
    /// <exception cref="InvalidOperationException">The partition is not assigned.</exception>
    Offset Position(TopicPartition partition);

    /// <summary>Returns the current bounds of a partition, assigned or not.</summary>
    ValueTask<WatermarkOffsets> QueryWatermarksAsync(TopicPartition partition, CancellationToken cancellation = default);

    /// <summary>Returns the offset of the first record at or after a time; the end of the partition if all are older.</summary>
    ValueTask<Offset> OffsetForTimeAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellation = default);

    /// <summary>
    /// Finds the last record of a key of a topic that is compacted, whether or not it is assigned; see <see cref="IAdminClient.FindLatestAsync"/>. The
    /// consumer's positions do not matter and do not change.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="key">The key.</param>
    /// <param name="keySerializer">Serializes the key as its producer did; null for the built-in one of <typeparamref name="TKey"/>.</param>
    /// <param name="partition">The partition that has the key; null for the one to which <see cref="Partitioners.Default"/> sends it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The record; null if there is none, or it is a tombstone.</returns>
    /// <exception cref="LoireException">As of <see cref="IAdminClient.FindLatestAsync"/>.</exception>
    /// <exception cref="NotSupportedException">The type has no built-in serializer, and none was given.</exception>
    /// <exception cref="SerializationException">The key cannot be serialized, or the record not deserialized.</exception>
    ValueTask<ConsumeResult<TKey, TValue>?> FindLatestAsync(
        TopicName topic, TKey key, ISerializer<TKey>? keySerializer = null, int? partition = null, CancellationToken cancellation = default);

    /// <summary>Reads records until cancelled.</summary>
    /// <exception cref="ConsumeException">A partition cannot be read.</exception>
    /// <exception cref="GroupException">The group refuses this consumer, or is unreachable.</exception>
    /// <exception cref="SerializationException">A record cannot be deserialized. It is delivered again unless <see cref="SeekAsync"/> skips
    /// it.</exception>
    /// <exception cref="ObjectDisposedException">The consumer was disposed.</exception>
    IAsyncEnumerable<ConsumeResult<TKey, TValue>> ConsumeAsync(CancellationToken cancellation = default);

    /// <summary>Reads lists of available records, each from one partition, with at least one and at most
    /// <see cref="ConsumerOptions.MaxPollRecords"/> records. The position advances with each list.</summary>
    /// <inheritdoc cref="ConsumeAsync"/>
    IAsyncEnumerable<IReadOnlyList<ConsumeResult<TKey, TValue>>> ConsumeBatchesAsync(CancellationToken cancellation = default);
}
