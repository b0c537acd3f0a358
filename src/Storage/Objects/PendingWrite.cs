using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// A queued write. Its task completes when the write is durable or has failed; continuations never run on the writer's thread. The memory
/// of <see cref="Pieces"/> must not change until then.
/// </summary>
internal sealed class PendingWrite(RecordKind kind, byte[] key, IReadOnlyList<ReadOnlyMemory<byte>> pieces, uint length, uint crc)
    : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public RecordKind Kind => kind;

    public byte[] Key => key;

    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces => pieces;

    /// <summary>Bytes of the value.</summary>
    public uint Length => length;

    /// <summary>CRC-32C of the value.</summary>
    public uint Crc => crc;

    /// <summary>Assigned when the write is submitted; a moved put keeps its number.</summary>
    public ulong Sequence { get; set; }

    /// <summary>See <see cref="RecordHead.OldestFile"/>.</summary>
    public int OldestFile { get; set; }

    /// <summary>Whether this repeats a record that exists, on behalf of reclaiming.</summary>
    public bool IsMove { get; init; }

    /// <summary>The location of the record that a moved put repeats.</summary>
    public (int File, long Position) MovedFrom { get; init; }

    /// <summary>Why the write failed; null if it did not. Set before the task completes.</summary>
    public Exception? Error { get; set; }

    /// <summary>Bytes of the record.</summary>
    public long RecordBytes => RecordHead.RecordBytes(key.Length, length);
}
