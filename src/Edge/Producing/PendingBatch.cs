using System.Runtime.CompilerServices;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Edge.Producing;

/// <summary>
/// Records that go to one partition together and end together. It is filled under the lock of its <see cref="PartitionAccumulator"/>, then
/// owned by the sender. It ends exactly once: acknowledged, or with a <see cref="Failure"/>.
/// </summary>
public abstract class PendingBatch
{
    private RecordBatchBuilder? _builder;
    private volatile bool _isEnded;

    /// <summary>A batch that gathers records.</summary>
    /// <param name="accumulator">Where the batch belongs.</param>
    /// <param name="builder">An empty builder, which the batch returns.</param>
    protected PendingBatch(PartitionAccumulator accumulator, RecordBatchBuilder builder)
        : this(accumulator, 0, 0) => _builder = builder;

    /// <summary>Whole batches that a client has encoded, as <see cref="Encoded"/>.</summary>
    /// <param name="accumulator">Where the batches belong.</param>
    /// <param name="recordsCount">Records in them.</param>
    /// <param name="bytes">Their size.</param>
    protected PendingBatch(PartitionAccumulator accumulator, int recordsCount, int bytes) =>
        (Accumulator, OpenedAt, RecordsCount, ReservedBytes) = (accumulator, accumulator.Delivery.Time.GetTimestamp(), recordsCount, bytes);

    /// <summary>Where the batch belongs.</summary>
    public PartitionAccumulator Accumulator { get; }

    /// <summary>Records in it.</summary>
    public int RecordsCount { get; private set; }

    /// <summary>Records of it that no caller waits for.</summary>
    public int UnawaitedCount { get; private set; }

    /// <summary>The <see cref="ProducerRecord.ReservedBytes"/> of its records, or the bytes of encoded batches.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Whether the outcome is known.</summary>
    public bool IsEnded => _isEnded;

    /// <summary>Why it was not acknowledged; null if it was. Valid after <see cref="IsEnded"/>.</summary>
    public AppendFailure? Failure { get; private set; }

    /// <summary>The offset of its first record, or <see cref="Offset.None"/> if it is unknown. Valid after <see cref="IsEnded"/>.</summary>
    public Offset BaseOffset { get; private set; } = Offset.None;

    /// <summary>The offset of its last record, or <see cref="Offset.None"/> if it is unknown. Valid after <see cref="IsEnded"/>.</summary>
    public Offset LastOffset => BaseOffset == Offset.None ? Offset.None : BaseOffset + (RecordsCount - 1);

    /// <summary>The broker's time, if it stamps. Valid after <see cref="IsEnded"/>.</summary>
    public Timestamp LogAppendTime { get; private set; } = Timestamp.None;

    /// <summary>When it was made, in units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    internal long OpenedAt { get; }

    /// <summary>Whether its records were gathered here, so that they may be encoded again.</summary>
    internal bool IsGathered => Encoded.IsEmpty;

    /// <summary>Bytes before compression.</summary>
    internal int SizeInBytes => _builder?.SizeInBytes ?? Encoded.Length;

    /// <summary>Bytes of it in the append that carries it.</summary>
    internal int EncodedBytes { get; set; }

    /// <summary>Batches that are sent as they are. The partition keeps this memory. Empty if records are gathered.</summary>
    protected virtual ReadOnlyMemory<byte> Encoded => default;

    // Inlined, because it is called for every record.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RecordPlace Add(in ProducerRecord record, long reservedBytes, bool isAwaited)
    {
        var fits = _builder!.Append(record.Timestamp, record.Key, record.KeyIsNull, record.Value, record.ValueIsNull, record.Headers);
        Invariant.Check(fits, "a record within the bounds of its producer fits into an empty batch");
        ReservedBytes += reservedBytes;
        UnawaitedCount += isAwaited ? 0 : 1;
        return new RecordPlace(this, RecordsCount++);
    }

    /// <summary>The batch as an append carries it.</summary>
    internal ReadOnlyMemory<byte> Encode(CompressionType compression)
    {
        var encoded = _builder?.Build(compression) ?? Encoded;
        EncodedBytes = encoded.Length;
        ReleaseBuilder();
        return encoded;
    }

    /// <summary>Writes the batch without compression to <paramref name="destination"/> and moves that on.</summary>
    internal void EncodeInto(ref Span<byte> destination)
    {
        EncodedBytes = SizeInBytes;
        Encoded.Span.CopyTo(destination);
        _builder?.BuildInto(destination[..EncodedBytes]);
        ReleaseBuilder();
        destination = destination[EncodedBytes..];
    }

    internal void Succeed(Offset baseOffset, Timestamp logAppendTime)
    {
        (BaseOffset, LogAppendTime) = (baseOffset, logAppendTime);
        End();
    }

    internal void Fail(AppendFailure failure)
    {
        Failure = failure;
        End();
    }

    /// <summary>
    /// The batch is about to end: accounts for what others may ask about once it has, such as room that it frees or failures to report.
    /// </summary>
    protected virtual void OnEnding()
    {
    }

    /// <summary>The batch has ended: completes those who wait for it.</summary>
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

    private void ReleaseBuilder()
    {
        if (_builder is { } builder)
        {
            _builder = null;
            Accumulator.Delivery.Recycle(builder);
        }
    }
}
