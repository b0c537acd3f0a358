using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Loire.Kafka.Protocol.Wire;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Kafka.Handlers.Producing;

/// <summary>
/// What is checked of a batch before it is sent to its partition: that it is one, and that its records can be read, so that nothing unreadable is acknowledged. The
/// partition, which decodes no records, checks the rest. Like Kafka, the records are counted; unlike it, what cannot be decompressed is an invalid record and not an
/// unknown error.
/// </summary>
internal readonly struct BatchCheck
{
    // Base offset and length, then the epoch of the leader and the format.
    private const int PrefixBytes = 12;
    private const int MagicAt = 16;
    private const int LeastOfAnyFormat = 14;
    private const int CrcAt = 17;
    private const int AttributesAt = 21;

    private BatchCheck(ErrorCode error, string? problem) => (Error, Problem) = (error, problem);

    private BatchCheck(ReadOnlyMemory<byte> bytes, RecordBatch batch) =>
        (Bytes, RecordsCount, IsTransactional) = (bytes, batch.RecordCount, batch.IsTransactional);

    /// <summary><see cref="ErrorCode.None"/>, or why the batch is refused.</summary>
    public ErrorCode Error { get; }

    /// <summary>More about the error; null without one.</summary>
    public string? Problem { get; }

    /// <summary>The batch, in memory that the partition may own; empty with an error.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The number of its records.</summary>
    public int RecordsCount { get; }

    /// <summary>Whether it belongs to a transaction.</summary>
    public bool IsTransactional { get; private init; }

    /// <summary>Checks the records of one partition.</summary>
    /// <param name="records">Exactly one batch is accepted.</param>
    /// <param name="version">The version of the request.</param>
    /// <param name="decompressor">Decompresses the records.</param>
    public static BatchCheck Of(RecordBytes records, short version, BatchDecompressor decompressor)
    {
        var bytes = records.ToMemory();
        var span = bytes.Span;
        if (span.Length <= MagicAt)
        {
            return new(ErrorCode.InvalidRecord, "There is no batch.");
        }

        var size = (long)BinaryPrimitives.ReadInt32BigEndian(span[8..]) + PrefixBytes;
        if (size < PrefixBytes + LeastOfAnyFormat || span[MagicAt] > 2)
        {
            return new(ErrorCode.CorruptMessage, "The batch has an impossible length or an unknown format.");
        }

        if (span[MagicAt] < 2)
        {
            return new(ErrorCode.InvalidRecord, "Only record batches of format 2 are accepted.");
        }

        if (size != span.Length)
        {
            return new(ErrorCode.InvalidRecord, "A partition gets exactly one whole batch.");
        }

        var error = RecordBatch.TryRead(span, out var batch);
        if (error != ErrorCode.None)
        {
            // What arrived as it was sent is no corruption, which clients would answer with the same bytes.
            return error != ErrorCode.CorruptMessage ? new(error, "The codec is unknown, or the batch is too large.")
                : size < RecordBatch.HeaderSize || Crc32C.Compute(span[AttributesAt..]) != BinaryPrimitives.ReadUInt32BigEndian(span[CrcAt..])
                    ? new(error, "The checksum is wrong.")
                : new(ErrorCode.InvalidRecord, "The number of records does not fit the offsets.");
        }

        if (!batch.CrcIsValid())
        {
            return new(ErrorCode.CorruptMessage, "The checksum is wrong.");
        }

        return FindProblem(batch, version, decompressor) is var (refusal, problem) && refusal != ErrorCode.None
            ? new(refusal, problem) { IsTransactional = batch.IsTransactional }
            : new(Own(bytes), batch);
    }

    /// <summary>
    /// The log may keep the memory of a batch, and with it the whole frame. So a batch that is only a small part of its frame is copied.
    /// </summary>
    private static ReadOnlyMemory<byte> Own(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var frame) && bytes.Length >= frame.Array!.Length / 4 * 3 ? bytes : bytes.ToArray();

    private static (ErrorCode Error, string? Problem) FindProblem(RecordBatch batch, short version, BatchDecompressor decompressor)
    {
        if (batch.Compression == CompressionType.Zstd && version < ProduceVersions.FirstWithZstd)
        {
            return (ErrorCode.UnsupportedCompressionType, "zstd needs version 7 of Produce.");
        }

        if (batch.RecordCount < 1 || batch.BaseOffset != Offset.Zero)
        {
            return (ErrorCode.InvalidRecord, "A batch has at least one record, and its offsets begin with 0.");
        }

        var error = decompressor.TryDecompress(batch, out var records);
        return error == ErrorCode.None && RecordReader.Check(batch, records) == ErrorCode.None ? (ErrorCode.None, null)
            : error == ErrorCode.MessageTooLarge ? (error, $"The records of the batch decompress to more than {Limits.BatchBytes} bytes.")
            : (ErrorCode.InvalidRecord, "The records of the batch cannot be read, or are not as many as its header says.");
    }
}
