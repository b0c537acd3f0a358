using Loire.Model;

namespace Loire.Log.Partitions;

/// <summary>One record batch on its way into a log.</summary>
/// <param name="Bytes">Exactly one whole, validated batch. Stored from this memory, so nobody changes it before its append has ended; its
/// base offset and leader epoch (the first 16 bytes) are replaced by the log's own stamp without touching this memory.</param>
/// <param name="OffsetCount">How many offsets it takes: its last offset delta plus one; at least 1.</param>
/// <param name="MaxTimestamp">The greatest timestamp among its records, for searches by time.</param>
/// <param name="Header">
/// Empty, or a full header that replaces the batch's own from byte 16 on (the broker's time and its CRC); its first 16 bytes do not matter.
/// </param>
public readonly record struct BatchToAppend(
    ReadOnlyMemory<byte> Bytes,
    int OffsetCount,
    Timestamp MaxTimestamp,
    ReadOnlyMemory<byte> Header = default);

/// <summary>Batches that have their offsets and wait for storage.</summary>
/// <param name="BaseOffset">The offset of the first record.</param>
/// <param name="LastOffset">The offset of the last record.</param>
/// <param name="Committed">
/// Ends when their fate is known, in the order of the appends, and never throws. <see cref="ErrorCode.None"/>: durable.
/// <see cref="ErrorCode.NotLeaderOrFollower"/>: another writer owns the log, or this one is closed.
/// <see cref="ErrorCode.KafkaStorageError"/>: storage refused, nothing is stored. <see cref="ErrorCode.RequestTimedOut"/>: unknown at the
/// deadline, they may be stored.
/// </param>
public readonly record struct PendingAppend(Offset BaseOffset, Offset LastOffset, Task<ErrorCode> Committed);

/// <summary>What a read found.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why nothing was read.</param>
/// <param name="Pieces">
/// Memory that forms whole batches when put one after the other; it never changes, nobody owns it. A batch may span pieces.
/// </param>
/// <param name="NextOffset">Where to read on: after the last batch, or the asked offset if there is none.</param>
/// <param name="Bytes">The sum of the lengths of <paramref name="Pieces"/>.</param>
public readonly record struct LogRead(ErrorCode Error, ReadOnlyMemory<byte>[] Pieces, Offset NextOffset, long Bytes);
