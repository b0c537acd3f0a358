using System.Buffers.Binary;

namespace Loire.Client.Avro;

/// <summary>
/// A length of time as calendars count it. The three parts do not follow from each other: a month has no fixed number of days.
/// </summary>
/// <param name="Months">Months.</param>
/// <param name="Days">Days.</param>
/// <param name="Milliseconds">Milliseconds.</param>
public readonly record struct AvroDuration(uint Months, uint Days, uint Milliseconds)
{
    internal const int Size = 3 * sizeof(uint);

    internal static AvroDuration Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));

    internal byte[] ToBytes()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Months);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Days);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Milliseconds);
        return bytes;
    }
}
