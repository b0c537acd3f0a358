using System.Globalization;
using System.Runtime.InteropServices;
using Loire.Grains.Interfaces.Partitions;
using Loire.Log;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Partitions;

/// <summary>
/// The batches of one append, checked and ready for the log. One instance per partition is filled again and again, so that an append
/// allocates nothing for it.
/// </summary>
internal sealed class ProducedBatches
{
    private readonly List<BatchToAppend> _batches = [];

    /// <summary>The batches in their order; valid until the next <see cref="TryRead"/>.</summary>
    public ReadOnlySpan<BatchToAppend> Batches => CollectionsMarshal.AsSpan(_batches);

    /// <summary>Offsets that the batches will take.</summary>
    public long Records { get; private set; }

    /// <summary>The broker's time that all records got, or <see cref="Timestamp.None"/> if they keep their own.</summary>
    public Timestamp LogAppendTime { get; private set; }

    /// <summary>Forgets the batches, so that their memory is not held by an idle partition.</summary>
    public void Clear() => _batches.Clear();

    /// <summary>
    /// Splits what a producer sent and checks each batch by its header and checksum; the records themselves are not decoded.
    /// </summary>
    /// <param name="bytes">One or more whole batches.</param>
    /// <param name="settings">The topic's settings.</param>
    /// <param name="now">The broker's time.</param>
    /// <param name="detail">The reason for a refusal in one sentence.</param>
    public ErrorCode TryRead(ReadOnlyMemory<byte> bytes, PartitionSettings settings, Timestamp now, out string? detail)
    {
        _batches.Clear();
        Records = 0;
        LogAppendTime = settings.TimestampType == TimestampType.LogAppendTime ? now : Timestamp.None;
        if (bytes.IsEmpty)
        {
            detail = "The append holds no record batch.";
            return ErrorCode.InvalidRecord;
        }

        if (bytes.Length > Limits.AppendBytes)
        {
            detail = string.Create(
                CultureInfo.InvariantCulture, $"The append has {bytes.Length} bytes; at most {Limits.AppendBytes} are accepted at once.");
            return ErrorCode.RecordListTooLarge;
        }

        for (var rest = bytes; !rest.IsEmpty;)
        {
            var error = RecordBatch.TryReadProduced(rest.Span, settings.MaxMessageBytes, out var batch, out detail);
            if (error == ErrorCode.None)
            {
                error = CheckOrigin(batch, out detail);
            }

            if (error == ErrorCode.None)
            {
                error = CheckTime(batch, settings, now, out detail);
            }

            if (error == ErrorCode.None && _batches.Count == Limits.BatchesPerAppend)
            {
                detail = string.Create(CultureInfo.InvariantCulture, $"The append has more than {Limits.BatchesPerAppend} batches.");
                error = ErrorCode.RecordListTooLarge;
            }

            if (error != ErrorCode.None)
            {
                _batches.Clear();
                return error;
            }

            Add(rest[..batch.SizeInBytes], batch, settings, now);
            rest = rest[batch.SizeInBytes..];
        }

        detail = null;
        return ErrorCode.None;
    }

    private void Add(ReadOnlyMemory<byte> bytes, RecordBatch batch, PartitionSettings settings, Timestamp now)
    {
        var offsets = batch.LastOffsetDelta + 1;
        Records += offsets;
        if (settings.TimestampType == TimestampType.CreateTime)
        {
            _batches.Add(new BatchToAppend(bytes, offsets, batch.MaxTimestamp));
            return;
        }

        var header = new byte[RecordBatch.HeaderSize];
        RecordBatch.Restamp(batch.Bytes, Offset.Zero, LeaderEpoch.None, now, header);
        _batches.Add(new BatchToAppend(bytes, offsets, now, header));
    }

    // To accept a batch of an idempotent or transactional producer without checking its sequence would promise what nobody keeps.
    private static ErrorCode CheckOrigin(RecordBatch batch, out string? detail)
    {
        if (batch.IsControl)
        {
            detail = "A client must not write control batches.";
            return ErrorCode.InvalidRecord;
        }

        if (batch.IsTransactional || batch.ProducerId >= 0)
        {
            detail = "Idempotent and transactional producers are not supported by this version: send batches without a producer id.";
            return ErrorCode.UnsupportedForMessageFormat;
        }

        detail = null;
        return ErrorCode.None;
    }

    private static ErrorCode CheckTime(RecordBatch batch, PartitionSettings settings, Timestamp now, out string? detail)
    {
        detail = null;
        if (batch.TimestampType == TimestampType.LogAppendTime)
        {
            detail = "A producer must not set the timestamp type to LogAppendTime.";
        }
        else if (settings.TimestampType == TimestampType.CreateTime)
        {
            if (IsBeyond(now, batch.BaseTimestamp, settings.TimestampBeforeMax))
            {
                detail = $"Timestamp {batch.BaseTimestamp.Milliseconds} is older than message.timestamp.before.max.ms allows.";
            }
            else if (IsBeyond(batch.MaxTimestamp, now, settings.TimestampAfterMax))
            {
                detail = $"Timestamp {batch.MaxTimestamp.Milliseconds} is further ahead than message.timestamp.after.max.ms allows.";
            }
        }

        return detail is null ? ErrorCode.None : ErrorCode.InvalidTimestamp;
    }

    private static bool IsBeyond(Timestamp later, Timestamp earlier, TimeSpan bound) =>
        later != Timestamp.None && earlier != Timestamp.None
            && (Int128)later.Milliseconds - earlier.Milliseconds > bound.Ticks / TimeSpan.TicksPerMillisecond;
}
