using System.Buffers.Binary;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>
/// The fields of a stored batch that the log needs to step from one batch to the next and to find one by offset or time. The header of a
/// batch may span two pieces.
/// </summary>
/// <param name="BodyAt">Where the batch begins in the body.</param>
/// <param name="SizeInBytes">Bytes of header and records.</param>
/// <param name="BaseOffset">The offset of its first record.</param>
/// <param name="NextOffset">The offset after its last record.</param>
/// <param name="MaxTimestamp">The greatest timestamp of its records.</param>
internal readonly record struct StoredBatch(int BodyAt, int SizeInBytes, Offset BaseOffset, Offset NextOffset, Timestamp MaxTimestamp)
{
    private const int BytesLookedAt = BatchLayout.MaxTimestamp + 8;

    /// <summary>Where the next batch begins in the body.</summary>
    public int BodyEnd => BodyAt + SizeInBytes;

    /// <summary>
    /// Whether the header describes exactly these bytes and this number of offsets, as stepping over stored batches requires.
    /// </summary>
    public static bool Describes(ReadOnlySpan<byte> batch, int offsetCount) =>
        batch.Length >= RecordBatch.HeaderSize
        && BinaryPrimitives.ReadInt32BigEndian(batch[BatchLayout.Length..]) == batch.Length - BatchLayout.LeaderEpoch
        && BinaryPrimitives.ReadInt32BigEndian(batch[BatchLayout.LastOffsetDelta..]) == offsetCount - 1;

    /// <summary>
    /// Whether <paramref name="batch"/> is one whole batch that can take this one's place: with the same first and last offset.
    /// </summary>
    public bool IsReplaceableBy(ReadOnlySpan<byte> batch) =>
        Describes(batch, checked((int)(NextOffset - BaseOffset)))
        && BinaryPrimitives.ReadInt64BigEndian(batch[BatchLayout.BaseOffset..]) == BaseOffset.Value;

    /// <summary>The greatest timestamp that the header of a batch states.</summary>
    public static Timestamp MaxTimestampOf(ReadOnlySpan<byte> batch) =>
        new(BinaryPrimitives.ReadInt64BigEndian(batch[BatchLayout.MaxTimestamp..]));

    /// <summary>Reads the batch at <paramref name="bodyAt"/> of a verified body.</summary>
    public static StoredBatch Read(LogObject source, int bodyAt)
    {
        Invariant.Check(TryRead(source, bodyAt, out var batch), "a body with the right checksum is made of whole batches");
        return batch;
    }

    /// <summary>Reads the batch at <paramref name="bodyAt"/>; false if it is incomplete.</summary>
    public static bool TryRead(LogObject source, int bodyAt, out StoredBatch batch)
    {
        Span<byte> header = stackalloc byte[BytesLookedAt];
        batch = default;
        if (!source.TryCopy(bodyAt, header))
        {
            return false;
        }

        var size = BinaryPrimitives.ReadInt32BigEndian(header[BatchLayout.Length..]) + (long)BatchLayout.LeaderEpoch;
        var from = BinaryPrimitives.ReadInt64BigEndian(header[BatchLayout.BaseOffset..]);
        var delta = BinaryPrimitives.ReadInt32BigEndian(header[BatchLayout.LastOffsetDelta..]);
        if (size < RecordBatch.HeaderSize || size > source.Header.BodyBytes - bodyAt
            || delta < 0 || from < 0 || from > long.MaxValue - delta - 1)
        {
            return false;
        }

        batch = new StoredBatch(bodyAt, (int)size, new Offset(from), new Offset(from + delta + 1), MaxTimestampOf(header));
        return true;
    }
}
