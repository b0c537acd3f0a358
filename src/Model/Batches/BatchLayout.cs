namespace Loire.Model.Batches;

/// <summary>
/// The layout of a record batch of format 2, byte for byte as in Kafka. Integers are big-endian.
/// <code>
///  0 ┌────────────────────────────┐ ─┐
///    │ base offset              8 │  │
///  8 ├────────────────────────────┤  │ the stamp: the broker's, rewritten by RecordBatch.Stamp
///    │ length of what follows   4 │  │
/// 12 ├────────────────────────────┤  │
///    │ partition leader epoch   4 │  │
/// 16 ├────────────────────────────┤ ─┘
///    │ magic = 2                1 │
/// 17 ├────────────────────────────┤
///    │ CRC-32C of all from 21   4 │
/// 21 ├────────────────────────────┤ ─┐        15 ─ 7 │ 6               │ 5       │ 4             │ 3              │ 2 1 0
///    │ attributes               2 │  │ ─────► unused │ delete horizon  │ control │ transactional │ log append time │ codec
/// 23 ├────────────────────────────┤  │
///    │ last offset delta        4 │  │  at least count - 1; more after compaction, which keeps it
/// 27 ├────────────────────────────┤  │
///    │ base timestamp           8 │  │  with delete horizon: that time, see RecordBatch.DeleteHorizon
/// 35 ├────────────────────────────┤  │
///    │ max timestamp            8 │  │  with log append time: the timestamp of every record
/// 43 ├────────────────────────────┤  │
///    │ producer id              8 │  │  −1 without idempotence, as the next two
/// 51 ├────────────────────────────┤  │
///    │ producer epoch           2 │  │
/// 53 ├────────────────────────────┤  │
///    │ base sequence            4 │  │
/// 57 ├────────────────────────────┤  │
///    │ count                    4 │  │
/// 61 ├────────────────────────────┤  │
///    │ records, compressed      … │  │
///    └────────────────────────────┘ ─┘
///
/// a record   varint length of what follows │ 1 attributes, unused │ varlong timestamp - base timestamp │ varint offset - base offset
///            varint n │ n key │ varint n │ n value │ varint headers │ headers × (varint n │ n key │ varint n │ n value)
///            n = −1 is null; a header's key is never null; varints are zigzag
/// </code>
/// Must change together: <c>RecordBatch.cs</c>, <c>BatchChecks.cs</c>, <c>RecordBatchBuilder.cs</c>, <c>BatchRecompression.cs</c>,
/// <c>BatchReduction.cs</c>, <c>RecordReader.cs</c>, <c>Record.cs</c>, and the real clients' bytes in <c>tests/Model.Tests/Golden</c>. The log stores batches in this
/// layout, so changing it changes the format on disk.
/// </summary>
internal static class BatchLayout
{
    public const int BaseOffset = 0;
    public const int Length = BaseOffset + 8;
    public const int LeaderEpoch = Length + 4;
    public const int Magic = LeaderEpoch + 4;
    public const int Crc = Magic + 1;
    public const int Attributes = Crc + 4;
    public const int LastOffsetDelta = Attributes + 2;
    public const int BaseTimestamp = LastOffsetDelta + 4;
    public const int MaxTimestamp = BaseTimestamp + 8;
    public const int ProducerId = MaxTimestamp + 8;
    public const int ProducerEpoch = ProducerId + 8;
    public const int BaseSequence = ProducerEpoch + 2;
    public const int Count = BaseSequence + 4;
    public const int Records = Count + 4;

    /// <summary>The length field excludes the base offset and itself.</summary>
    public const int LengthCountsFrom = LeaderEpoch;

    public const byte CurrentMagic = 2;

    public const int CodecMask = 0b0000_0111;
    public const int LogAppendTimeBit = 0b0000_1000;
    public const int TransactionalBit = 0b0001_0000;
    public const int ControlBit = 0b0010_0000;
    public const int DeleteHorizonBit = 0b0100_0000;
    public const int UnusedBits = 0xFF80;
}
