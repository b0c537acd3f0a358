using System.Buffers.Binary;
using Loire.Model.Batches;

namespace Loire.Model.Tests.Batches;

/// <summary>Batches as a client with bad intentions makes them: any bytes, with length and checksum that fit.</summary>
internal static class HostileBatch
{
    public const int Attributes = 21;
    public const int LastOffsetDelta = 23;
    public const int BaseTimestamp = 27;
    public const int MaxTimestamp = 35;
    public const int ProducerId = 43;
    public const int ProducerEpoch = 51;
    public const int BaseSequence = 53;
    public const int Count = 57;

    /// <summary>A batch whose payload is <paramref name="payload"/>, stated to be <paramref name="count"/> records.</summary>
    public static byte[] Of(ReadOnlySpan<byte> payload, CompressionType compression = CompressionType.None, int count = 1)
    {
        var batch = new byte[61 + payload.Length];
        payload.CopyTo(batch.AsSpan(61));
        batch[16] = 2;
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(Attributes), (short)compression);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(LastOffsetDelta), count - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(ProducerId), -1);
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(ProducerEpoch), -1);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(BaseSequence), -1);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(Count), count);
        FixLength(batch);
        FixCrc(batch);
        return batch;
    }

    public static void FixLength(Span<byte> batch) => BinaryPrimitives.WriteInt32BigEndian(batch[8..], batch.Length - 12);

    public static void FixCrc(Span<byte> batch) => BinaryPrimitives.WriteUInt32BigEndian(batch[17..], Crc32C.Compute(batch[21..]));
}
