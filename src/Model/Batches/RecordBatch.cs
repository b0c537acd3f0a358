using System.Buffers.Binary;
using static Loire.Model.Batches.BatchLayout;

namespace Loire.Model.Batches;

/// <summary>
/// A view over exactly one record batch, whose layout is drawn in <see cref="BatchLayout"/>. It exists only over bytes that hold a whole
/// batch with a sane header, so its properties never fail; whether the bytes are those that the producer sent, only
/// <see cref="CrcIsValid"/> says.
/// </summary>
public readonly ref struct RecordBatch
{
    /// <summary>Bytes before the records.</summary>
    public const int HeaderSize = Records;

    /// <summary>The bytes at the front that the broker writes: base offset, length, leader epoch. The CRC does not cover them.</summary>
    public const int StampSize = Magic;

    private readonly ReadOnlySpan<byte> _bytes;

    private RecordBatch(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The whole batch.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Header and records.</summary>
    public int SizeInBytes => _bytes.Length;

    /// <summary>The offset of the first record; whatever the producer wrote, usually 0, in a batch that no broker has stamped.</summary>
    public Offset BaseOffset => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchLayout.BaseOffset..]));

    /// <summary>The epoch of the leader that appended the batch.</summary>
    public LeaderEpoch LeaderEpoch => new(BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchLayout.LeaderEpoch..]));

    /// <summary>The checksum as the batch states it.</summary>
    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_bytes[BatchLayout.Crc..]);

    /// <summary>How the records are compressed.</summary>
    public CompressionType Compression => (CompressionType)(Attributes & CodecMask);

    /// <summary>Whose time the timestamps are.</summary>
    public TimestampType TimestampType =>
        (Attributes & LogAppendTimeBit) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    /// <summary>Whether the batch belongs to a transaction.</summary>
    public bool IsTransactional => (Attributes & TransactionalBit) != 0;

    /// <summary>Whether the batch holds a marker of the broker instead of a client's records.</summary>
    public bool IsControl => (Attributes & ControlBit) != 0;

    /// <summary>The last offset less <see cref="BaseOffset"/>; at least 0.</summary>
    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchLayout.LastOffsetDelta..]);

    /// <summary>The last offset that the batch takes up.</summary>
    public Offset LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset after the batch.</summary>
    public Offset NextOffset => LastOffset + 1;

    /// <summary>The timestamp to which those of the records are relative: the first record's. Not checked: any value.</summary>
    public Timestamp BaseTimestamp => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchLayout.BaseTimestamp..]));

    /// <summary>The greatest timestamp in the batch. Not checked: any value.</summary>
    public Timestamp MaxTimestamp => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchLayout.MaxTimestamp..]));

    /// <summary>The idempotent producer's id, or −1.</summary>
    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchLayout.ProducerId..]);

    /// <summary>The idempotent producer's epoch. Without a producer id it means nothing.</summary>
    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[BatchLayout.ProducerEpoch..]);

    /// <summary>The sequence number of the first record. Without a producer id it means nothing.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchLayout.BaseSequence..]);

    /// <summary>How many records the batch states to hold: 0 to <see cref="LastOffsetDelta"/> + 1. Nobody has counted them.</summary>
    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(_bytes[Count..]);

    /// <summary>The records, compressed as <see cref="Compression"/> says.</summary>
    public ReadOnlySpan<byte> Payload => _bytes[HeaderSize..];

    internal int Attributes => BinaryPrimitives.ReadUInt16BigEndian(_bytes[BatchLayout.Attributes..]);

    /// <summary>
    /// Reads the batch at the front of <paramref name="buffer"/>; its <see cref="SizeInBytes"/> says where the next one starts.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.CorruptMessage"/> if there is no whole batch or its header contradicts itself;
    /// <see cref="ErrorCode.UnsupportedForMessageFormat"/> if its format is older than 2;
    /// <see cref="ErrorCode.UnsupportedCompressionType"/> if its codec is unknown; <see cref="ErrorCode.MessageTooLarge"/> beyond
    /// <see cref="Limits.BatchBytes"/>. The checksum is not looked at.
    /// </returns>
    public static ErrorCode TryRead(ReadOnlySpan<byte> buffer, out RecordBatch batch)
    {
        var error = BatchChecks.Frame(buffer, Limits.BatchBytes, out var size, out _);
        batch = error == ErrorCode.None ? new RecordBatch(buffer[..size]) : default;
        if (error == ErrorCode.None)
        {
            error = BatchChecks.Header(batch, out _);
        }

        if (error != ErrorCode.None)
        {
            batch = default;
        }

        return error;
    }

    /// <summary>
    /// Reads the batch at the front of <paramref name="buffer"/> and checks everything that a broker must check of a batch from a client,
    /// by header and checksum alone: the records are not decoded.
    /// </summary>
    /// <param name="buffer">One or more whole batches.</param>
    /// <param name="maxBytes">The topic's <c>max.message.bytes</c>.</param>
    /// <param name="batch">The batch, if there is no error.</param>
    /// <param name="problem">What is wrong, in one sentence for a person; null if nothing is.</param>
    /// <returns>
    /// What <see cref="TryRead"/> returns, and <see cref="ErrorCode.CorruptMessage"/> for a wrong checksum;
    /// <see cref="ErrorCode.MessageTooLarge"/> beyond <paramref name="maxBytes"/>; <see cref="ErrorCode.InvalidTimestamp"/>;
    /// <see cref="ErrorCode.InvalidRecord"/> for anything else that a client may not send.
    /// </returns>
    public static ErrorCode TryReadProduced(ReadOnlySpan<byte> buffer, int maxBytes, out RecordBatch batch, out string? problem)
    {
        batch = default;
        var error = BatchChecks.Frame(buffer, Math.Min(maxBytes, Limits.BatchBytes), out var size, out problem);
        if (error != ErrorCode.None)
        {
            return error;
        }

        var read = new RecordBatch(buffer[..size]);
        error = BatchChecks.Produced(read, out problem);
        if (error == ErrorCode.None)
        {
            batch = read;
        }

        return error;
    }

    /// <summary>Whether the checksum fits the bytes that it covers: all from the attributes on.</summary>
    public bool CrcIsValid() => Crc32C.Compute(_bytes[BatchLayout.Attributes..]) == Crc;

    /// <summary>
    /// Writes the first <see cref="StampSize"/> bytes of a stamped copy of <paramref name="batch"/>. The rest of the copy are the batch's
    /// own bytes from <see cref="StampSize"/> on, so nothing but the stamp needs to be written anew and the producer's memory stays as it
    /// is.
    /// </summary>
    /// <param name="batch">One whole batch.</param>
    /// <param name="baseOffset">The offset of its first record.</param>
    /// <param name="epoch">The epoch of the leader that appends it.</param>
    /// <param name="destination">At least <see cref="StampSize"/> bytes.</param>
    public static void Stamp(ReadOnlySpan<byte> batch, Offset baseOffset, LeaderEpoch epoch, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination[BatchLayout.BaseOffset..], baseOffset.Value);
        batch[Length..BatchLayout.LeaderEpoch].CopyTo(destination[Length..]);
        BinaryPrimitives.WriteInt32BigEndian(destination[BatchLayout.LeaderEpoch..], epoch.Value);
    }

    /// <summary>
    /// Writes the whole header, <see cref="HeaderSize"/> bytes, of a copy of <paramref name="batch"/> that is stamped and gives all its
    /// records the time <paramref name="logAppendTime"/>. The rest of the copy are the batch's own bytes from <see cref="HeaderSize"/>
    /// on.
    /// </summary>
    /// <remarks>
    /// The new checksum is derived from the old one, not from the records. So it takes the same time for any size, and a batch that was
    /// damaged does not become valid by it.
    /// </remarks>
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
        var attributes = BinaryPrimitives.ReadUInt16BigEndian(batch[BatchLayout.Attributes..]) | LogAppendTimeBit;
        BinaryPrimitives.WriteUInt16BigEndian(destination[BatchLayout.Attributes..], (ushort)attributes);
        BinaryPrimitives.WriteInt64BigEndian(destination[BatchLayout.MaxTimestamp..], logAppendTime.Milliseconds);

        // A CRC is linear: what the change of the header does to it depends on the change and on how many bytes follow, not on these bytes.
        var covered = BatchLayout.Attributes..HeaderSize;
        var change = Crc32C.Compute(batch[covered]) ^ Crc32C.Compute(destination[covered]);
        var crc = BinaryPrimitives.ReadUInt32BigEndian(batch[BatchLayout.Crc..]);
        BinaryPrimitives.WriteUInt32BigEndian(destination[BatchLayout.Crc..], Crc32C.Combine(change, crc, batch.Length - HeaderSize));
    }
}
