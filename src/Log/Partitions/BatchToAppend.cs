using Loire.Model;

namespace Loire.Log.Partitions;

/// <summary>A record batch to append to a log.</summary>
/// <param name="Bytes">Exactly one whole, validated batch. Stored from this memory, which must not change before the append completes. Its
/// base offset and leader epoch (the first 16 bytes) are replaced in storage by the log's own stamp; this memory stays as it is.</param>
/// <param name="OffsetCount">How many offsets it takes: its last offset delta plus one; at least 1.</param>
/// <param name="MaxTimestamp">The greatest timestamp among its records, for searches by time.</param>
/// <param name="Header">
/// Empty, or a full header that replaces the batch's own from byte 16 on (the broker's time and its CRC); its first 16 bytes are ignored.
/// </param>
public readonly record struct BatchToAppend(
    ReadOnlyMemory<byte> Bytes,
    int OffsetCount,
    Timestamp MaxTimestamp,
    ReadOnlyMemory<byte> Header = default);

/// <summary>An append that has offsets and waits for storage.</summary>
/// <param name="BaseOffset">The offset of the first record.</param>
/// <param name="LastOffset">The offset of the last record.</param>
/// <param name="Committed">
/// Completes when the outcome is known, in the order of the appends, and never throws. <see cref="ErrorCode.None"/>: durable.
/// <see cref="ErrorCode.NotLeaderOrFollower"/>: another writer owns the log, or this one is closed.
/// <see cref="ErrorCode.KafkaStorageError"/>: storage refused the write and stored nothing. <see cref="ErrorCode.RequestTimedOut"/>: the
/// outcome is unknown at the deadline, and the batches may be stored.
/// </param>
public readonly record struct PendingAppend(Offset BaseOffset, Offset LastOffset, Task<ErrorCode> Committed);

/// <summary>The result of a read.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why nothing was read.</param>
/// <param name="Pieces">
/// Immutable memory that forms whole batches when concatenated. A batch may span pieces.
/// </param>
/// <param name="NextOffset">
/// Where the next read continues: after the last batch, or after a range without batches; the requested offset if nothing lies there.
/// </param>
/// <param name="Bytes">The sum of the lengths of <paramref name="Pieces"/>.</param>
public readonly record struct LogRead(ErrorCode Error, ReadOnlyMemory<byte>[] Pieces, Offset NextOffset, long Bytes);
