using System.Buffers.Binary;
using System.Text;

namespace Loire.Client.Avro;

/// <summary>
/// The CRC-64-AVRO (a Rabin fingerprint) of a schema's canonical form: the short name of a schema in single-object encoding.
/// </summary>
/// <param name="Value">The 64 bits.</param>
public readonly record struct AvroFingerprint(ulong Value)
{
    /// <summary>Bytes of a fingerprint in data.</summary>
    internal const int Size = sizeof(ulong);

    private const ulong Empty = 0xC15D213AA4D7A795;

    private static readonly ulong[] Table = MakeTable();

    /// <summary>16 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x16");

    internal static AvroFingerprint Of(string canonicalForm)
    {
        var crc = Empty;
        foreach (var octet in Encoding.UTF8.GetBytes(canonicalForm))
        {
            crc = (crc >> 8) ^ Table[(byte)(crc ^ octet)];
        }

        return new AvroFingerprint(crc);
    }

    internal static AvroFingerprint Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt64LittleEndian(bytes));

    internal void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt64LittleEndian(destination, Value);

    private static ulong[] MakeTable()
    {
        var table = new ulong[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : Empty);
            }

            table[i] = crc;
        }

        return table;
    }
}
