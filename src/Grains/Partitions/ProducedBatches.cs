using System.Globalization;
using System.Runtime.InteropServices;
using Loire.Coordination.Partitions;
using Loire.Coordination.Producers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Partitions;

/// <summary>
/// The validated batches of one append. A partition reuses one instance, so an append allocates nothing for it.
/// </summary>
internal sealed class ProducedBatches
{
    private readonly List<BatchToAppend> _batches = [];
    private readonly List<ProducedBatch> _sequences = [];

    /// <summary>The batches in their order; valid until the next <see cref="TryRead"/>.</summary>
    public ReadOnlySpan<BatchToAppend> Batches => CollectionsMarshal.AsSpan(_batches);

    /// <summary>The sequences of the batches, if idempotent producers wrote them; valid as long as <see cref="Batches"/>.</summary>
    public ReadOnlySpan<ProducedBatch> Sequences => CollectionsMarshal.AsSpan(_sequences);

    /// <summary>The number of offsets that the batches take.</summary>
    public long Records { get; private set; }

    /// <summary>The broker's time, if the topic's timestamp type is LogAppendTime; otherwise <see cref="Timestamp.None"/>.</summary>
    public Timestamp LogAppendTime { get; private set; }

    /// <summary>Drops the batches, so that an idle partition does not hold their memory.</summary>
    public void Clear()
    {
        _batches.Clear();
        _sequences.Clear();
    }

    /// <summary>Whether the first batch of an append has a producer id, as far as its bytes tell.</summary>
    public static bool AreIdempotent(ReadOnlySpan<byte> bytes) => RecordBatch.TryRead(bytes, out var batch) == ErrorCode.None && batch.ProducerId >= 0;

    /// <summary>Leaves out the first batches, which are in the log already.</summary>
    public void Skip(int batches)
    {
        for (var i = 0; i < batches; i++)
        {
            Records -= _batches[i].OffsetCount;
        }

        _batches.RemoveRange(0, batches);
        _sequences.RemoveRange(0, batches);
    }

    /// <summary>
    /// Splits the bytes of a producer and validates the header and checksum of each batch by <see cref="ProduceRules"/>, without decoding
    /// records.
    /// </summary>
    /// <param name="appended">One or more whole batches.</param>
    /// <param name="settings">The settings of the topic that the partition acts on.</param>
    /// <param name="now">The broker's time.</param>
    /// <param name="hasTransaction">Whether the append names a transactional id.</param>
    /// <param name="detail">Human-readable reason for a refusal; null if there is none.</param>
    public ErrorCode TryRead(in AppendBatches appended, PartitionSettings settings, Timestamp now, bool hasTransaction, out string? detail)
    {
        Clear();
        Records = 0;
        LogAppendTime = settings.TimestampType == TimestampType.LogAppendTime ? now : Timestamp.None;
        if (appended.IsEmpty)
        {
            detail = "The append holds no record batch.";
            return ErrorCode.InvalidRecord;
        }

        if (appended.Length > Limits.AppendBytes)
        {
            detail = string.Create(
                CultureInfo.InvariantCulture, $"The append has {appended.Length} bytes; at most {Limits.AppendBytes} are accepted at once.");
            return ErrorCode.RecordListTooLarge;
        }

        foreach (var piece in appended.Pieces)
        {
            if (TryAdd(piece, settings, now, hasTransaction, out detail) is not ErrorCode.None and var error)
            {
                Clear();
                return error;
            }
        }

        detail = null;
        return ErrorCode.None;
    }

    private ErrorCode TryAdd(ReadOnlyMemory<byte> piece, in PartitionSettings settings, Timestamp now, bool hasTransaction, out string? detail)
    {
        for (var rest = piece; !rest.IsEmpty;)
        {
            var error = RecordBatch.TryReadProduced(rest.Span, settings.MaxMessageBytes, out var batch, out detail);
            if (error == ErrorCode.None)
            {
                error = ProduceRules.CheckBatch(batch, settings, now, hasTransaction, out detail);
            }

            if (error == ErrorCode.None && _batches.Count == Limits.BatchesPerAppend)
            {
                detail = string.Create(CultureInfo.InvariantCulture, $"The append has more than {Limits.BatchesPerAppend} batches.");
                error = ErrorCode.RecordListTooLarge;
            }

            if (error == ErrorCode.None && _batches.Count > 0 && (_sequences.Count > 0) != (batch.ProducerId >= 0))
            {
                detail = "Either all batches of an append have a producer id, or none has.";
                error = ErrorCode.InvalidRecord;
            }

            if (error == ErrorCode.None && _sequences is [var first, ..]
                && (first.IsTransactional != batch.IsTransactional || (batch.IsTransactional && first.Producer != batch.ProducerId)))
            {
                detail = "Either all batches of an append belong to one producer's transaction, or none does.";
                error = ErrorCode.InvalidRecord;
            }

            if (error != ErrorCode.None)
            {
                return error;
            }

            Add(rest[..batch.SizeInBytes], batch, settings, now);
            rest = rest[batch.SizeInBytes..];
        }

        detail = null;
        return ErrorCode.None;
    }

    private void Add(ReadOnlyMemory<byte> bytes, RecordBatch batch, in PartitionSettings settings, Timestamp now)
    {
        var offsets = batch.LastOffsetDelta + 1;
        Records += offsets;
        if (ProducedBatch.Of(batch) is { } sequence)
        {
            _sequences.Add(LogAppendTime == Timestamp.None ? sequence : sequence with { MaxTimestamp = now });
        }

        if (settings.TimestampType == TimestampType.CreateTime)
        {
            _batches.Add(new BatchToAppend(bytes, offsets, batch.MaxTimestamp));
            return;
        }

        var header = new byte[RecordBatch.HeaderSize];
        RecordBatch.Restamp(batch.Bytes, Offset.Zero, LeaderEpoch.None, now, header);
        _batches.Add(new BatchToAppend(bytes, offsets, now, header));
    }
}
