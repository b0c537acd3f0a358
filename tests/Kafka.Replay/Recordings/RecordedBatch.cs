using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Recordings;

/// <summary>What is compared of a record batch.</summary>
/// <param name="BaseOffset">The offset of its first record.</param>
/// <param name="LastOffsetDelta">How far after it the last one lies.</param>
/// <param name="Attributes">Codec, kind of timestamp, transaction, control.</param>
/// <param name="Count">How many records it has.</param>
/// <param name="Epoch">The epoch of its producer.</param>
/// <param name="Sequence">The sequence of its first record.</param>
/// <param name="Crc">Its checksum; 0 where it covers what a broker chooses: a producer's id, or a time.</param>
internal readonly record struct RecordedBatch(
    long BaseOffset, int LastOffsetDelta, short Attributes, int Count, short Epoch, int Sequence, uint Crc)
{
    private const int HeaderSize = 61;
    private const int ControlOrAppendTime = 0x28;

    /// <summary>The batches in a field of records, which may end within one.</summary>
    public static List<RecordedBatch> Read(JsonNode? records)
    {
        var batches = new List<RecordedBatch>();
        var bytes = Convert.FromBase64String(records?.GetValue<string>() ?? "").AsSpan();
        while (bytes.Length >= HeaderSize)
        {
            var attributes = BinaryPrimitives.ReadInt16BigEndian(bytes[21..]);
            var isFixed = BinaryPrimitives.ReadInt64BigEndian(bytes[43..]) < 0 && (attributes & ControlOrAppendTime) == 0;
            batches.Add(new RecordedBatch(
                BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt32BigEndian(bytes[23..]), attributes,
                BinaryPrimitives.ReadInt32BigEndian(bytes[57..]), BinaryPrimitives.ReadInt16BigEndian(bytes[51..]),
                BinaryPrimitives.ReadInt32BigEndian(bytes[53..]), isFixed ? BinaryPrimitives.ReadUInt32BigEndian(bytes[17..]) : 0));
            bytes = bytes[Math.Min(bytes.Length, 12 + BinaryPrimitives.ReadInt32BigEndian(bytes[8..]))..];
        }

        return batches;
    }
}
