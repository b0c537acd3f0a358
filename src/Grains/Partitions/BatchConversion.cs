using Loire.Coordination.Partitions;
using Loire.Grains.Interfaces.Partitions;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Partitions;

/// <summary>
/// Decodes the records of an append where settings of the topic require it: checks keys (<c>cleanup.policy</c>), and stores batches in the
/// topic's codec (<c>compression.type</c>). Pure, so that it can run outside the partition's turns.
/// </summary>
internal static class BatchConversion
{
    /// <summary>Bytes of uncompressed batches whose keys are checked within a turn: some tens of microseconds.</summary>
    private const int InTurnBytes = 64 * 1024;

    /// <summary>Bytes that the batches of one append decompress to, which bounds the time that its conversion takes.</summary>
    private const long MaxDecompressedBytes = 4L * Limits.BatchBytes;

    /// <summary>Whether an append must be converted; if not, <see cref="CheckKeys"/> suffices.</summary>
    public static bool IsNeeded(in AppendBatches batches, in PartitionSettings settings)
    {
        if (settings is { Compression: null, RequiresKeys: false })
        {
            return false;
        }

        if (settings.RequiresKeys && batches.Length > InTurnBytes)
        {
            return true;
        }

        foreach (var piece in batches.Pieces)
        {
            if (IsNeeded(piece.Span, settings))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNeeded(ReadOnlySpan<byte> bytes, in PartitionSettings settings)
    {
        // What cannot be read is refused by the checks that follow.
        for (; RecordBatch.TryRead(bytes, out var batch) == ErrorCode.None; bytes = bytes[batch.SizeInBytes..])
        {
            if (batch.RecordCount > 0
                && ((settings.Compression ?? batch.Compression) != batch.Compression
                    || (settings.RequiresKeys && batch.Compression != CompressionType.None)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Checks the keys of uncompressed batches.</summary>
    /// <param name="batches">Validated batches.</param>
    /// <param name="settings">The settings of the topic.</param>
    /// <param name="detail">Human-readable reason for a refusal; null if there is none.</param>
    public static ErrorCode CheckKeys(ReadOnlySpan<BatchToAppend> batches, in PartitionSettings settings, out string? detail)
    {
        foreach (var appended in batches)
        {
            RecordBatch.TryRead(appended.Bytes.Span, out var batch);
            if (ProduceRules.CheckRecords(batch, batch.Payload, settings, out detail) is not ErrorCode.None and var error)
            {
                return error;
            }
        }

        detail = null;
        return ErrorCode.None;
    }

    /// <summary>Checks and converts an append.</summary>
    /// <param name="batches">One or more batches as they arrived.</param>
    /// <param name="settings">The settings of the topic.</param>
    /// <param name="now">The broker's time.</param>
    /// <param name="hasTransaction">Whether the append names a transactional id.</param>
    public static ConvertedAppend Convert(AppendBatches batches, PartitionSettings settings, Timestamp now, bool hasTransaction)
    {
        var read = new ProducedBatches();
        if (read.TryRead(batches, settings, now, hasTransaction, out var detail) is not ErrorCode.None and var refused)
        {
            return new ConvertedAppend(refused, detail);
        }

        using var decompressor = new BatchDecompressor();
        var (converted, size, decompressed) = (new List<ReadOnlyMemory<byte>>(), 0L, 0L);
        var newBytes = 0L;
        foreach (var appended in read.Batches)
        {
            RecordBatch.TryRead(appended.Bytes.Span, out var batch);
            if (decompressor.TryDecompress(batch, out var records) is not ErrorCode.None and var corrupt)
            {
                return corrupt == ErrorCode.MessageTooLarge
                    ? new ConvertedAppend(corrupt, $"The records of a batch decompress to more than {Limits.BatchBytes} bytes.")
                    : new ConvertedAppend(ErrorCode.InvalidRecord, "The records of a batch cannot be decompressed.");
            }

            if (ProduceRules.CheckRecords(batch, records, settings, out detail) is not ErrorCode.None and var invalid)
            {
                return new ConvertedAppend(invalid, detail);
            }

            var result = appended.Bytes;
            if (settings.Compression is { } codec && codec != batch.Compression
                && BatchRecompression.TryRecompress(batch, records, codec, settings.MaxMessageBytes, out result) is not ErrorCode.None and var large)
            {
                return new ConvertedAppend(large, "In the topic's codec, a batch is larger than max.message.bytes allows.");
            }

            converted.Add(result);
            newBytes += result.Equals(appended.Bytes) ? 0 : result.Length;
            (size, decompressed) = (size + result.Length, decompressed + records.Length);
            if (size > Limits.AppendBytes || decompressed > MaxDecompressedBytes)
            {
                return new ConvertedAppend(
                    ErrorCode.RecordListTooLarge, "The batches of the append are too large together once they are converted.");
            }
        }

        return new ConvertedAppend(ErrorCode.None, null, new AppendBatches([.. converted]), newBytes);
    }
}

/// <summary>The outcome of a conversion.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the append is refused.</param>
/// <param name="Detail">Human-readable reason; null without an error.</param>
/// <param name="Batches">The batches to append; empty with an error.</param>
/// <param name="NewBytes">How many bytes of them are not in the memory of the append.</param>
internal readonly record struct ConvertedAppend(ErrorCode Error, string? Detail, AppendBatches Batches = default, long NewBytes = 0);
