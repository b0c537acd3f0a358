using System.Buffers.Binary;
using static Loire.Model.Batches.BatchLayout;

namespace Loire.Model.Batches;

/// <summary>
/// Validates a batch before it is used: first the frame (whether it is complete and of format 2), then the header by itself and, for a
/// batch from a client, also what only a broker may set. Each check returns a human-readable problem.
/// </summary>
internal static class BatchChecks
{
    /// <summary>Finds where the batch at the front of <paramref name="buffer"/> ends.</summary>
    public static ErrorCode Frame(ReadOnlySpan<byte> buffer, int maxBytes, out int size, out string? problem)
    {
        size = 0;
        if (buffer.Length <= Magic)
        {
            return Fail(ErrorCode.CorruptMessage, "The batch is cut off.", out problem);
        }

        // All formats have their number at this position.
        if (buffer[Magic] != CurrentMagic)
        {
            return buffer[Magic] < CurrentMagic
                ? Fail(ErrorCode.UnsupportedForMessageFormat, "Only record batches of format 2 are accepted.", out problem)
                : Fail(ErrorCode.CorruptMessage, "The number of the format is unknown.", out problem);
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(buffer[Length..]);
        if (length < Records - LengthCountsFrom)
        {
            return Fail(ErrorCode.CorruptMessage, "The length is less than that of a header.", out problem);
        }

        if (length > maxBytes - LengthCountsFrom)
        {
            return Fail(ErrorCode.MessageTooLarge, "The batch is larger than max.message.bytes allows.", out problem);
        }

        if (length > buffer.Length - LengthCountsFrom)
        {
            return Fail(ErrorCode.CorruptMessage, "The batch is cut off.", out problem);
        }

        size = LengthCountsFrom + length;
        return Pass(out problem);
    }

    /// <summary>
    /// Checks what holds for every batch, so that its properties never fail. Compaction leaves gaps and even empty batches.
    /// </summary>
    public static ErrorCode Header(RecordBatch batch, out string? problem)
    {
        if ((batch.Attributes & CodecMask) > (int)CompressionType.Zstd)
        {
            return Fail(ErrorCode.UnsupportedCompressionType, "The compression codec is unknown.", out problem);
        }

        if (batch.LastOffsetDelta < 0 || batch.BaseOffset.Value < 0 || batch.BaseOffset.Value > long.MaxValue - batch.LastOffsetDelta - 1)
        {
            return Fail(ErrorCode.CorruptMessage, "The offsets are out of range.", out problem);
        }

        if (batch.RecordCount < 0 || batch.RecordCount - 1 > batch.LastOffsetDelta)
        {
            return Fail(ErrorCode.CorruptMessage, "The number of records does not fit the offsets.", out problem);
        }

        return Pass(out problem);
    }

    /// <summary>Checks a batch from a client, checksum included.</summary>
    public static ErrorCode Produced(RecordBatch batch, out string? problem)
    {
        // Checked first, so that corruption is reported as such: the client may resend the batch unchanged.
        if (!batch.CrcIsValid())
        {
            return Fail(ErrorCode.CorruptMessage, "The checksum is wrong.", out problem);
        }

        if ((batch.RecordCount < 1 || batch.RecordCount - 1 != batch.LastOffsetDelta) && !EmptyBatch.IsProduced(batch))
        {
            return Fail(ErrorCode.InvalidRecord, "The number of records must be at least 1 and fit the last offset delta.", out problem);
        }

        var attributes = batch.Attributes;
        if ((attributes & (ControlBit | DeleteHorizonBit)) != 0)
        {
            return Fail(ErrorCode.InvalidRecord, "Control batches and delete horizons come from the broker only.", out problem);
        }

        if ((attributes & UnusedBits) != 0)
        {
            return Fail(ErrorCode.InvalidRecord, "Unused bits of the attributes are set.", out problem);
        }

        // Some clients write an epoch and a sequence number without a producer id; they are meaningless then. A missing epoch is as good as any other.
        if (batch.ProducerId < -1 || (batch.ProducerId >= 0 && (batch.ProducerEpoch < -1 || batch.BaseSequence < 0)))
        {
            return Fail(ErrorCode.InvalidRecord, "A batch with a producer id needs a sequence number.", out problem);
        }

        if (batch.IsTransactional && batch.ProducerId < 0)
        {
            return Fail(ErrorCode.InvalidRecord, "A transactional batch needs a producer id.", out problem);
        }

        if (batch.TimestampType == TimestampType.LogAppendTime)
        {
            return Fail(ErrorCode.InvalidTimestamp, "Only the broker gives records their append time.", out problem);
        }

        if (batch.BaseTimestamp < Timestamp.None || batch.MaxTimestamp < batch.BaseTimestamp)
        {
            return Fail(ErrorCode.InvalidTimestamp, "A timestamp is negative, or the greatest lies before the first.", out problem);
        }

        return Header(batch, out problem);
    }

    private static ErrorCode Fail(ErrorCode error, string reason, out string? problem)
    {
        problem = reason;
        return error;
    }

    private static ErrorCode Pass(out string? problem)
    {
        problem = null;
        return ErrorCode.None;
    }
}
