namespace Loire.Client;

/// <summary>
/// Reads records from partitions that it is told to read. Records are fetched ahead into a bounded buffer for each partition. Every method
/// may be called by any thread, but only one enumeration may be under way.
/// <para>
/// A failure that retrying cannot help ends the enumeration with a <see cref="ConsumeException"/> or <see cref="SerializationException"/>;
/// cancelling ends it cleanly. In both cases the next enumeration goes on behind the last record that was handed out.
/// </para>
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IConsumer<TKey, TValue> : IAsyncDisposable
{
    /// <summary>The partitions that are read, in ordinal order.</summary>
    IReadOnlyList<TopicPartition> Assignment { get; }

    /// <summary>Reads these partitions and no others from now on; those that stay keep their position.</summary>
    /// <exception cref="LoireException">A topic or a partition does not exist; then nothing has changed.</exception>
    ValueTask AssignAsync(IEnumerable<TopicPartition> partitions, CancellationToken cancellation = default);

    /// <summary>As <see cref="AssignAsync(IEnumerable{TopicPartition}, CancellationToken)"/>, from these positions
    /// on.</summary>
    ValueTask AssignAsync(IEnumerable<TopicPartitionOffset> positions, CancellationToken cancellation = default);

    /// <summary>Goes on at an offset, or at one of the special positions of <see cref="OffsetSpec"/>.</summary>
    /// <exception cref="InvalidOperationException">The partition is not assigned.</exception>
    ValueTask SeekAsync(TopicPartition partition, OffsetSpec position, CancellationToken cancellation = default);

    /// <summary>Stops reading partitions without forgetting where; what was fetched ahead of them is kept but not handed out.</summary>
    void Pause(IEnumerable<TopicPartition> partitions);

    /// <summary>Goes on reading partitions.</summary>
    void Resume(IEnumerable<TopicPartition> partitions);

    /// <summary>The partitions that are paused.</summary>
    IReadOnlyList<TopicPartition> Paused { get; }

    /// <summary>The offset after the last record handed out; null before the first one where no offset was given yet.</summary>
    /// <exception cref="InvalidOperationException">The partition is not assigned.</exception>
    long? Position(TopicPartition partition);

    /// <summary>The positions that bound a partition now, assigned or not.</summary>
    ValueTask<WatermarkOffsets> QueryWatermarksAsync(TopicPartition partition, CancellationToken cancellation = default);

    /// <summary>The first offset whose record is not older than a moment; the end of the partition if all are.</summary>
    ValueTask<long> OffsetForTimeAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellation = default);

    /// <summary>Reads record after record until cancelled.</summary>
    IAsyncEnumerable<ConsumeResult<TKey, TValue>> ConsumeAsync(CancellationToken cancellation = default);

    /// <summary>Reads what is there, one partition's records at a time, at least one and at most
    /// <see cref="ConsumerOptions.MaxPollRecords"/>.</summary>
    IAsyncEnumerable<IReadOnlyList<ConsumeResult<TKey, TValue>>> ConsumeBatchesAsync(CancellationToken cancellation = default);
}

/// <summary>The offsets that bound a partition.</summary>
/// <param name="Low">The first offset that can be read.</param>
/// <param name="High">The offset after the last one that can be read.</param>
public readonly record struct WatermarkOffsets(long Low, long High);
