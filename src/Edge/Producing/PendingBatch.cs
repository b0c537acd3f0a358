using System.Runtime.CompilerServices;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Edge.Producing;

/// <summary>
/// Records that are sent to one partition together and share one outcome. The batch is filled under the lock of its
/// <see cref="PartitionAccumulator"/>, then owned by the sender. It ends exactly once: acknowledged, or with a <see cref="Failure"/>.
/// </summary>
public abstract class PendingBatch
{
    private RecordBatchBuilder? _builder;
    private volatile bool _isEnded;

    /// <summary>Creates a batch that collects records.</summary>
    /// <param name="accumulator">The accumulator of the batch.</param>
    /// <param name="builder">An empty builder, which the batch returns to the pool.</param>
    protected PendingBatch(PartitionAccumulator accumulator, RecordBatchBuilder builder)
        : this(accumulator, 0, 0) => _builder = builder;

    /// <summary>Wraps whole batches encoded by a client, which <see cref="Encoded"/> returns.</summary>
    /// <param name="accumulator">The accumulator of the batches.</param>
    /// <param name="recordsCount">The number of records in the batches.</param>
    /// <param name="bytes">The size of the batches, in bytes.</param>
    protected PendingBatch(PartitionAccumulator accumulator, int recordsCount, int bytes) =>
        (Accumulator, OpenedAt, RecordsCount, ReservedBytes) = (accumulator, accumulator.Delivery.Time.GetTimestamp(), recordsCount, bytes);

    /// <summary>The accumulator of the batch.</summary>
    public PartitionAccumulator Accumulator { get; }

    /// <summary>The number of records.</summary>
    public int RecordsCount { get; private set; }

    /// <summary>The number of records that no caller awaits.</summary>
    public int UnawaitedCount { get; private set; }

    /// <summary>The total <see cref="ProducerRecord.ReservedBytes"/> of its records, or the size of the encoded batches.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Whether the outcome is known.</summary>
    public bool IsEnded => _isEnded;

    /// <summary>Why the batch was not acknowledged; null if it was. Valid after <see cref="IsEnded"/>.</summary>
    public AppendFailure? Failure { get; private set; }

    /// <summary>The offset of its first record, or <see cref="Offset.None"/> if it is unknown. Valid after <see cref="IsEnded"/>.</summary>
    public Offset BaseOffset { get; private set; } = Offset.None;

    /// <summary>The offset of its last record, or <see cref="Offset.None"/> if it is unknown. Valid after <see cref="IsEnded"/>.</summary>
    public Offset LastOffset => BaseOffset == Offset.None ? Offset.None : BaseOffset + (RecordsCount - 1);

    /// <summary>The broker's time with log append time, otherwise none. Valid after <see cref="IsEnded"/>.</summary>
    public Timestamp LogAppendTime { get; private set; } = Timestamp.None;

    /// <summary>The first readable offset of the partition. Valid after <see cref="IsEnded"/>; <see cref="Offset.None"/> with a failure.</summary>
    public Offset LogStartOffset { get; private set; } = Offset.None;

    /// <summary>When the batch was created, in units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    internal long OpenedAt { get; }

    /// <summary>Whether its records were collected here, so that they can be encoded again.</summary>
    internal bool IsGathered => Encoded.IsEmpty;

    /// <summary>The size before compression, in bytes.</summary>
    internal int SizeInBytes => _builder?.SizeInBytes ?? Encoded.Length;

    /// <summary>The size within the append that carries it, in bytes.</summary>
    internal int EncodedBytes { get; set; }

    /// <summary>Batches to send unchanged, in memory that the partition will own. Empty if records are collected.</summary>
    protected virtual ReadOnlyMemory<byte> Encoded => default;

    // Inlined, because it runs for every record.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RecordPlace Add(in ProducerRecord record, long reservedBytes, bool isAwaited)
    {
        var fits = _builder!.Append(record.Timestamp, record.Key, record.KeyIsNull, record.Value, record.ValueIsNull, record.Headers);
        Invariant.Check(fits, "a record within the bounds of its producer fits into an empty batch");
        ReservedBytes += reservedBytes;
        UnawaitedCount += isAwaited ? 0 : 1;
        return new RecordPlace(this, RecordsCount++);
    }

    /// <summary>Encodes the batch for an append.</summary>
    internal ReadOnlyMemory<byte> Encode(CompressionType compression, BatchStamp stamp)
    {
        Stamp(stamp);
        var encoded = _builder?.Build(compression) ?? Encoded;
        EncodedBytes = encoded.Length;
        ReleaseBuilder();
        return encoded;
    }

    internal void Succeed(Offset baseOffset, Timestamp logAppendTime, Offset logStartOffset)
    {
        (BaseOffset, LogAppendTime, LogStartOffset) = (baseOffset, logAppendTime, logStartOffset);
        End();
    }

    internal void Fail(AppendFailure failure)
    {
        Failure = failure;
        End();
    }

    /// <summary>
    /// Called before the batch ends: updates state that others may read once it has ended, such as freed memory or failures to report.
    /// </summary>
    protected virtual void OnEnding()
    {
    }

    /// <summary>Called after the batch has ended: completes its waiters.</summary>
    protected abstract void OnEnded();

    private void End()
    {
        ReleaseBuilder();
        Accumulator.Settle(this);
        OnEnding();
        _isEnded = true;
        Interlocked.MemoryBarrier();
        OnEnded();
    }

    private void Stamp(BatchStamp stamp)
    {
        Invariant.Check(stamp.IsNone || IsGathered, "batches of clients are sent unchanged");
        if (_builder is { } builder)
        {
            (builder.ProducerId, builder.ProducerEpoch, builder.BaseSequence) = (stamp.Producer.Id, stamp.Producer.Epoch, stamp.Sequence);
            builder.IsTransactional = stamp.IsTransactional;
        }
    }

    private void ReleaseBuilder()
    {
        if (_builder is { } builder)
        {
            _builder = null;
            Accumulator.Delivery.Recycle(builder);
        }
    }
}
