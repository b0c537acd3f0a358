using System.Buffers.Binary;
using Loire.Model.Transactions;
using static Loire.Model.Batches.BatchLayout;

namespace Loire.Model.Batches;

/// <summary>
/// A view over exactly one record batch, whose layout is drawn in <see cref="BatchLayout"/>. It exists only over a complete batch with a
/// valid header, so its properties never fail; only <see cref="CrcIsValid"/> verifies that the bytes are those that the producer sent.
/// </summary>
public readonly ref struct RecordBatch
{
    /// <summary>The size of the header, in bytes.</summary>
    public const int HeaderSize = Records;

    /// <summary>The size of the prefix that the broker writes, in bytes: base offset, length, leader epoch. The CRC excludes it.</summary>
    public const int StampSize = Magic;

    private readonly ReadOnlySpan<byte> _bytes;

    private RecordBatch(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The whole batch.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The size of header and records, in bytes.</summary>
    public int SizeInBytes => _bytes.Length;

    /// <summary>The offset of the first record; before a broker stamps the batch, the producer's value, usually 0.</summary>
    public Offset BaseOffset => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchLayout.BaseOffset..]));

    /// <summary>The epoch of the leader that appended the batch.</summary>
    public LeaderEpoch LeaderEpoch => new(BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchLayout.LeaderEpoch..]));

    /// <summary>The checksum that the batch states.</summary>
    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_bytes[BatchLayout.Crc..]);

    /// <summary>How the records are compressed.</summary>
    public CompressionType Compression => (CompressionType)(Attributes & CodecMask);

    /// <summary>Whether the timestamps are the producer's or the broker's.</summary>
    public TimestampType TimestampType =>
        (Attributes & LogAppendTimeBit) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    /// <summary>Whether the batch belongs to a transaction.</summary>
    public bool IsTransactional => (Attributes & TransactionalBit) != 0;

    /// <summary>Whether the batch holds a broker's marker instead of a client's records.</summary>
    public bool IsControl => (Attributes & ControlBit) != 0;

    /// <summary>The time of the first record; the greatest time where the batch does not tell.</summary>
    public Timestamp FirstTimestamp =>
        TimestampType == TimestampType.CreateTime && DeleteHorizon is null ? BaseTimestamp : MaxTimestamp;

    /// <summary>From when on compaction removes the records without a value (KIP-534); null if that has not been decided.</summary>
    public Timestamp? DeleteHorizon => (Attributes & DeleteHorizonBit) != 0 ? BaseTimestamp : null;

    /// <summary>The last offset minus <see cref="BaseOffset"/>; at least 0.</summary>
    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchLayout.LastOffsetDelta..]);

    /// <summary>The last offset that the batch occupies.</summary>
    public Offset LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset after the batch.</summary>
    public Offset NextOffset => LastOffset + 1;

    /// <summary>The first record's timestamp, to which the others are relative. Not validated; may be any value.</summary>
    public Timestamp BaseTimestamp => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchLayout.BaseTimestamp..]));

    /// <summary>The greatest timestamp in the batch. Not validated; may be any value.</summary>
    public Timestamp MaxTimestamp => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchLayout.MaxTimestamp..]));

    /// <summary>The idempotent producer's id, or −1.</summary>
    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchLayout.ProducerId..]);

    /// <summary>The idempotent producer's epoch; meaningless without a producer id.</summary>
    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[BatchLayout.ProducerEpoch..]);

    /// <summary>The sequence number of the first record; meaningless without a producer id.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchLayout.BaseSequence..]);

    /// <summary>The number of records that the header states: 0 to <see cref="LastOffsetDelta"/> + 1. Not verified.</summary>
    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(_bytes[Count..]);

    /// <summary>The records, compressed with <see cref="Compression"/>.</summary>
    public ReadOnlySpan<byte> Payload => _bytes[HeaderSize..];

    /// <summary>A view over a header that was checked before.</summary>
    internal static RecordBatch OfHeader(ReadOnlySpan<byte> header) => new(header);

    internal int Attributes => BinaryPrimitives.ReadUInt16BigEndian(_bytes[BatchLayout.Attributes..]);

    /// <summary>
    /// Reads the batch at the front of <paramref name="buffer"/>; the next one starts after its <see cref="SizeInBytes"/>.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.CorruptMessage"/> if the batch is incomplete or its header is inconsistent;
    /// <see cref="ErrorCode.UnsupportedForMessageFormat"/> if its format is older than 2;
    /// <see cref="ErrorCode.UnsupportedCompressionType"/> if its codec is unknown; <see cref="ErrorCode.MessageTooLarge"/> beyond
    /// <see cref="Limits.BatchBytes"/>. Does not verify the checksum.
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
    /// Reads the batch at the front of <paramref name="buffer"/> and performs a broker's checks of a batch from a client, using header and
    /// checksum only: the records are not decoded.
    /// </summary>
    /// <param name="buffer">One or more whole batches.</param>
    /// <param name="maxBytes">The topic's <c>max.message.bytes</c>.</param>
    /// <param name="batch">The batch, if there is no error.</param>
    /// <param name="problem">Human-readable reason for the error; null without an error.</param>
    /// <returns>
    /// The errors of <see cref="TryRead"/>, and <see cref="ErrorCode.CorruptMessage"/> for a wrong checksum;
    /// <see cref="ErrorCode.MessageTooLarge"/> beyond <paramref name="maxBytes"/>; <see cref="ErrorCode.InvalidTimestamp"/>;
    /// <see cref="ErrorCode.InvalidRecord"/> for anything else that a client must not send.
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

    /// <summary>Whether the checksum matches the bytes that it covers, from the attributes to the end.</summary>
    public bool CrcIsValid() => Crc32C.Compute(_bytes[BatchLayout.Attributes..]) == Crc;

    /// <summary>
    /// Writes the first <see cref="StampSize"/> bytes of a stamped copy of <paramref name="batch"/>. The rest of the copy is the batch's
    /// own bytes from <see cref="StampSize"/> on, so only the stamp is written and the producer's memory is not modified.
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

    /// <summary>Makes a batch that of an idempotent producer, or of none, in place, and renews its checksum.</summary>
    /// <param name="batch">One whole batch, in memory that nobody else reads.</param>
    /// <param name="producer">The producer; <see cref="ProducerIdentity.None"/> for a batch without one.</param>
    /// <param name="baseSequence">The sequence of its first record; −1 without a producer.</param>
    public static void SetProducer(Span<byte> batch, ProducerIdentity producer, int baseSequence)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchLayout.ProducerId..], producer.Id);
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchLayout.ProducerEpoch..], producer.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLayout.BaseSequence..], baseSequence);
        BinaryPrimitives.WriteUInt32BigEndian(batch[BatchLayout.Crc..], Crc32C.Compute(batch[BatchLayout.Attributes..]));
    }

    /// <summary>
    /// Writes the header, <see cref="HeaderSize"/> bytes, of a stamped copy of <paramref name="batch"/> in which all records have the time
    /// <paramref name="logAppendTime"/>. The rest of the copy is the batch's own bytes from <see cref="HeaderSize"/> on.
    /// </summary>
    /// <remarks>
    /// The new checksum is derived from the old one, not from the records, so the cost does not depend on the batch's size and a corrupt
    /// batch does not become valid.
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

        // A CRC is linear: the effect of a header change on it depends on the change and the number of bytes that follow, not on their
        // values.
        var covered = BatchLayout.Attributes..HeaderSize;
        var change = Crc32C.Compute(batch[covered]) ^ Crc32C.Compute(destination[covered]);
        var crc = BinaryPrimitives.ReadUInt32BigEndian(batch[BatchLayout.Crc..]);
        BinaryPrimitives.WriteUInt32BigEndian(destination[BatchLayout.Crc..], Crc32C.Combine(change, crc, batch.Length - HeaderSize));
    }
}
