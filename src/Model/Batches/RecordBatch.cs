using System.Buffers.Binary;

namespace Loire.Model.Batches;

/// <summary>A view over exactly one record batch.</summary>
public readonly ref struct RecordBatch
{
    /// <summary>Bytes before the records.</summary>
    public const int HeaderSize = 61;

    /// <summary>The bytes at the front that a broker writes: base offset, length, leader epoch. The CRC does not cover them.</summary>
    public const int StampSize = 16;

    private readonly ReadOnlySpan<byte> _bytes;

    private RecordBatch(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The whole batch.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Header and records.</summary>
    public int SizeInBytes => _bytes.Length;

    /// <summary>The offset of the first record; 0 in a batch that no broker has stamped yet.</summary>
    public Offset BaseOffset => new(BinaryPrimitives.ReadInt64BigEndian(_bytes));

    /// <summary>The epoch of the leader that appended the batch.</summary>
    public LeaderEpoch LeaderEpoch => new(BinaryPrimitives.ReadInt32BigEndian(_bytes[12..]));

    /// <summary>The checksum as the batch states it.</summary>
    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_bytes[17..]);

    private short Attributes => BinaryPrimitives.ReadInt16BigEndian(_bytes[21..]);

    /// <summary>How the records are compressed.</summary>
    public CompressionType Compression => (CompressionType)(Attributes & 7);

    /// <summary>Whose time the timestamps are.</summary>
    public TimestampType TimestampType => (Attributes & 8) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    /// <summary>Whether the batch belongs to a transaction.</summary>
    public bool IsTransactional => (Attributes & 16) != 0;

    /// <summary>Whether the batch holds a marker of the broker instead of records.</summary>
    public bool IsControl => (Attributes & 32) != 0;

    /// <summary>The last record's offset less <see cref="BaseOffset"/>.</summary>
    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_bytes[23..]);

    /// <summary>The offset of the last record.</summary>
    public Offset LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset after the last record.</summary>
    public Offset NextOffset => BaseOffset + LastOffsetDelta + 1;

    /// <summary>The timestamp of the first record.</summary>
    public Timestamp BaseTimestamp => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[27..]));

    /// <summary>The greatest timestamp in the batch.</summary>
    public Timestamp MaxTimestamp => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[35..]));

    /// <summary>The idempotent producer's id, or −1.</summary>
    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(_bytes[43..]);

    /// <summary>The idempotent producer's epoch, or −1.</summary>
    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[51..]);

    /// <summary>The sequence number of the first record, or −1.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_bytes[53..]);

    /// <summary>How many records the batch states to hold.</summary>
    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(_bytes[57..]);

    /// <summary>The records, compressed as <see cref="Compression"/> says.</summary>
    public ReadOnlySpan<byte> Payload => _bytes[HeaderSize..];

    /// <summary>Reads the batch at the front of <paramref name="buffer"/>; its <see cref="SizeInBytes"/> says where the next one starts.</summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.CorruptMessage"/> if there is no whole batch; <see cref="ErrorCode.UnsupportedForMessageFormat"/>
    /// if its format is older than 2; <see cref="ErrorCode.MessageTooLarge"/> beyond <see cref="Limits.BatchBytes"/>. The checksum is not looked at.
    /// </returns>
    public static ErrorCode TryRead(ReadOnlySpan<byte> buffer, out RecordBatch batch)
    {
        batch = default;
        if (buffer.Length < HeaderSize)
        {
            return ErrorCode.CorruptMessage;
        }

        if (buffer[16] != 2)
        {
            return ErrorCode.UnsupportedForMessageFormat;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(buffer[8..]);
        if (length < HeaderSize - 12 || length > buffer.Length - 12)
        {
            return ErrorCode.CorruptMessage;
        }

        batch = new RecordBatch(buffer[..(12 + length)]);
        return ErrorCode.None;
    }

    /// <summary>
    /// Reads the batch at the front of <paramref name="buffer"/> and checks everything that a broker must check of a batch from a client, by its header
    /// and checksum alone: the records are not decoded.
    /// </summary>
    /// <param name="buffer">One or more whole batches.</param>
    /// <param name="maxBytes">The topic's <c>max.message.bytes</c>.</param>
    /// <param name="batch">The batch, if there is no error.</param>
    /// <param name="problem">What is wrong, in one sentence; null if nothing is.</param>
    public static ErrorCode TryReadProduced(ReadOnlySpan<byte> buffer, int maxBytes, out RecordBatch batch, out string? problem)
    {
        problem = null;
        var error = TryRead(buffer, out batch);
        if (error == ErrorCode.None && !batch.CrcIsValid())
        {
            problem = "The checksum is wrong.";
            error = ErrorCode.CorruptMessage;
        }

        return error;
    }

    /// <summary>Whether the checksum fits the bytes after it.</summary>
    public bool CrcIsValid() => Crc32C.Compute(_bytes[21..]) == Crc;

    /// <summary>
    /// Writes the first <see cref="StampSize"/> bytes of a stamped copy of <paramref name="batch"/>; the rest of the copy are the batch's own bytes.
    /// </summary>
    /// <param name="batch">One whole batch.</param>
    /// <param name="baseOffset">The offset of its first record.</param>
    /// <param name="epoch">The epoch of the leader that appends it.</param>
    /// <param name="destination">At least <see cref="StampSize"/> bytes.</param>
    public static void Stamp(ReadOnlySpan<byte> batch, Offset baseOffset, LeaderEpoch epoch, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, baseOffset.Value);
        batch.Slice(8, 4).CopyTo(destination[8..]);
        BinaryPrimitives.WriteInt32BigEndian(destination[12..], epoch.Value);
    }

    /// <summary>
    /// Writes the whole header, <see cref="HeaderSize"/> bytes, of a copy of <paramref name="batch"/> that is stamped and whose timestamps are all
    /// <paramref name="logAppendTime"/>; the rest of the copy are the batch's own bytes. The batch's checksum must be valid.
    /// </summary>
    /// <param name="batch">One whole batch.</param>
    /// <param name="baseOffset">The offset of its first record.</param>
    /// <param name="epoch">The epoch of the leader that appends it.</param>
    /// <param name="logAppendTime">The broker's time.</param>
    /// <param name="destination">At least <see cref="HeaderSize"/> bytes.</param>
    public static void Restamp(
        ReadOnlySpan<byte> batch, Offset baseOffset, LeaderEpoch epoch, Timestamp logAppendTime, Span<byte> destination)
    {
        batch[..HeaderSize].CopyTo(destination);
        Stamp(batch, baseOffset, epoch, destination);
        destination[22] |= 8;
        BinaryPrimitives.WriteInt64BigEndian(destination[35..], logAppendTime.Milliseconds);
        var crc = Crc32C.Append(Crc32C.Compute(destination[21..HeaderSize]), batch[HeaderSize..]);
        BinaryPrimitives.WriteUInt32BigEndian(destination[17..], crc);
    }
}
